//! Drives a WASI 0.3 guest that takes messages: `run` hands a message to the glue of its trigger, which calls the
//! guest's handler, and does the provider's work meanwhile.
//!
//! For the provider a message is a request whose answer nobody reads.
#![deny(unsafe_code)]

mod bindings;

use std::future::{poll_fn, Future};
use std::pin::{pin, Pin};
use std::task::{Context, Poll};

use bindings::spinlab::bridge::ctl3::{self, Foreign};
use bindings::spinlab::bridge::message;
use bindings::wasi::http0_3_0::types::ErrorCode;

/// The head of the request that a message is.
const HEAD: &str = "POST /\nhttp localhost\nwhole";

struct Driver;

impl bindings::Guest for Driver {
    async fn run(head: String, data: String) -> (String, String) {
        drop(ctl3::begin(HEAD, ""));
        let mut work = Work::new();
        let mut main = pin!(async {
            let answer = message::take(head, data).await;
            ctl3::finish(Err(ErrorCode::HttpResponseIncomplete)).await;
            answer
        });
        let mut result = None;
        poll_fn(|context| {
            if result.is_none() {
                if let Poll::Ready(value) = main.as_mut().poll(context) {
                    result = Some(value);
                }
            }
            match work.poll(context) {
                Poll::Ready(()) => result.take().map_or(Poll::Pending, Poll::Ready),
                Poll::Pending => Poll::Pending,
            }
        })
        .await
    }
}

/// What goes on beside the handler: the provider's work, and the futures that are read for it.
struct Work {
    provider: Option<Pin<Box<dyn Future<Output = Option<Foreign>>>>>,
    readings: Vec<Pin<Box<dyn Future<Output = ()>>>>,
}

impl Work {
    fn new() -> Self {
        Self { provider: Some(Box::pin(ctl3::work())), readings: Vec::new() }
    }

    /// Ready when the provider has no more to do for this message.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while let Some(provider) = &mut self.provider {
            match provider.as_mut().poll(context) {
                Poll::Ready(Some(foreign)) => {
                    self.readings.push(Box::pin(read(foreign)));
                    self.provider = Some(Box::pin(ctl3::work()));
                }
                Poll::Ready(None) => self.provider = None,
                Poll::Pending => break,
            }
        }
        self.readings.retain_mut(|reading| reading.as_mut().poll(context).is_pending());
        if self.provider.is_none() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

/// Read a future for the provider.
async fn read(foreign: Foreign) {
    match foreign {
        Foreign::Trailers((number, future)) => {
            let value = future.await;
            ctl3::trailers_read(number, value);
        }
        Foreign::Outcome((number, future)) => {
            let value = future.await;
            ctl3::outcome_read(number, value.as_ref().copied());
        }
    }
}
