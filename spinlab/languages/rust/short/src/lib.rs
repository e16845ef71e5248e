//! The short form of a function: `fn handle(req: Request)`, and what it may return.
//!
//! ```
//! use short::*;
//!
//! fn handle(req: Request) -> String {
//!     format!("Hello, {}!", req.param("name").unwrap_or("world"))
//! }
//!
//! short::export!(handle);
//! ```
//!
//! A handler returns text, bytes, `(status, body)`, a [`Response`], an `Option` (`None` answers 404) or a `Result`: an
//! error is written to the log and answers 500, or the status of an [`Error`]. What is asked of the host is in [`kv`],
//! [`sqlite`], [`variables`] and [`fetch`]. This crate needs no other one; it speaks WASI 0.2 and Spin's interfaces of
//! version 2.0.0.

mod abi;
mod outside;
mod request;
mod response;

pub use outside::{fetch, kv, sqlite, variables, Fetch, Fetched};
pub use request::{Reader, Request};
pub use response::{IntoResponse, Response, Writer};

use std::fmt;

/// What went wrong, and the status that says so to the client.
#[derive(Debug)]
pub struct Error {
    status: u16,
    message: String,
}

impl Error {
    /// An error that answers `status` with `message`; from 500 on the message goes to the log only.
    pub fn new(status: u16, message: impl fmt::Display) -> Self {
        Self { status, message: message.to_string() }
    }

    /// The status that it answers.
    pub fn status(&self) -> u16 {
        self.status
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// A function that answers requests: it takes the [`Request`], a reference to it, or nothing.
#[diagnostic::on_unimplemented(
    message = "`handle` can't be called with a request",
    label = "it takes `req: Request`",
    note = "write fn handle(req: Request) -> String"
)]
pub trait Handler<Arguments> {
    #[doc(hidden)]
    type Answer;

    #[doc(hidden)]
    fn answer(self, request: Request) -> Self::Answer;
}

impl<F: FnOnce(Request) -> R, R> Handler<(Request,)> for F {
    type Answer = R;

    fn answer(self, request: Request) -> R {
        self(request)
    }
}

impl<F: FnOnce(&Request) -> R, R> Handler<(&Request,)> for F {
    type Answer = R;

    fn answer(self, request: Request) -> R {
        self(&request)
    }
}

impl<F: FnOnce() -> R, R> Handler<()> for F {
    type Answer = R;

    fn answer(self, _request: Request) -> R {
        self()
    }
}

/// Makes a function the handler of this component: `short::export!(handle)`, or `short::export!(async handle)`.
#[macro_export]
macro_rules! export {
    (async $handle:path) => {
        $crate::export!(|request: $crate::Request| $crate::block_on($handle(request)));
    };
    ($handle:expr) => {
        const _: () = {
            #[export_name = "wasi:http/incoming-handler@0.2.0#handle"]
            unsafe extern "C" fn handle_request(request: i32, out: i32) {
                unsafe { $crate::serve(request, out, $handle) }
            }

            #[export_name = "cabi_realloc"]
            unsafe extern "C" fn cabi_realloc(old: *mut u8, was: usize, align: usize, size: usize) -> *mut u8 {
                unsafe { $crate::reallocate(old, was, align, size) }
            }
        };
    };
}

/// Answers one request.
///
/// # Safety
///
/// Both are handles that the host gave to this call.
#[doc(hidden)]
pub unsafe fn serve<Arguments, H: Handler<Arguments>>(request: i32, out: i32, handler: H)
where
    H::Answer: IntoResponse,
{
    abi::keep_world();
    response::send(handler.answer(Request::from_host(request)).into_response(), out);
}

/// Runs a future to its end. What waits in this crate blocks, so none of its futures is ever left unready.
pub fn block_on<F: std::future::Future>(future: F) -> F::Output {
    use std::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};
    const TABLE: RawWakerVTable = RawWakerVTable::new(|_| NOBODY, |_| {}, |_| {}, |_| {});
    const NOBODY: RawWaker = RawWaker::new(std::ptr::null(), &TABLE);
    // Safety: the table's functions do nothing and look at nothing.
    let waker = unsafe { Waker::from_raw(NOBODY) };
    let mut context = Context::from_waker(&waker);
    let mut future = std::pin::pin!(future);
    for _ in 0..1_000_000 {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
    panic!("the handler waits for something that this component has no runtime for");
}

#[doc(hidden)]
pub use abi::reallocate;
#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
pub use abi::WORLD;
