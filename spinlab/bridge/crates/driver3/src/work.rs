//! The work of the provider beside a guest's handler: the same file in both drivers, each with its own bindings.

use std::future::{poll_fn, Future};
use std::pin::{pin, Pin};
use std::task::{Context, Poll};

use crate::bindings::spinlab::bridge::ctl3::{self, Foreign};

/// What `main` answers, when the provider has no more to do for it either.
pub async fn beside<T>(main: impl Future<Output = T>) -> T {
    let mut work = Work::new();
    let mut main = pin!(main);
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

/// What goes on beside the handler: the provider's work, and the futures that are read for it.
struct Work {
    provider: Option<Pin<Box<dyn Future<Output = Option<Foreign>>>>>,
    readings: Vec<Pin<Box<dyn Future<Output = ()>>>>,
}

impl Work {
    fn new() -> Self {
        Self { provider: Some(Box::pin(ctl3::work())), readings: Vec::new() }
    }

    /// Ready when the provider has no more to do.
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
