//! `wasi:cli`: the environment, an empty stdin, stdout and stderr to the function's log, no terminal.
//!
//! A command has arguments too, reads the request's body and writes the answer.

pub mod command;
pub mod log;

use crate::bindings::cli::{
    environment, exit, stderr, stdin, stdout, terminal_input, terminal_output, terminal_stderr, terminal_stdin,
    terminal_stdout,
};
use crate::bindings::host;
use crate::bindings::io::streams::{InputStream, OutputStream};
use crate::http::response;
use crate::io::streams::{Input, Output};
use crate::{stop, Provider};

impl environment::Guest for Provider {
    fn get_environment() -> Vec<(String, String)> {
        flat::environment::parse(&host::environment())
    }

    fn get_arguments() -> Vec<String> {
        command::arguments()
    }

    fn initial_cwd() -> Option<String> {
        None
    }
}

/// The response counts when it was complete before the guest left.
fn leave(code: u32) -> ! {
    log::finish();
    command::leave();
    response::send_if_complete();
    host::exit(code);
    stop::now()
}

impl exit::Guest for Provider {
    fn exit(status: Result<(), ()>) {
        leave(u32::from(status.is_err()))
    }

    fn exit_with_code(code: u8) {
        leave(u32::from(code))
    }
}

impl stdin::Guest for Provider {
    fn get_stdin() -> InputStream {
        command::stdin().unwrap_or(Input::Closed).into_handle()
    }
}

impl stdout::Guest for Provider {
    fn get_stdout() -> OutputStream {
        Output::Log(1).into_handle()
    }
}

impl stderr::Guest for Provider {
    fn get_stderr() -> OutputStream {
        Output::Log(2).into_handle()
    }
}

/// There is no terminal.
pub enum Terminal {}

impl terminal_input::GuestTerminalInput for Terminal {}
impl terminal_output::GuestTerminalOutput for Terminal {}

impl terminal_input::Guest for Provider {
    type TerminalInput = Terminal;
}

impl terminal_output::Guest for Provider {
    type TerminalOutput = Terminal;
}

impl terminal_stdin::Guest for Provider {
    fn get_terminal_stdin() -> Option<terminal_input::TerminalInput> {
        None
    }
}

impl terminal_stdout::Guest for Provider {
    fn get_terminal_stdout() -> Option<terminal_output::TerminalOutput> {
        None
    }
}

impl terminal_stderr::Guest for Provider {
    fn get_terminal_stderr() -> Option<terminal_output::TerminalOutput> {
        None
    }
}
