//! Asking the host, and keeping hold of what it opened: in tasks, and in the synchronous functions that some
//! interfaces still have.

use std::cell::Cell;

use crate::bindings::spinlab::bridge::{host, pause, tasks};

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

/// An effect that is under way; nobody wants it any more when this is dropped.
struct Pending(u32);

impl Drop for Pending {
    fn drop(&mut self) {
        host::cancel(self.0);
    }
}

fn answer(id: u32, status: u32, head: String, data: String) -> Result<Answer, Failure> {
    if status == FAILED {
        return Err(Failure::new(head, data));
    }
    Ok(Answer { id, head, data: flat::data::decode(data) })
}

/// Ask, and wait for the answer while others go on. `data` is what `flat::pack::encode` makes of an item, or empty.
pub async fn ask(op: &str, args: &str, data: &str) -> Result<Answer, Failure> {
    let (id, mut status, mut head, mut data) = host::start(op, args, data);
    if status == PENDING {
        let pending = Pending(id);
        (status, head, data) = tasks::outcome(id).await;
        std::mem::forget(pending);
    }
    answer(id, status, head, data)
}

/// The same where the interface has no asynchronous function: blocks the whole store.
pub fn ask_blocking(op: &str, args: &str, data: &str) -> Result<Answer, Failure> {
    let (id, mut status, mut head, mut data) = host::start(op, args, data);
    while status == PENDING {
        pause::wait(id);
        (status, head, data) = host::take(id);
    }
    answer(id, status, head, data)
}

/// A name as one line of the arguments.
pub fn line(name: &str) -> String {
    name.replace('\n', " ")
}

/// Ask for a text.
pub async fn text(op: &str, args: &str) -> Result<String, Failure> {
    let not_text = |_| Failure { name: "other".into(), message: "the value is not text".into() };
    ask(op, &line(args), "").await.and_then(|answer| String::from_utf8(answer.data).map_err(not_text))
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
    pub async fn open(op: &'static str, args: &str, data: String) -> Result<Self, Failure> {
        let args = line(args);
        let id = Cell::new(ask(op, &args, &data).await?.id);
        Ok(Self { id, op, args, data })
    }

    /// The same, blocking the store.
    pub fn open_blocking(op: &'static str, args: &str, data: String) -> Result<Self, Failure> {
        let args = line(args);
        let id = Cell::new(ask_blocking(op, &args, &data)?.id);
        Ok(Self { id, op, args, data })
    }

    /// Ask for something of it.
    pub async fn ask(&self, op: &str, data: &str) -> Result<Answer, Failure> {
        let id = self.id.get();
        match ask(op, &id.to_string(), data).await {
            Err(failure) if failure.name == GONE => {
                if self.id.get() == id {
                    let new = ask(self.op, &self.args, &self.data).await?.id;
                    self.replace(id, new);
                }
                ask(op, &self.id.get().to_string(), data).await
            }
            result => result,
        }
    }

    /// The same, blocking the store.
    pub fn ask_blocking(&self, op: &str, data: &str) -> Result<Answer, Failure> {
        match ask_blocking(op, &self.id.get().to_string(), data) {
            Err(failure) if failure.name == GONE => {
                self.id.set(ask_blocking(self.op, &self.args, &self.data)?.id);
                ask_blocking(op, &self.id.get().to_string(), data)
            }
            result => result,
        }
    }

    /// It is `new` from now on, unless somebody else has opened it again meanwhile.
    fn replace(&self, old: u32, new: u32) {
        if self.id.get() == old {
            self.id.set(new);
        } else {
            host::cancel(new);
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
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        if self.id == 0 {
            return Ok(None);
        }
        let answer = ask(self.next, &self.id.to_string(), "").await.map_err(Failure::or_over)?;
        Ok(Some(self.part(answer)))
    }

    /// The same, blocking the store.
    pub fn next_blocking(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        if self.id == 0 {
            return Ok(None);
        }
        let answer = ask_blocking(self.next, &self.id.to_string(), "").map_err(Failure::or_over)?;
        Ok(Some(self.part(answer)))
    }

    fn part(&mut self, answer: Answer) -> Vec<u8> {
        if answer.head != "more" {
            self.close();
        }
        answer.data
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
