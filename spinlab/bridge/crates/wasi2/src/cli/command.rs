//! A command in place of a handler: the request's body is its stdin, its stdout is the answer.

use crate::effect::Effect;
use crate::http::body::{BodyStream, From, Incoming};
use crate::io::streams::Input;
use crate::stop;
use std::cell::RefCell;
use std::rc::Rc;

/// Bytes of the answer that are kept here at most; an answer below that is handed over when the command returns.
const HELD: usize = 64 * 1024;

struct Command {
    arguments: Vec<String>,
    stdin: Rc<Incoming>,
    held: Vec<u8>,
}

thread_local! {
    static COMMAND: RefCell<Option<Command>> = const { RefCell::new(None) };
}

/// A request comes in.
pub fn begin(head: &str, data: Vec<u8>) {
    let mut parts = head.split('\0');
    let from = if parts.next() == Some("more") { From::Request } else { From::Here };
    let arguments = parts.map(str::to_owned).collect();
    COMMAND.set(Some(Command { arguments, stdin: Incoming::new(from, data), held: Vec::new() }));
}

pub fn arguments() -> Vec<String> {
    COMMAND.with_borrow(|command| command.as_ref().map(|command| command.arguments.clone())).unwrap_or_default()
}

/// What a command reads; every handle goes on where the last one stopped.
pub fn stdin() -> Option<Input> {
    COMMAND.with_borrow(|command| command.as_ref().map(|command| Input::Body(BodyStream::alone(command.stdin.clone()))))
}

/// Take what was written to stdout for the answer; false when there is no command.
pub fn answers(bytes: &[u8]) -> bool {
    let full = COMMAND.with_borrow_mut(|command| {
        let held = &mut command.as_mut()?.held;
        held.extend_from_slice(bytes);
        Some(if held.len() < HELD { Vec::new() } else { std::mem::take(held) })
    });
    if let Some(piece) = &full {
        send(piece);
    }
    full.is_some()
}

fn send(piece: &[u8]) {
    if !piece.is_empty() && Effect::start("stdout", "", piece).has_failed() {
        stop::now();
    }
}

/// The command has returned: what is left of its answer.
pub fn finish() -> Vec<u8> {
    COMMAND.take().map(|command| command.held).unwrap_or_default()
}

/// The command exits: nothing is left here.
pub fn leave() {
    send(&finish());
}
