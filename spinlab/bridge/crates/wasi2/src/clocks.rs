//! `wasi:clocks`: the host's clocks; timers are pollables.

use crate::bindings::clocks::{monotonic_clock, wall_clock};
use crate::bindings::host;
use crate::bindings::io::poll::Pollable;
use crate::io::poll::Poll;
use crate::Provider;

const SECOND: u64 = 1_000_000_000;

impl monotonic_clock::Guest for Provider {
    fn now() -> u64 {
        host::mono()
    }

    fn resolution() -> u64 {
        1
    }

    fn subscribe_instant(when: u64) -> Pollable {
        Pollable::new(Poll::At(when))
    }

    fn subscribe_duration(duration: u64) -> Pollable {
        match duration {
            0 => Poll::ready(),
            _ => Pollable::new(Poll::At(host::mono().saturating_add(duration))),
        }
    }
}

impl wall_clock::Guest for Provider {
    fn now() -> wall_clock::Datetime {
        let now = host::wall();
        wall_clock::Datetime { seconds: now / SECOND, nanoseconds: (now % SECOND) as u32 }
    }

    fn resolution() -> wall_clock::Datetime {
        wall_clock::Datetime { seconds: 0, nanoseconds: 1 }
    }
}
