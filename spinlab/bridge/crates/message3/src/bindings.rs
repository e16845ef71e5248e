//! Generated from `wit/`.
#![allow(unsafe_code, clippy::all)]

wit_bindgen::generate!({ path: "../../wit", world: "spinlab:bridge/message3", generate_all });
export!(Driver with_types_in self);

use crate::Driver;
