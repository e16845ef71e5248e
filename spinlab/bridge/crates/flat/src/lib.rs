//! How values cross the flat host interface. Plain Rust without bindings, so that it is tested on any machine.
//!
//! Only strings and integers cross: lists of bytes cost 140 ns a byte on the host's side, strings next to nothing.
#![forbid(unsafe_code)]

pub mod base64;
pub mod data;
pub mod environment;
pub mod fields;
pub mod files;
pub mod head;
pub mod latin;
pub mod lines;
pub mod pack;
pub mod rdbms;
pub mod socket;
