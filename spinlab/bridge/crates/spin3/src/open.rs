//! Asking the host to open something.

use crate::bindings::spinlab::bridge::host;

const PENDING: u32 = 0;
const DONE: u32 = 1;

/// What the host answered instead of opening it.
pub struct Refusal {
    /// The name of the error.
    pub name: String,
    pub message: String,
}

/// Ask for `what` by the effect `op`.
pub fn ask(op: &str, what: &str) -> Result<String, Refusal> {
    // The name is one line of the arguments.
    let (id, mut status, mut head, mut data) = host::start(op, &what.replace('\n', " "), "");
    while status == PENDING {
        if !host::wait(&id.to_string(), u64::MAX) {
            std::process::abort();
        }
        (status, head, data) = host::take(id);
    }
    let message = flat::data::message(data);
    if status == DONE {
        Ok(message)
    } else {
        Err(Refusal { name: head, message })
    }
}

/// Ask for what nobody may open yet.
pub fn refused(op: &str, what: &str) -> Refusal {
    let unknown = || Refusal { name: "other".to_owned(), message: format!("{op} is not available") };
    ask(op, what).err().unwrap_or_else(unknown)
}
