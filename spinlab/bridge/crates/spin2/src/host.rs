//! Asking the host.

use crate::bindings::host;

/// No limit for `wait`.
const NEVER: u64 = u64::MAX;

const PENDING: u32 = 0;
const FAILED: u32 = 3;

/// Why there is nothing: a case of the interface's own error where it has one, and a text.
pub struct Failure {
    pub name: String,
    pub message: String,
}

/// Ask, and wait for the answer: its data.
pub fn ask(op: &str, args: &str) -> Result<Vec<u8>, Failure> {
    let (id, mut status, mut name, mut data) = host::start(op, args, "");
    while status == PENDING {
        if !host::wait(&id.to_string(), NEVER) {
            std::process::abort();
        }
        (status, name, data) = host::take(id);
    }
    if status != FAILED {
        return Ok(flat::data::decode(data));
    }
    let message = flat::data::message(data);
    Err(Failure { message: if message.is_empty() { name.clone() } else { message }, name })
}

/// Ask for a resource, where only the refusal is of use.
pub fn refused(op: &str, args: &str) -> Failure {
    let unknown = |_| Failure { name: "other".into(), message: format!("{op} is not available") };
    ask(op, args).map_or_else(|failure| failure, unknown)
}

/// Ask for a text.
pub fn text(op: &str, args: &str) -> Result<String, Failure> {
    let not_text = |_| Failure { name: "other".into(), message: "the value is not text".into() };
    ask(op, args).and_then(|bytes| String::from_utf8(bytes).map_err(not_text))
}
