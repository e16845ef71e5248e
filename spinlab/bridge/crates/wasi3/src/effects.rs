//! Effects in flight: who waits for which, and the one place of the store that blocks.
//!
//! Every export of WASI 0.3 runs as a task of its own. A task that needs the host starts an effect and waits for its
//! ticket; a task that sleeps waits for a timer. One more task, the pump, lives as long as the instance: when someone
//! waits it yields, so that everything in the store that can go on does (the runtime resumes a yielded task after all
//! others), and only when that changed nothing does it block, in `host.wait`, for all of them at once.
//!
//! Exports that are no tasks (`sync` functions, destructors) can't write streams or futures. They leave that as a job
//! for the pump.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::{poll_fn, Future};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use wit_bindgen::{spawn_local, yield_async};

use crate::bindings::spinlab::bridge::host;

/// How often the pump gives way before it believes that nothing else can go on.
const QUIET_TURNS: u32 = 2;
/// A guest that only yields can't be seen from here. So that it is not stopped for the length of an effect, the
/// first wait is this short, and each further one twice as long up to the longest.
const FIRST_SLICE: u64 = 20_000_000;
const LONGEST_SLICE: u64 = 640_000_000;

pub const PENDING: u32 = 0;
pub const DONE: u32 = 1;
pub const END: u32 = 2;

/// What the host says about an effect.
pub struct Answer {
    pub status: u32,
    pub head: String,
    pub data: String,
}

/// An effect that was started.
pub struct Started {
    /// Names the effect, or the stream that it opened; 0 when nothing more can be asked of it.
    pub id: u32,
    pub progress: Progress,
}

pub enum Progress {
    Finished(Answer),
    Pending(Ticket),
}

impl Progress {
    pub async fn finished(self) -> Answer {
        match self {
            Progress::Finished(answer) => answer,
            Progress::Pending(ticket) => ticket.await,
        }
    }
}

/// Begin an effect without waiting for it.
pub fn start(op: &str, args: &str, data: &str) -> Started {
    let (id, status, head, data) = host::start(op, args, data);
    let progress = match status {
        PENDING => Progress::Pending(Ticket::new(What::Effect(id))),
        _ => Progress::Finished(Answer { status, head, data }),
    };
    Started { id, progress }
}

/// Begin an effect and wait for its end.
pub async fn perform(op: &str, args: &str, data: &str) -> Answer {
    start(op, args, data).progress.finished().await
}

/// The same in an export that is no task: blocks the store, for the few effects that hosts answer at once.
pub fn perform_blocking(op: &str, args: &str) -> Answer {
    let (id, mut status, mut head, mut data) = host::start(op, args, "");
    while status == PENDING {
        wait(&id.to_string(), u64::MAX);
        (status, head, data) = host::take(id);
    }
    Answer { status, head, data }
}

/// Sleep until the monotonic clock reaches `when`.
pub async fn sleep_until(when: u64) {
    Ticket::new(What::Timer(when)).await;
}

/// Do `job` in the pump's task.
pub fn later(job: impl Future<Output = ()> + 'static) {
    change(|state| state.jobs.push(Box::pin(job)));
}

/// Start the pump; from inside a task.
pub fn start_pump() {
    let first = STATE.with_borrow_mut(|state| !std::mem::replace(&mut state.pumping, true));
    if first {
        spawn_local(pump());
    }
}

/// Is nothing of the guest waiting, after all that can go on has gone on?
pub async fn settled() -> bool {
    while changed_by_others().await {}
    is_idle()
}

/// Wait until nothing of the guest is pending.
pub async fn drain() {
    while !settled().await {
        poll_fn(until_idle).await;
    }
}

/// Wait for `future`; when the pump is about to block meanwhile, `None` comes first. Call again to wait on.
pub async fn or_blocking<T>(mut future: Pin<&mut impl Future<Output = T>>) -> Option<T> {
    poll_fn(|context| {
        let ready = future.as_mut().poll(context);
        STATE.with_borrow_mut(|state| match ready {
            Poll::Ready(value) => {
                state.before_blocking = Notice::Unwanted;
                Poll::Ready(Some(value))
            }
            Poll::Pending if matches!(state.before_blocking, Notice::Given) => {
                state.before_blocking = Notice::Unwanted;
                Poll::Ready(None)
            }
            Poll::Pending => {
                state.before_blocking = Notice::Wanted(context.waker().clone());
                Poll::Pending
            }
        })
    })
    .await
}

/// Wait for `future` as long as the store goes on without the host; `None` when it would block.
pub async fn soon<T>(mut future: Pin<&mut impl Future<Output = T>>) -> Option<T> {
    for turn in 0..=QUIET_TURNS {
        let ready = poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await;
        if let Poll::Ready(value) = ready {
            return Some(value);
        }
        if turn < QUIET_TURNS {
            yield_async().await;
        }
    }
    None
}

type Job = Pin<Box<dyn Future<Output = ()>>>;

enum What {
    Effect(u32),
    Timer(u64),
}

struct Waiting {
    what: What,
    waker: Option<Waker>,
    answer: Option<Answer>,
}

/// Whether somebody wants to know before the pump blocks.
enum Notice {
    Unwanted,
    Wanted(Waker),
    Given,
}

struct State {
    waiting: BTreeMap<u32, Waiting>,
    next: u32,
    jobs: Vec<Job>,
    /// Counts every change, so that the pump sees whether something happened while it gave way.
    changes: u32,
    pumping: bool,
    /// The pump, while it has nothing to do.
    pump: Option<Waker>,
    /// Who waits for the end of everything.
    drain: Option<Waker>,
    before_blocking: Notice,
}

thread_local! {
    static STATE: RefCell<State> = const { RefCell::new(State {
        waiting: BTreeMap::new(),
        next: 0,
        jobs: Vec::new(),
        changes: 0,
        pumping: false,
        pump: None,
        drain: None,
        before_blocking: Notice::Unwanted,
    }) };
}

/// Change the state, and wake whom it may concern.
fn change<T>(by: impl FnOnce(&mut State) -> T) -> T {
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
    fn new(what: What) -> Self {
        change(|state| {
            state.next = state.next.wrapping_add(1);
            state.waiting.insert(state.next, Waiting { what, waker: None, answer: None });
            Self { key: state.next }
        })
    }
}

impl Future for Ticket {
    type Output = Answer;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Answer> {
        STATE.with_borrow_mut(|state| {
            let Some(waiting) = state.waiting.get_mut(&self.key) else { return Poll::Pending };
            match waiting.answer.take() {
                Some(answer) => {
                    state.waiting.remove(&self.key);
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
        let left = change(|state| state.waiting.remove(&self.key));
        if let Some(Waiting { what: What::Effect(id), answer: None, .. }) = left {
            host::cancel(id);
        }
    }
}

fn is_idle() -> bool {
    STATE.with_borrow(|state| state.waiting.is_empty() && state.jobs.is_empty())
}

fn nobody_waits() -> bool {
    STATE.with_borrow(|state| state.waiting.is_empty())
}

fn until_idle(context: &mut Context<'_>) -> Poll<()> {
    STATE.with_borrow_mut(|state| {
        if state.waiting.is_empty() && state.jobs.is_empty() {
            return Poll::Ready(());
        }
        state.drain = Some(context.waker().clone());
        Poll::Pending
    })
}

async fn changed_by_others() -> bool {
    let changes = || STATE.with_borrow(|state| state.changes);
    let before = changes();
    for _ in 0..QUIET_TURNS {
        yield_async().await;
        if changes() != before {
            return true;
        }
    }
    false
}

async fn pump() {
    let mut slice = FIRST_SLICE;
    loop {
        poll_fn(until_busy).await;
        let jobs = STATE.with_borrow_mut(|state| std::mem::take(&mut state.jobs));
        for job in jobs {
            spawn_local(job);
        }
        if nobody_waits() || changed_by_others().await || announce_blocking() {
            continue;
        }
        slice = if block(slice) { FIRST_SLICE } else { LONGEST_SLICE.min(slice * 2) };
    }
}

fn until_busy(context: &mut Context<'_>) -> Poll<()> {
    STATE.with_borrow_mut(|state| {
        if !state.waiting.is_empty() || !state.jobs.is_empty() {
            return Poll::Ready(());
        }
        state.pump = Some(context.waker().clone());
        Poll::Pending
    })
}

/// Tell who wants to know that the pump is about to block; false when nobody does.
fn announce_blocking() -> bool {
    let waker = STATE.with_borrow_mut(|state| match std::mem::replace(&mut state.before_blocking, Notice::Given) {
        Notice::Wanted(waker) => Some(waker),
        other => {
            state.before_blocking = other;
            None
        }
    });
    waker.map(Waker::wake).is_some()
}

/// Wait in the host for all who wait here, at most for `slice` nanoseconds; true when somebody can go on.
fn block(slice: u64) -> bool {
    let now = host::mono();
    if wake_due(now) {
        return true;
    }
    let (ids, alarm) = STATE.with_borrow(|state| {
        let mut ids = Vec::new();
        let mut alarm = u64::MAX;
        for waiting in state.waiting.values().filter(|waiting| waiting.answer.is_none()) {
            match waiting.what {
                What::Effect(id) => ids.push(id),
                What::Timer(when) => alarm = alarm.min(when),
            }
        }
        (ids, alarm)
    });
    let names: Vec<String> = ids.iter().map(u32::to_string).collect();
    wait(&names.join(" "), alarm.min(now.saturating_add(slice)));
    let mut woken = false;
    for id in ids {
        let (status, head, data) = host::take(id);
        if status != PENDING {
            woken |= wake(
                |waiting| matches!(waiting.what, What::Effect(own) if own == id),
                || Answer { status, head, data },
            );
        }
    }
    woken
}

fn wake_due(now: u64) -> bool {
    let mut woken = false;
    let due = |waiting: &Waiting| matches!(waiting.what, What::Timer(when) if when <= now);
    while wake(due, || Answer { status: DONE, head: String::new(), data: String::new() }) {
        woken = true;
    }
    woken
}

/// Give `answer` to the first who waits for it.
fn wake(concerns: impl Fn(&Waiting) -> bool, answer: impl FnOnce() -> Answer) -> bool {
    let woken = STATE.with_borrow_mut(|state| {
        let waiting = state.waiting.values_mut().find(|waiting| waiting.answer.is_none() && concerns(waiting))?;
        waiting.answer = Some(answer());
        Some(waiting.waker.take())
    });
    let found = woken.is_some();
    if let Some(waker) = woken.flatten() {
        waker.wake();
    }
    found
}

/// The only call that blocks.
fn wait(ids: &str, until: u64) {
    if !host::wait(ids, until) {
        std::process::abort();
    }
}
