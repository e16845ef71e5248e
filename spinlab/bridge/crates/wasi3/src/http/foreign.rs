//! Futures that come back.
//!
//! A guest may hand on a future that it got here, such as the trailers of the request as those of its response. Then
//! both its ends are in this component, and the runtime refuses that for payloads like these. A future's origin can't
//! be seen; but as long as none of ours is open none can come back, and else the driver reads it for us.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::{poll_fn, Future};
use std::task::{Poll, Waker};

use wit_bindgen::{FutureReader, FutureWriter};

use super::body::{Outcome, TrailersReader, TrailersResult};
use crate::bindings::exports::spinlab::bridge::ctl3::Foreign;
use crate::effects;
use crate::places::Places;
use crate::streams::Promise;

struct State {
    open_trailers: usize,
    open_outcomes: usize,
    /// For the driver.
    waiting: VecDeque<Foreign>,
    /// From the driver.
    trailers: Places<Slot<TrailersResult>>,
    outcomes: Places<Slot<Outcome>>,
}

struct Slot<T> {
    value: Option<T>,
    waker: Option<Waker>,
}

thread_local! {
    static STATE: RefCell<State> = const { RefCell::new(State {
        open_trailers: 0,
        open_outcomes: 0,
        waiting: VecDeque::new(),
        trailers: Places::new(),
        outcomes: Places::new(),
    }) };
}

fn with<T>(by: impl FnOnce(&mut State) -> T) -> T {
    STATE.with_borrow_mut(by)
}

pub fn trailers_promise(writer: FutureWriter<TrailersResult>) -> Promise<TrailersResult> {
    with(|state| state.open_trailers += 1);
    Promise::counted(writer, || Ok(None), || with(|state| state.open_trailers -= 1))
}

pub fn outcome_promise(writer: FutureWriter<Outcome>) -> Promise<Outcome> {
    with(|state| state.open_outcomes += 1);
    Promise::counted(writer, || Ok(()), || with(|state| state.open_outcomes -= 1))
}

pub async fn read_trailers(future: TrailersReader) -> TrailersResult {
    if with(|state| state.open_trailers) == 0 {
        return future.await;
    }
    let number = ask(|number| Foreign::Trailers((number, future)), |state| &mut state.trailers);
    until_read(number, |state| &mut state.trailers).await
}

pub async fn read_outcome(future: FutureReader<Outcome>) -> Outcome {
    if with(|state| state.open_outcomes) == 0 {
        return future.await;
    }
    let number = ask(|number| Foreign::Outcome((number, future)), |state| &mut state.outcomes);
    until_read(number, |state| &mut state.outcomes).await
}

type Slots<T> = fn(&mut State) -> &mut Places<Slot<T>>;

fn ask<T>(foreign: impl FnOnce(u32) -> Foreign, slots: Slots<T>) -> u32 {
    let number = with(|state| {
        let number = slots(state).add(Slot { value: None, waker: None });
        state.waiting.push_back(foreign(number));
        number
    });
    effects::wake_pump();
    number
}

fn until_read<T>(number: u32, slots: Slots<T>) -> impl Future<Output = T> {
    poll_fn(move |context| {
        with(|state| {
            let Some(slot) = slots(state).get_mut(number) else { return Poll::Pending };
            match slot.value.take() {
                Some(value) => {
                    slots(state).remove(number);
                    Poll::Ready(value)
                }
                None => {
                    slot.waker = Some(context.waker().clone());
                    Poll::Pending
                }
            }
        })
    })
}

/// What the driver shall read next.
pub fn next() -> Option<Foreign> {
    with(|state| state.waiting.pop_front())
}

pub fn trailers_read(number: u32, value: TrailersResult) {
    answer(number, value, |state| &mut state.trailers);
}

pub fn outcome_read(number: u32, value: Outcome) {
    answer(number, value, |state| &mut state.outcomes);
}

fn answer<T>(number: u32, value: T, slots: Slots<T>) {
    let waker = with(|state| {
        let slot = slots(state).get_mut(number)?;
        slot.value = Some(value);
        slot.waker.take()
    });
    if let Some(waker) = waker {
        waker.wake();
    }
}
