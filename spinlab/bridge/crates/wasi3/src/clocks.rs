//! `wasi:clocks`: the host's clocks; waiting is a timer among the effects.

use wit_bindgen::yield_async;

use crate::bindings::exports::wasi::clocks0_3_0::{monotonic_clock, system_clock};
use crate::bindings::spinlab::bridge::host;
use crate::effects;
use crate::Provider;

const SECOND: u64 = 1_000_000_000;

impl monotonic_clock::Guest for Provider {
    fn now() -> u64 {
        host::mono()
    }

    fn get_resolution() -> u64 {
        1
    }

    async fn wait_until(when: u64) {
        effects::sleep_until(when).await;
    }

    async fn wait_for(how_long: u64) {
        if how_long == 0 {
            yield_async().await;
        } else {
            effects::sleep_until(host::mono().saturating_add(how_long)).await;
        }
    }
}

impl system_clock::Guest for Provider {
    fn now() -> system_clock::Instant {
        let now = host::wall();
        system_clock::Instant {
            seconds: i64::try_from(now / SECOND).unwrap_or(i64::MAX),
            nanoseconds: u32::try_from(now % SECOND).unwrap_or_default(),
        }
    }

    fn get_resolution() -> u64 {
        1
    }
}
