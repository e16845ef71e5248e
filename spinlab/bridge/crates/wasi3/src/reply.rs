//! The response on its way to the host.
//!
//! A small response that is complete before anything blocks goes out as the result of `run`, without one effect. All
//! others are streamed: what is there goes out before the store blocks, when 64 KiB wait, and when a guest that never
//! blocks writes on for some time.

use std::future::Future;
use std::pin::{pin, Pin};
use std::rc::Rc;

use flat::fields::Fields as Pairs;

use crate::bindings::exports::wasi::http0_3_0::types::ErrorCode;
use crate::bindings::spinlab::bridge::host;
use crate::effects::{perform, settled, Watch, DONE, END};
use crate::http::{Body, Part};

/// Goes out at once.
const FULL: usize = 64 * 1024;
/// A guest that computes between two pieces, in nanoseconds.
const STALE: u64 = 5_000_000;

/// How a response ended.
pub enum End {
    /// Nothing went out: head and body for the host.
    Whole(String, Vec<u8>),
    /// All went out.
    Streamed,
    /// The guest's body broke off.
    Failed(ErrorCode),
    /// The client has gone.
    Unwanted,
}

pub struct Reply {
    head: String,
    held: Vec<u8>,
    /// How many pieces are in `held`.
    pieces: u32,
    begun: bool,
    wanted: bool,
    /// When the clock was first asked about what is held.
    since: Option<u64>,
}

impl Reply {
    pub fn new(head: String) -> Self {
        Self { head, held: Vec::new(), pieces: 0, begun: false, wanted: true, since: None }
    }

    /// Take `body` in and let out what has to go out.
    pub async fn relay(mut self, body: &mut Body) -> End {
        loop {
            let part = {
                let mut next = pin!(body.next());
                self.until(next.as_mut()).await
            };
            match part {
                Part::Data(data) => self.take_in(data).await,
                Part::End(trailers) => return self.end(trailers).await,
                Part::Failed(code) => return End::Failed(code),
            }
            if !self.wanted {
                return End::Unwanted;
            }
        }
    }

    /// The body is complete. Alone it may go back as it is; with trailers, or when the guest works on, it goes out.
    async fn end(mut self, trailers: Option<Rc<Pairs>>) -> End {
        if !self.begun && trailers.is_none() {
            let alone = self.until(pin!(settled())).await;
            if alone && !self.begun {
                return End::Whole(self.head, self.held);
            }
        }
        self.flush().await;
        let mut lines = String::new();
        if let Some(trailers) = trailers {
            flat::fields::print(trailers.iter(), &mut lines);
        }
        perform("response-end", &lines, "").await;
        End::Streamed
    }

    /// Wait for `future`; whenever the store would block meanwhile, what is held goes out first.
    async fn until<T>(&mut self, mut future: Pin<&mut impl Future<Output = T>>) -> T {
        if self.begun && self.held.is_empty() {
            return future.await;
        }
        let watch = Watch::blocking();
        loop {
            match watch.or_rest(future.as_mut()).await {
                Some(value) => return value,
                None => self.flush().await,
            }
        }
    }

    async fn take_in(&mut self, data: Vec<u8>) {
        if self.held.is_empty() {
            self.held = data;
        } else {
            self.held.extend_from_slice(&data);
        }
        self.pieces += 1;
        if self.held.len() >= FULL || self.is_stale() {
            self.flush().await;
        }
    }

    /// Has the guest written on for some time? Asking the clock is a call to the host, so only now and then.
    fn is_stale(&mut self) -> bool {
        let asks = match self.pieces {
            1 => self.begun,
            3 => true,
            count => count.is_power_of_two(),
        };
        if !asks {
            return false;
        }
        let now = host::mono();
        now - *self.since.get_or_insert(now) > STALE
    }

    async fn flush(&mut self) {
        if !self.begun {
            self.begun = true;
            self.wanted &= perform("response", &self.head, "").await.status == DONE;
        }
        if !self.held.is_empty() {
            let data = flat::data::encode(&self.held);
            self.held = Vec::new();
            self.wanted &= matches!(perform("response-body", "", &data).await.status, DONE | END);
        }
        self.pieces = 0;
        self.since = None;
    }
}
