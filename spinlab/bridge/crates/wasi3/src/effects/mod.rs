//! Effects in flight: who waits for which, and the one place of the store that blocks.
//!
//! Every asynchronous export runs as a task of its own. A task that needs the host starts an effect and waits for its
//! ticket; a task that sleeps waits for a timer. One more task, the pump, runs beside each request: when someone waits
//! it yields, so that everything in the store that can go on does (the runtime resumes a yielded task after all others),
//! and only when that changed nothing does it block, in `host.wait`, for all of them at once.
//!
//! Exports that are no tasks (synchronous functions, destructors) can't write streams or futures. They leave that as a
//! job for the pump. Jobs that wait for a guest outlive the request, as the guest's handles do.

mod pump;
mod state;

use crate::bindings::spinlab::bridge::host;

pub use pump::{drain, end_work, later, settled, wake_pump, work};
pub use state::{soon, Watch};
use state::{Ticket, What};

pub const PENDING: u32 = 0;
pub const DONE: u32 = 1;
pub const END: u32 = 2;
#[cfg(test)]
pub const FAILED: u32 = 3;

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
    let (id, status, head, data) = host::start(op, args, "");
    match status {
        PENDING => answer_blocking(id),
        _ => Answer { status, head, data },
    }
}

/// The end of an effect that is pending.
pub async fn answer(id: u32) -> Answer {
    Ticket::new(What::Effect(id)).await
}

/// The same; blocks the store.
pub fn answer_blocking(id: u32) -> Answer {
    loop {
        wait(&id.to_string(), u64::MAX);
        let (status, head, data) = host::take(id);
        if status != PENDING {
            return Answer { status, head, data };
        }
    }
}

/// Sleep until the monotonic clock reaches `when`.
pub async fn sleep_until(when: u64) {
    Ticket::new(What::Timer(when)).await;
}

/// The only call that blocks.
pub fn wait(ids: &str, until: u64) {
    if !host::wait(ids, until) {
        std::process::abort();
    }
}
