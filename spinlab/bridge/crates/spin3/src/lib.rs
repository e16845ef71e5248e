//! The asynchronous interfaces of Spin, one module for each WIT package, over the flat host interface.
//!
//! Every attempt to open something reaches the host, which refuses it; the guest gets the refusal that Spin would give
//! it in that interface. What nobody can open is a type without values, so its methods need no code.
#![deny(unsafe_code)]

mod bindings;
mod host;
mod key_value;
mod mqtt;
mod mysql;
mod postgres;
mod redis;
mod sqlite;
mod variables;

/// Implements every exported interface.
struct Provider;
