//! Effects in flight: who waits for which, and the one place of the store that blocks.
//!
//! Every asynchronous export runs as a task of its own. A task that needs the host starts an effect and waits for its
//! ticket; a task that sleeps waits for a timer. One more task, the pump, runs beside each request: when someone waits
//! it yields, so that everything in the store that can go on does (the runtime resumes a yielded task after all others),
//! and only when that changed nothing does it block, in `host.wait`, for all of them at once.
//!
//! Exports that are no tasks (synchronous functions, destructors) can't write streams or futures. They leave that as a
//! job for the pump. Jobs that wait for a guest outlive the request, as the guest's handles do.

use std::cell::RefCell;
use std::future::{poll_fn, Future};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use wit_bindgen::yield_async;

use crate::bindings::exports::spinlab::bridge::ctl3::Foreign;
use crate::bindings::spinlab::bridge::host;
use crate::http::foreign;
use crate::jobs::Jobs;
use crate::places::Places;

/// How often the pump gives way before it believes that nothing else can go on.
const QUIET_TURNS: u32 = 2;
/// A guest that only yields can't be seen from here. So that it is not stopped for the length of an effect, the first
/// wait is this short (in nanoseconds), and each further one longer, with more turns for the guest before it.
const FIRST_SLICE: u64 = 20_000_000;
const SLICES: u32 = 4;

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

/// Wait for `future` as long as anything in the store goes on; `None` when the host would have to act first.
pub async fn soon<T>(future: Pin<&mut (impl Future<Output = T> + ?Sized)>) -> Option<T> {
    Watch::new(true).or_rest(future).await
}

enum What {
    Effect(u32),
    Timer(u64),
}

struct Waiting {
    what: What,
    waker: Option<Waker>,
    answer: Option<Answer>,
}

/// Somebody who wants to know when the store has come to rest.
struct Watcher {
    /// Even when nobody waits for the host, so that nothing at all goes on.
    quiet: bool,
    /// Not again before the next wait in the host.
    told: bool,
    news: bool,
    waker: Option<Waker>,
}

struct State {
    waiting: Places<Waiting>,
    /// Counts every change, so that the pump sees whether something happened while it gave way.
    changes: u32,
    ended: bool,
    /// The pump, while it has nothing to do.
    pump: Option<Waker>,
    /// Who waits for the end of everything.
    drain: Option<Waker>,
    watchers: Places<Watcher>,
}

thread_local! {
    static JOBS: RefCell<Jobs> = const { RefCell::new(Jobs::new()) };
    static STATE: RefCell<State> = const { RefCell::new(State {
        waiting: Places::new(),
        changes: 0,
        ended: false,
        pump: None,
        drain: None,
        watchers: Places::new(),
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

/// The only call that blocks.
fn wait(ids: &str, until: u64) {
    if !host::wait(ids, until) {
        std::process::abort();
    }
}
