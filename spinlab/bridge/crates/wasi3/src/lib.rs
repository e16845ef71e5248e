//! WASI 0.3 inside Wasm: one module for each WIT package, over the flat host interface.
//!
//! Streams, futures, headers and bodies live in this memory. Only effects reach the host: `effects` starts them, knows
//! who waits for which, and blocks in the host when nothing else in the store can go on.
#![deny(unsafe_code)]

mod bindings;
mod cli;
mod clocks;
mod control;
mod effects;
mod filesystem;
mod http;
mod jobs;
mod places;
mod random;
mod reply;
mod sockets;
mod streams;

/// Implements every exported interface.
struct Provider;
