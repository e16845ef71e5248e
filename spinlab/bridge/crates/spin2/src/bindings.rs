//! What `wit-bindgen` makes of `wit/spin2.wit`.
#![allow(unsafe_code, clippy::all)]

use crate::Provider;

wit_bindgen::generate!({ path: "../../wit", world: "spin2", generate_all });

pub use exports::fermyon::spin as spin2;
pub use exports::spin::postgres3_0_0::postgres as postgres3;
pub use exports::spin::postgres4_0_0::postgres as postgres4;
pub use exports::spin::sqlite3_0_0::sqlite as sqlite3;
pub use exports::wasi::{config, keyvalue};
pub use spinlab::bridge::{host, pause};

export!(Provider);
