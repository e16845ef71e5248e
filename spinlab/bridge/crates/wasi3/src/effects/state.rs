//! Who waits for the host, and who wants to know when nothing else goes on.

use std::cell::RefCell;
use std::future::{poll_fn, Future};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::Answer;
use crate::bindings::spinlab::bridge::host;
use crate::places::Places;

pub enum What {
    Effect(u32),
    Timer(u64),
}

pub struct Waiting {
    pub what: What,
    pub waker: Option<Waker>,
    pub answer: Option<Answer>,
}

/// Somebody who wants to know when the store has come to rest.
pub struct Watcher {
    /// Even when nobody waits for the host, so that nothing at all goes on.
    pub quiet: bool,
    /// Not again before the next wait in the host.
    pub told: bool,
    pub news: bool,
    pub waker: Option<Waker>,
}

pub struct State {
    pub waiting: Places<Waiting>,
    /// Counts every change, so that the pump sees whether something happened while it gave way.
    pub changes: u32,
    pub ended: bool,
    /// The pump, while it has nothing to do.
    pub pump: Option<Waker>,
    /// Who waits for the end of everything.
    pub drain: Option<Waker>,
    pub watchers: Places<Watcher>,
}

thread_local! {
    pub static STATE: RefCell<State> = const { RefCell::new(State {
        waiting: Places::new(),
        changes: 0,
        ended: false,
        pump: None,
        drain: None,
        watchers: Places::new(),
    }) };
}

/// Change the state, and wake whom it may concern.
pub fn change<T>(by: impl FnOnce(&mut State) -> T) -> T {
    let (value, pump, drain) = STATE.with_borrow_mut(|state| {
        let value = by(state);
        state.changes = state.changes.wrapping_add(1);
        (value, state.pump.take(), state.drain.take())
    });
    for waker in [pump, drain].into_iter().flatten() {
        waker.wake();
    }
    value
}

/// Somebody's place among those who wait. Dropped before its end, the effect is cancelled.
pub struct Ticket {
    key: u32,
}

impl Ticket {
    pub fn new(what: What) -> Self {
        Self { key: change(|state| state.waiting.add(Waiting { what, waker: None, answer: None })) }
    }
}

impl Future for Ticket {
    type Output = Answer;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Answer> {
        STATE.with_borrow_mut(|state| {
            let Some(waiting) = state.waiting.get_mut(self.key) else { return Poll::Pending };
            match waiting.answer.take() {
                Some(answer) => {
                    state.waiting.remove(self.key);
                    Poll::Ready(answer)
                }
                None => {
                    waiting.waker = Some(context.waker().clone());
                    Poll::Pending
                }
            }
        })
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let left = change(|state| state.waiting.remove(self.key));
        if let Some(Waiting { what: What::Effect(id), answer: None, .. }) = left {
            host::cancel(id);
        }
    }
}

/// Somebody's place among those who watch.
pub struct Watch {
    key: u32,
}

impl Watch {
    /// Watch for the moment before the pump blocks.
    pub fn blocking() -> Self {
        Self::new(false)
    }

    fn new(quiet: bool) -> Self {
        let watcher = Watcher { quiet, told: false, news: false, waker: None };
        Self { key: change(|state| state.watchers.add(watcher)) }
    }

    /// Wait for `future`; `None` when the store comes to rest first. Then call it again to wait on.
    pub async fn or_rest<T>(&self, mut future: Pin<&mut (impl Future<Output = T> + ?Sized)>) -> Option<T> {
        poll_fn(|context| match future.as_mut().poll(context) {
            Poll::Ready(value) => Poll::Ready(Some(value)),
            Poll::Pending if self.has_news(context) => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        })
        .await
    }

    fn has_news(&self, context: &Context<'_>) -> bool {
        STATE.with_borrow_mut(|state| {
            let Some(watcher) = state.watchers.get_mut(self.key) else { return false };
            watcher.waker = Some(context.waker().clone());
            std::mem::take(&mut watcher.news)
        })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        STATE.with_borrow_mut(|state| state.watchers.remove(self.key));
    }
}

/// Wait for `future` as long as anything in the store goes on; `None` when the host would have to act first.
pub async fn soon<T>(future: Pin<&mut (impl Future<Output = T> + ?Sized)>) -> Option<T> {
    Watch::new(true).or_rest(future).await
}
