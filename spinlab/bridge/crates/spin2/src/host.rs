//! Asking the host, and keeping hold of what it opened.

use crate::bindings::{host, pause};
use std::cell::Cell;

const PENDING: u32 = 0;
const FAILED: u32 = 3;

/// The host's word for a handle that an earlier request of this instance opened.
const GONE: &str = "gone";

/// What the host answered.
pub struct Answer {
    /// Names what was opened, or the rest of an answer whose head is `more`; else 0.
    pub id: u32,
    pub head: String,
    pub data: Vec<u8>,
}

/// Why there is nothing: a case of the interface's own error where it has one, and a text.
#[derive(Debug)]
pub struct Failure {
    pub name: String,
    pub message: String,
}

impl Failure {
    fn new(name: String, data: String) -> Self {
        let message = flat::data::message(data);
        Self { message: if message.is_empty() { name.clone() } else { message }, name }
    }

    /// A later request can't go on reading what an earlier one asked for.
    fn or_over(mut self) -> Self {
        if self.name == GONE {
            self.message = "the request that asked for this is over".into();
        }
        self
    }

    /// The answer is none that this operation has.
    pub fn unreadable() -> Self {
        Self { name: "other".into(), message: "the host's answer can't be read".into() }
    }
}

/// Ask, and wait for the answer. `data` is what `flat::pack::encode` makes of an item, or empty.
pub fn ask(op: &str, args: &str, data: &str) -> Result<Answer, Failure> {
    let (id, mut status, mut head, mut answer) = host::start(op, args, data);
    while status == PENDING {
        pause::wait(id);
        (status, head, answer) = host::take(id);
    }
    if status == FAILED {
        return Err(Failure::new(head, answer));
    }
    Ok(Answer { id, head, data: flat::data::decode(answer) })
}

/// Ask where the name is one line of the arguments.
pub fn ask_of(op: &str, name: &str, data: &str) -> Result<Answer, Failure> {
    if name.contains('\n') {
        return ask(op, &name.replace('\n', " "), data);
    }
    ask(op, name, data)
}

/// Ask for a text.
pub fn text(op: &str, args: &str) -> Result<String, Failure> {
    let not_text = |_| Failure { name: "other".into(), message: "the value is not text".into() };
    ask_of(op, args, "").and_then(|answer| String::from_utf8(answer.data).map_err(not_text))
}

/// Something open at the host. A guest may keep it longer than the request that opened it; the host does not, so it
/// is opened again the same way when it is gone.
pub struct Handle {
    id: Cell<u32>,
    op: &'static str,
    args: String,
    data: String,
}

impl Handle {
    /// Open it by `op`. `args` is one line, such as a label or an address; `data` as for `ask`.
    pub fn open(op: &'static str, args: &str, data: String) -> Result<Self, Failure> {
        let handle = Self { id: Cell::new(0), op, args: args.replace('\n', " "), data };
        handle.reopen()?;
        Ok(handle)
    }

    fn reopen(&self) -> Result<(), Failure> {
        self.id.set(ask(self.op, &self.args, &self.data)?.id);
        Ok(())
    }

    /// Ask for something of it.
    pub fn ask(&self, op: &str, data: &str) -> Result<Answer, Failure> {
        match ask(op, &self.id.get().to_string(), data) {
            Err(failure) if failure.name == GONE => {
                self.reopen()?;
                ask(op, &self.id.get().to_string(), data)
            }
            result => result,
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        host::cancel(self.id.get());
    }
}

/// An answer in several parts: the first one, and what `next` gives until it says that it was the last.
pub struct Parts {
    /// What the rest is called; 0 when there is none.
    id: u32,
    next: &'static str,
}

impl Parts {
    /// The parts after `first`.
    pub fn after(first: &Answer, next: &'static str) -> Self {
        Self { id: if first.head == "more" { first.id } else { 0 }, next }
    }

    /// The next part; None after the last.
    pub fn next(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        if self.id == 0 {
            return Ok(None);
        }
        let answer = ask(self.next, &self.id.to_string(), "").map_err(Failure::or_over)?;
        if answer.head != "more" {
            self.close();
        }
        Ok(Some(answer.data))
    }

    fn close(&mut self) {
        if self.id != 0 {
            host::cancel(std::mem::take(&mut self.id));
        }
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        self.close();
    }
}
