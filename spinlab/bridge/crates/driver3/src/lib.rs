//! Drives a WASI 0.3 guest: `run` takes a request from the host, hands it to the guest's handler as a resource of the
//! provider, and hands the guest's answer back.
//!
//! The same driver serves `wasi:http/handler@0.3.0-rc-2026-03-15`: its types are those of 0.3.0.
#![deny(unsafe_code)]

mod bindings;

use std::cell::Cell;

use wit_bindgen::spawn_local;

use bindings::spinlab::bridge::ctl3::{self, Foreign};
use bindings::wasi::http0_3_0::handler;

struct Driver;

thread_local! {
    static READING: Cell<bool> = const { Cell::new(false) };
}

impl bindings::Guest for Driver {
    async fn run(head: String, data: String) -> (String, String) {
        let request = ctl3::begin(head, data).await;
        if !READING.replace(true) {
            spawn_local(read_foreign());
        }
        let answer = handler::handle(request).await;
        ctl3::finish(answer).await
    }
}

/// Read futures for the provider, as long as the instance lives.
async fn read_foreign() {
    loop {
        match ctl3::next_foreign().await {
            Foreign::Trailers((number, future)) => {
                spawn_local(async move { ctl3::trailers_read(number, future.await) });
            }
            Foreign::Outcome((number, future)) => {
                spawn_local(async move { ctl3::outcome_read(number, future.await.as_ref().copied()) });
            }
        }
    }
}
