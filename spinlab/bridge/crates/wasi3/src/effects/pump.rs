//! The pump: jobs, giving way, and the wait in the host.

use std::cell::RefCell;
use std::future::{poll_fn, Future};
use std::task::{Context, Poll};

use wit_bindgen::yield_async;

use super::state::{change, Waiting, Watcher, What, STATE};
use super::{wait, Answer, DONE, PENDING};
use crate::bindings::exports::spinlab::bridge::ctl3::Foreign;
use crate::bindings::spinlab::bridge::host;
use crate::http::foreign;
use crate::jobs::Jobs;

/// How often the pump gives way before it believes that nothing else can go on.
const QUIET_TURNS: u32 = 2;
/// A guest that only yields can't be seen from here. So that it is not stopped for the length of an effect, the first
/// wait is this short (in nanoseconds), and each further one longer, with more turns for the guest before it.
const FIRST_SLICE: u64 = 20_000_000;
const SLICES: u32 = 4;

thread_local! {
    static JOBS: RefCell<Jobs> = const { RefCell::new(Jobs::new()) };
}

/// Do `job` in the pump's task.
pub fn later(job: impl Future<Output = ()> + 'static) {
    JOBS.with_borrow_mut(|jobs| jobs.add(job));
    change(|_| ());
}

/// Have the pump look for what there is to do.
pub fn wake_pump() {
    change(|_| ());
}

/// Nothing is left to do for this request.
pub fn end_work() {
    change(|state| state.ended = true);
}

/// Is nothing of the guest waiting, after all that can go on has gone on?
pub async fn settled() -> bool {
    while changed_by_others(QUIET_TURNS).await {}
    is_idle()
}

/// Wait until nothing of the guest is pending.
pub async fn drain() {
    while !settled().await {
        poll_fn(until_idle).await;
    }
}

fn is_idle() -> bool {
    STATE.with_borrow(|state| state.waiting.is_empty()) && !JOBS.with_borrow(Jobs::are_ready)
}

fn until_idle(context: &mut Context<'_>) -> Poll<()> {
    if is_idle() {
        return Poll::Ready(());
    }
    STATE.with_borrow_mut(|state| state.drain = Some(context.waker().clone()));
    Poll::Pending
}

/// Give way so often; did anything happen meanwhile?
async fn changed_by_others(turns: u32) -> bool {
    let changes = || STATE.with_borrow(|state| state.changes);
    let before = changes();
    for _ in 0..turns {
        yield_async().await;
        if changes() != before {
            return true;
        }
    }
    false
}

/// The pump. Ends with the request, or when the driver shall read something.
pub async fn work() -> Option<Foreign> {
    let mut slices = 0;
    loop {
        match poll_fn(next_task).await {
            Task::Read(foreign) => return Some(foreign),
            Task::End => return None,
            Task::Settle => {}
        }
        if changed_by_others(QUIET_TURNS << (2 * slices)).await || JOBS.with_borrow(Jobs::are_ready) || tell_watchers()
        {
            continue;
        }
        slices = if block(FIRST_SLICE << slices) { 0 } else { SLICES.min(slices + 1) };
    }
}

/// What the pump has to do.
enum Task {
    Read(Foreign),
    End,
    /// Somebody waits, for the host or to know that nothing goes on.
    Settle,
}

fn next_task(context: &mut Context<'_>) -> Poll<Task> {
    STATE.with_borrow_mut(|state| state.pump = None);
    while let Some(mut job) = JOBS.with_borrow_mut(Jobs::take_ready) {
        if job.poll().is_pending() {
            JOBS.with_borrow_mut(|jobs| jobs.put_back(job));
        }
        change(|_| ());
    }
    if let Some(foreign) = foreign::next() {
        return Poll::Ready(Task::Read(foreign));
    }
    STATE.with_borrow_mut(|state| {
        if std::mem::take(&mut state.ended) {
            return Poll::Ready(Task::End);
        }
        let mut watchers = state.watchers.iter();
        if !state.waiting.is_empty() || watchers.any(|one| one.quiet && !one.told) {
            return Poll::Ready(Task::Settle);
        }
        state.pump = Some(context.waker().clone());
        Poll::Pending
    })
}

/// Tell those who want to know that the store has come to rest; true when the pump need not block, or not yet.
fn tell_watchers() -> bool {
    let (wakers, blocks) = STATE.with_borrow_mut(|state| {
        let blocks = !state.waiting.is_empty();
        let untold = state.watchers.iter_mut().filter(|one| !one.told && (one.quiet || blocks));
        let tell = |one: &mut Watcher| {
            one.told = true;
            one.news = true;
            one.waker.take()
        };
        (untold.map(tell).collect::<Vec<_>>(), blocks)
    });
    let told = !wakers.is_empty();
    for waker in wakers.into_iter().flatten() {
        waker.wake();
    }
    told || !blocks
}

/// Wait in the host for all who wait here, at most for `slice` nanoseconds; true when somebody can go on.
fn block(slice: u64) -> bool {
    let now = host::mono();
    if wake_due(now) {
        return true;
    }
    let (ids, alarm) = STATE.with_borrow_mut(|state| {
        let mut ids = Vec::new();
        let mut alarm = u64::MAX;
        for waiting in state.waiting.iter().filter(|waiting| waiting.answer.is_none()) {
            match waiting.what {
                What::Effect(id) => ids.push(id),
                What::Timer(when) => alarm = alarm.min(when),
            }
        }
        state.watchers.iter_mut().for_each(|one| one.told = false);
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
        let waiting = state.waiting.iter_mut().find(|waiting| waiting.answer.is_none() && concerns(waiting))?;
        waiting.answer = Some(answer());
        Some(waiting.waker.take())
    });
    let found = woken.is_some();
    if let Some(waker) = woken.flatten() {
        waker.wake();
    }
    found
}
