//! The asynchronous interfaces of Spin, one module for each WIT package, over the flat host interface.
//!
//! What is granted is the host's business alone: every attempt reaches it, and its refusal becomes the interface's own
//! error.
#![deny(unsafe_code)]

mod bindings;
mod host;
mod key_value;
mod mqtt;
mod mysql;
mod postgres;
mod redis;
mod rows;
mod sqlite;
mod variables;

/// Implements every exported interface.
struct Provider;
