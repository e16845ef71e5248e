//! What `wit-bindgen` makes of `wit/static.wit`, under names without versions.
#![allow(unsafe_code, clippy::all)]

use crate::Server;

wit_bindgen::generate!({ path: "../../wit", world: "static-files", generate_all });

pub use exports::wasi::http0_2_12::incoming_handler::Guest;
pub use wasi::{cli0_2_12 as cli, filesystem0_2_12 as filesystem, http0_2_12 as http, io};

export!(Server);
