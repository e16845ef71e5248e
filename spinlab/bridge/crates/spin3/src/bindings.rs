//! Generated from `wit/`.
#![allow(unsafe_code, clippy::all)]

wit_bindgen::generate!({ path: "../../wit", world: "spinlab:bridge/spin3", generate_all });
export!(Provider with_types_in self);

use crate::Provider;
