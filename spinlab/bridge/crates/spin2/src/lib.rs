//! Spin's own interfaces for guests of WASI 0.2. Every attempt reaches the host and is answered in the interface's own
//! errors; nobody gets a store or connection, so those resources are types without values.
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
mod variables;

/// The type that all of the world's interfaces are implemented on.
struct Provider;

/// A resource that nobody can get.
enum Nobody {}

/// Methods of a type that has no values.
macro_rules! never {
    ($($name:ident($($argument:ty),*) -> $result:ty;)*) => {
        $(fn $name(&self $(, _: $argument)*) -> $result { match *self {} })*
    };
}
use never;
