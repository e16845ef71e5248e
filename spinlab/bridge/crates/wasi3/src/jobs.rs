//! The jobs of the pump: futures that are polled when they were woken, and only then.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use crate::effects;

pub struct Jobs {
    all: Vec<Job>,
}

pub struct Job {
    future: Pin<Box<dyn Future<Output = ()>>>,
    state: Arc<State>,
    waker: Waker,
}

struct State {
    ready: AtomicBool,
}

impl Wake for State {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ready.store(true, Ordering::Relaxed);
        effects::wake_pump();
    }
}

impl Jobs {
    pub const fn new() -> Self {
        Self { all: Vec::new() }
    }

    pub fn add(&mut self, future: impl Future<Output = ()> + 'static) {
        let state = Arc::new(State { ready: AtomicBool::new(true) });
        self.all.push(Job { future: Box::pin(future), waker: state.clone().into(), state });
    }

    pub fn are_ready(&self) -> bool {
        self.all.iter().any(Job::is_ready)
    }

    /// A job that was woken. Taken out, because its steps may add others.
    pub fn take_ready(&mut self) -> Option<Job> {
        let index = self.all.iter().position(Job::is_ready)?;
        Some(self.all.swap_remove(index))
    }

    pub fn put_back(&mut self, job: Job) {
        self.all.push(job);
    }
}

impl Job {
    fn is_ready(&self) -> bool {
        self.state.ready.load(Ordering::Relaxed)
    }

    pub fn poll(&mut self) -> Poll<()> {
        self.state.ready.store(false, Ordering::Relaxed);
        self.future.as_mut().poll(&mut Context::from_waker(&self.waker))
    }
}
