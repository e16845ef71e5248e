//! Spin's own interfaces for guests of WASI 0.2, one module for each over the flat host interface.
//!
//! What is granted is the host's business alone: every attempt reaches it, and its refusal becomes the interface's own
//! error.
#![deny(unsafe_code)]

mod bindings;
mod config;
mod host;
mod key_value;
mod keyvalue;
mod llm;
mod mqtt;
mod mysql;
mod postgres;
mod rdbms;
mod redis;
mod sqlite;
mod stores;
mod variables;

/// The type that all of the world's interfaces are implemented on.
struct Provider;
