//! `wasi:random`: all three interfaces give the host's random bytes.

use crate::bindings::exports::wasi::random0_3_0::{insecure, insecure_seed, random};
use crate::bindings::spinlab::bridge::host;
use crate::Provider;

/// Callers must take fewer bytes than they asked for.
const MOST: u64 = 1024 * 1024;

fn bytes(count: u64) -> Vec<u8> {
    match u32::try_from(count.min(MOST)) {
        Ok(0) | Err(_) => Vec::new(),
        Ok(count) => flat::data::decode(host::random(count)),
    }
}

fn numbers<const N: usize>() -> [u64; N] {
    let bytes = bytes(8 * N as u64);
    let mut chunks = bytes.chunks_exact(8);
    std::array::from_fn(|_| chunks.next().map_or(0, |eight| eight.iter().fold(0, |n, byte| n << 8 | u64::from(*byte))))
}

fn number() -> u64 {
    let [number] = numbers();
    number
}

impl random::Guest for Provider {
    fn get_random_bytes(max_len: u64) -> Vec<u8> {
        bytes(max_len)
    }

    fn get_random_u64() -> u64 {
        number()
    }
}

impl insecure::Guest for Provider {
    fn get_insecure_random_bytes(max_len: u64) -> Vec<u8> {
        bytes(max_len)
    }

    fn get_insecure_random_u64() -> u64 {
        number()
    }
}

impl insecure_seed::Guest for Provider {
    fn get_insecure_seed() -> (u64, u64) {
        let [first, second] = numbers();
        (first, second)
    }
}
