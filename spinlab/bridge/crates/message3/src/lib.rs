//! Drives a WASI 0.3 guest that takes messages: `run` hands a message to the glue of its trigger, which calls the
//! guest's handler, and does the provider's work meanwhile.
//!
//! For the provider a message is a request whose answer nobody reads.
#![deny(unsafe_code)]

mod bindings;
#[path = "../../driver3/src/work.rs"]
mod work;

use bindings::spinlab::bridge::ctl3;
use bindings::spinlab::bridge::message;
use bindings::wasi::http0_3_0::types::ErrorCode;

/// The head of the request that a message is.
const HEAD: &str = "POST /\nhttp localhost\nwhole";

struct Driver;

impl bindings::Guest for Driver {
    async fn run(head: String, data: String) -> (String, String) {
        drop(ctl3::begin(HEAD, ""));
        work::beside(async {
            let answer = message::take(head, data).await;
            ctl3::finish(Err(ErrorCode::HttpResponseIncomplete)).await;
            answer
        })
        .await
    }
}
