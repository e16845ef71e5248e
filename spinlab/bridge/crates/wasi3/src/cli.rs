//! `wasi:cli`: environment, the log behind stdout and stderr, a closed stdin, no terminals, exit.

use std::cell::RefCell;

use flat::lines::Lines;
use wit_bindgen::{FutureReader, StreamReader};

use crate::bindings::exports::wasi::cli0_3_0 as cli;
use crate::bindings::spinlab::bridge::host;
use crate::bindings::{wit_future, wit_stream};
use crate::effects::later;
use crate::streams::{Pieces, Promise};
use crate::Provider;

use cli::types::ErrorCode;

type Finished = FutureReader<Result<(), ErrorCode>>;

#[derive(Clone, Copy)]
enum Output {
    Stdout,
    Stderr,
}

thread_local! {
    static LINES: RefCell<[Lines; 2]> = const { RefCell::new([Lines::new(), Lines::new()]) };
}

fn log(output: Output, text: Option<String>) {
    if let Some(text) = text {
        if !host::log(output as u32 + 1, &text) {
            std::process::abort();
        }
    }
}

/// Write out lines that have no end yet.
pub fn flush() {
    for output in [Output::Stdout, Output::Stderr] {
        log(output, LINES.with_borrow_mut(|lines| lines[output as usize].finish()));
    }
}

fn log_stream(output: Output, data: StreamReader<u8>) -> Finished {
    let (writer, reader) = wit_future::new(|| Ok(()));
    let finished = Promise::new(writer, || Ok(()));
    later(async move {
        let mut pieces = Pieces::new(data);
        while let Some(piece) = pieces.next().await {
            log(output, LINES.with_borrow_mut(|lines| lines[output as usize].push(&piece)));
        }
        finished.keep(Ok(()));
    });
    reader
}

impl cli::environment::Guest for Provider {
    fn get_environment() -> Vec<(String, String)> {
        flat::environment::parse(&host::environment())
    }

    fn get_arguments() -> Vec<String> {
        Vec::new()
    }

    fn get_initial_cwd() -> Option<String> {
        None
    }
}

impl cli::exit::Guest for Provider {
    fn exit(status: Result<(), ()>) {
        leave(u32::from(status.is_err()));
    }

    fn exit_with_code(code: u8) {
        leave(u32::from(code));
    }
}

fn leave(code: u32) -> ! {
    flush();
    host::exit(code);
    std::process::abort();
}

impl cli::stdin::Guest for Provider {
    fn read_via_stream() -> (StreamReader<u8>, Finished) {
        let (writer, reader) = wit_future::new(|| Ok(()));
        Promise::new(writer, || Ok(())).keep(Ok(()));
        (wit_stream::new().1, reader)
    }
}

impl cli::stdout::Guest for Provider {
    fn write_via_stream(data: StreamReader<u8>) -> Finished {
        log_stream(Output::Stdout, data)
    }
}

impl cli::stderr::Guest for Provider {
    fn write_via_stream(data: StreamReader<u8>) -> Finished {
        log_stream(Output::Stderr, data)
    }
}

/// There are no terminals, so nobody ever holds one.
pub enum NoTerminal {}

impl cli::terminal_input::GuestTerminalInput for NoTerminal {}

impl cli::terminal_output::GuestTerminalOutput for NoTerminal {}

impl cli::terminal_input::Guest for Provider {
    type TerminalInput = NoTerminal;
}

impl cli::terminal_output::Guest for Provider {
    type TerminalOutput = NoTerminal;
}

impl cli::terminal_stdin::Guest for Provider {
    fn get_terminal_stdin() -> Option<cli::terminal_input::TerminalInput> {
        None
    }
}

impl cli::terminal_stdout::Guest for Provider {
    fn get_terminal_stdout() -> Option<cli::terminal_output::TerminalOutput> {
        None
    }
}

impl cli::terminal_stderr::Guest for Provider {
    fn get_terminal_stderr() -> Option<cli::terminal_output::TerminalOutput> {
        None
    }
}
