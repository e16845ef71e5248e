//! What `wit-bindgen` makes of `wit/wasi2.wit`, under names without versions.
#![allow(unsafe_code, clippy::all)]

use crate::Provider;

wit_bindgen::generate!({ path: "../../wit", world: "wasi2", generate_all });

pub use exports::spinlab::bridge::{ctl, pause};
pub use exports::wasi::{
    cli0_2_12 as cli, clocks0_2_12 as clocks, filesystem0_2_12 as filesystem, http0_2_12 as http, io,
    random0_2_12 as random, sockets0_2_12 as sockets,
};
pub use spinlab::bridge::host;

export!(Provider);
