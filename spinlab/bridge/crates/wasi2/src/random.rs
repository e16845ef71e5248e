//! `wasi:random`: all of it from the host, so that a recorded request can be replayed.

use crate::bindings::host;
use crate::bindings::random::{insecure, insecure_seed, random};
use crate::Provider;

/// What one call of the host gives at most.
const AT_ONCE: u64 = 1 << 16;

fn bytes(len: u64) -> Vec<u8> {
    let mut found = Vec::new();
    while (found.len() as u64) < len {
        let more = flat::data::decode(host::random((len - found.len() as u64).min(AT_ONCE) as u32));
        found.extend(more);
    }
    found
}

fn number() -> u64 {
    bytes(8).iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

impl random::Guest for Provider {
    fn get_random_bytes(len: u64) -> Vec<u8> {
        bytes(len)
    }

    fn get_random_u64() -> u64 {
        number()
    }
}

impl insecure::Guest for Provider {
    fn get_insecure_random_bytes(len: u64) -> Vec<u8> {
        bytes(len)
    }

    fn get_insecure_random_u64() -> u64 {
        number()
    }
}

impl insecure_seed::Guest for Provider {
    fn insecure_seed() -> (u64, u64) {
        (number(), number())
    }
}
