//! `wasi:io/poll`: pollables stand for effects, streams and timers; blocking is one call of the host for all of them.

use crate::bindings::host;
use crate::bindings::io::poll::{Guest, GuestPollable, Pollable, PollableBorrow};
use crate::effect::{wait_only, NEVER};
use crate::http::pipe;
use crate::{stop, Provider};
use std::cell::Cell;
use std::rc::Rc;

/// What a pollable can wait for besides an instant.
pub trait Source {
    /// The effect that has to be done first, or None when it is ready.
    fn blocked(&self) -> Option<u32>;
}

pub enum Poll {
    Ready,
    At(u64),
    On(Rc<dyn Source>),
}

impl Poll {
    /// A pollable that is always ready.
    pub fn ready() -> Pollable {
        Pollable::new(Self::Ready)
    }

    /// A pollable that is ready when `source` is.
    pub fn on(source: Rc<dyn Source>) -> Pollable {
        Pollable::new(Self::On(source))
    }
}

/// The monotonic clock, read at most once.
#[derive(Default)]
struct Now(Cell<Option<u64>>);

impl Now {
    fn get(&self) -> u64 {
        let now = self.0.get().unwrap_or_else(host::mono);
        self.0.set(Some(now));
        now
    }
}

/// What stands between now and some pollables being ready.
#[derive(Default)]
struct Wanted {
    effects: Vec<u32>,
    until: Option<u64>,
}

impl Wanted {
    fn is_ready(&mut self, poll: &Poll, now: &Now) -> bool {
        match poll {
            Poll::Ready => true,
            Poll::At(instant) if now.get() >= *instant => true,
            Poll::At(instant) => {
                self.until = Some(self.until.map_or(*instant, |until| until.min(*instant)));
                false
            }
            Poll::On(source) => match source.blocked() {
                None => true,
                Some(id) => {
                    self.effects.push(id);
                    false
                }
            },
        }
    }
}

/// Which of these are ready, and what the others wait for.
fn look(polls: &[&Poll]) -> (Vec<u32>, Wanted) {
    let now = Now::default();
    let mut wanted = Wanted::default();
    let ready = (0..).zip(polls).filter(|(_, poll)| wanted.is_ready(poll, &now)).map(|(index, _)| index).collect();
    (ready, wanted)
}

/// Wait until at least one is ready; answers which.
pub fn until_ready(polls: &[&Poll]) -> Vec<u32> {
    loop {
        let (ready, wanted) = look(polls);
        if !ready.is_empty() {
            return ready;
        }
        let sent = pipe::send_all();
        // Sending what was held back can make a stream ready: look again before the wait.
        if !sent.any {
            let ids = wanted.effects.iter().chain(&sent.pending);
            wait_only(ids, wanted.until.unwrap_or(NEVER));
        }
    }
}

/// Wait until `source` is ready.
pub fn block_on(source: Rc<dyn Source>) {
    until_ready(&[&Poll::On(source)]);
}

impl GuestPollable for Poll {
    fn ready(&self) -> bool {
        Wanted::default().is_ready(self, &Now::default())
    }

    fn block(&self) {
        until_ready(&[self]);
    }
}

impl Guest for Provider {
    type Pollable = Poll;

    fn poll(pollables: Vec<PollableBorrow<'_>>) -> Vec<u32> {
        if pollables.is_empty() {
            stop::trap("poll was called with an empty list");
        }
        let polls: Vec<&Poll> = pollables.iter().map(|pollable| pollable.get::<Poll>()).collect();
        until_ready(&polls)
    }
}
