//! How a request ends before the guest's handler returns.

use crate::bindings::host;

/// The host said that the request is over (deadline, limit, client gone), or the guest has exited.
pub fn now() -> ! {
    std::process::abort()
}

/// End the guest as wasmtime's own WASI does where the guest broke a rule; the log says which.
pub fn trap(rule: &str) -> ! {
    host::log(2, &format!("wasi: {rule}\n"));
    now()
}
