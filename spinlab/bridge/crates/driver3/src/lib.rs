//! Drives a WASI 0.3 guest: `run` takes a request from the host, hands it to the guest's handler as a resource of the
//! provider, and hands the guest's answer back.
//!
//! The same driver serves `wasi:http/handler@0.3.0-rc-2026-03-15`: its types are those of 0.3.0.
#![deny(unsafe_code)]

mod bindings;
mod work;

use bindings::spinlab::bridge::ctl3;
use bindings::wasi::http0_3_0::handler;

struct Driver;

impl bindings::Guest for Driver {
    async fn run(head: String, data: String) -> (String, String) {
        let request = ctl3::begin(&head, &data);
        work::beside(async {
            let answer = handler::handle(request).await;
            ctl3::finish(answer).await
        })
        .await
    }
}
