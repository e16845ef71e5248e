//! WASI 0.2 for a guest, kept in Wasm memory; only real effects cross the flat host interface.
//!
//! One module for each WIT package, `effect` for what crosses, `stop` for the ways a request ends early.
#![deny(unsafe_code)]

mod bindings;
mod cli;
mod clocks;
mod ctl;
mod effect;
mod filesystem;
mod http;
mod io;
mod random;
mod sockets;
mod stop;

/// The type that all of the world's interfaces are implemented on.
struct Provider;
