//! Effects: what the guest asks of the world outside. Starting and taking never block; `wait` is the only call that
//! does.

use crate::bindings::{host, pause};
use crate::http::pipe;
use crate::{stop, Provider};
use std::collections::BTreeSet;

/// No limit for `wait`.
pub const NEVER: u64 = u64::MAX;

const PENDING: u32 = 0;
const DONE: u32 = 1;
const END: u32 = 2;

/// An error as the host names it: a case of the WIT type in question, and a text.
#[derive(Debug, Clone)]
pub struct Failure {
    pub name: String,
    pub message: String,
}

/// What came of an effect.
pub enum Answer {
    Done { head: String, data: Vec<u8> },
    End { head: String },
    Failed(Failure),
}

impl Answer {
    fn new(status: u32, head: String, data: String) -> Option<Self> {
        match status {
            PENDING => None,
            DONE => Some(Self::Done { head, data: flat::data::decode(data) }),
            END => Some(Self::End { head }),
            _ => Some(Self::Failed(Failure { name: head, message: flat::data::message(data) })),
        }
    }

    /// Head and data; the end of a stream is empty.
    pub fn into_result(self) -> Result<(String, Vec<u8>), Failure> {
        match self {
            Self::Done { head, data } => Ok((head, data)),
            Self::End { head } => Ok((head, Vec::new())),
            Self::Failed(failure) => Err(failure),
        }
    }
}

/// One effect, perhaps still under way. Dropping it before there is an answer cancels it.
pub struct Effect {
    id: u32,
    answer: Option<Answer>,
    pending: bool,
    /// Nobody has looked since it was started, when the host said that it is pending.
    fresh: bool,
}

impl Effect {
    pub fn start(op: &str, args: &str, data: &[u8]) -> Self {
        let (id, status, head, data) = host::start(op, args, &flat::data::encode(data));
        let answer = Answer::new(status, head, data);
        Self { id, pending: answer.is_none(), fresh: answer.is_none(), answer }
    }

    /// What the host calls it; 0 when nothing more can be asked of it.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// The id to wait for, or None when the answer is there.
    pub fn pending(&mut self) -> Option<u32> {
        if self.pending && !std::mem::take(&mut self.fresh) {
            let (status, head, data) = host::take(self.id);
            self.answer = Answer::new(status, head, data);
            self.pending = self.answer.is_none();
        }
        self.pending.then_some(self.id)
    }

    /// The id as long as no answer was seen; asks nobody.
    pub fn pending_so_far(&self) -> Option<u32> {
        self.pending.then_some(self.id)
    }

    /// The answer is there and is an error.
    pub fn has_failed(&self) -> bool {
        matches!(self.answer, Some(Answer::Failed(_)))
    }

    /// The answer, once; None while it is pending.
    pub fn take(&mut self) -> Option<Answer> {
        if self.pending().is_some() {
            return None;
        }
        self.answer.take()
    }

    /// Wait for the answer.
    pub fn finish(mut self) -> Result<(String, Vec<u8>), Failure> {
        while let Some(id) = self.pending() {
            wait(&[id], NEVER);
        }
        match self.answer.take() {
            Some(answer) => answer.into_result(),
            None => Err(Failure { name: "internal-error".into(), message: "the answer was taken".into() }),
        }
    }
}

impl Drop for Effect {
    fn drop(&mut self) {
        if self.pending {
            host::cancel(self.id);
        }
    }
}

/// Ask and wait for the answer.
pub fn call(op: &str, args: &str) -> Result<(String, Vec<u8>), Failure> {
    Effect::start(op, args, b"").finish()
}

/// Block until one of these can be taken, or until this instant. What the guest has written goes out first.
pub fn wait(ids: &[u32], until: u64) {
    let sent = pipe::send_all();
    wait_only(ids.iter().chain(&sent.pending), until);
}

/// Block without sending anything.
pub fn wait_only<'a>(ids: impl Iterator<Item = &'a u32>, until: u64) {
    let ids: BTreeSet<u32> = ids.copied().collect();
    let ids: Vec<String> = ids.iter().map(u32::to_string).collect();
    if !host::wait(&ids.join(" "), until) {
        stop::now();
    }
}

/// For the providers of Spin's interfaces.
impl pause::Guest for Provider {
    fn wait(id: u32) {
        wait(&[id], NEVER);
    }
}
