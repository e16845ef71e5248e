//! stdout and stderr become lines of the function's log; a command's stdout is its answer.

use crate::bindings::host;
use crate::cli::command;
use crate::stop;
use flat::lines::Lines;
use std::cell::RefCell;

thread_local! {
    static UNFINISHED: RefCell<[Lines; 2]> = const { RefCell::new([Lines::new(), Lines::new()]) };
}

fn send(stream: u32, text: Option<String>) {
    if text.is_some_and(|text| !host::log(stream, &text)) {
        stop::now();
    }
}

/// Bytes for stdout (1) or stderr (2).
pub fn write(stream: u32, bytes: &[u8]) {
    if stream == 1 && command::answers(bytes) {
        return;
    }
    let text = UNFINISHED.with_borrow_mut(|lines| lines[stream as usize - 1].push(bytes));
    send(stream, text);
}

/// The last fragments.
pub fn finish() {
    for stream in [1, 2] {
        let text = UNFINISHED.with_borrow_mut(|lines| lines[stream as usize - 1].finish());
        send(stream, text);
    }
}
