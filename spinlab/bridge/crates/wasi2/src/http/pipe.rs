//! A body on its way out: the response's, or that of an outgoing request.
//!
//! Few crossings matter more than early bytes: the first flushed piece is held back, so that a response written in one
//! go needs no effect at all. What is held back goes out with the second flush, at 64 KiB, and before any wait.

use super::target::Target;
use crate::bindings::http::types::ErrorCode;
use crate::bindings::io::streams::StreamError;
use crate::effect::{wait, Answer, Effect, NEVER};
use crate::io::error::IoError;
use crate::io::poll::Source;
use crate::io::streams::BUDGET;
use crate::stop;
use flat::fields::Fields;
use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

/// Bytes that wait at most before they go out without a flush.
const HELD: usize = 64 * 1024;

/// How far the body is.
#[derive(Clone, PartialEq)]
enum Stage {
    Open,
    /// Complete, with the lines of its trailers.
    Finished(String),
    /// The end was sent.
    Sent,
}

/// Why whoever receives the body must not take it for the whole.
#[derive(Clone)]
pub struct Broken {
    pub code: ErrorCode,
    pub reason: &'static str,
}

pub struct Pipe {
    is_response: bool,
    expected: Option<u64>,
    written: Cell<u64>,
    buffer: RefCell<Vec<u8>>,
    flushes: Cell<u32>,
    stage: RefCell<Stage>,
    broken: RefCell<Option<Broken>>,
    target: RefCell<Option<Target>>,
    begun: Cell<bool>,
    sending: RefCell<Option<Effect>>,
    closed: Cell<bool>,
    writers: Cell<u32>,
}

/// What `send_all` did.
#[derive(Default)]
pub struct Sent {
    /// Something went out.
    pub any: bool,
    /// Effects that have to be done before more can go out.
    pub pending: Vec<u32>,
}

thread_local! {
    static PIPES: RefCell<Vec<Weak<Pipe>>> = const { RefCell::new(Vec::new()) };
    /// Finished and let go by the guest, with something that is still to be sent.
    static LEAVING: RefCell<Vec<Rc<Pipe>>> = const { RefCell::new(Vec::new()) };
}

/// Send what every body holds back.
pub fn send_all() -> Sent {
    let pipes: Vec<Rc<Pipe>> = PIPES.with_borrow_mut(|pipes| {
        pipes.retain(|pipe| pipe.strong_count() > 0);
        pipes.iter().filter_map(Weak::upgrade).collect()
    });
    let mut sent = Sent::default();
    for pipe in pipes {
        let (any, pending) = pipe.send();
        sent.any |= any;
        sent.pending.extend(pending);
    }
    LEAVING.with_borrow_mut(|leaving| leaving.retain(|pipe| pipe.has_more()));
    sent
}

/// A new request comes in: whatever the last one left is gone.
pub fn reset() {
    PIPES.take();
    LEAVING.take();
}

impl Pipe {
    pub fn new(is_response: bool, expected: Option<u64>) -> Rc<Self> {
        Rc::new(Self {
            is_response,
            expected,
            written: Cell::default(),
            buffer: RefCell::default(),
            flushes: Cell::default(),
            stage: RefCell::new(Stage::Open),
            broken: RefCell::default(),
            target: RefCell::default(),
            begun: Cell::default(),
            sending: RefCell::default(),
            closed: Cell::default(),
            writers: Cell::default(),
        })
    }

    /// Now it is known where the bytes go.
    pub fn attach(self: &Rc<Self>, target: Target) {
        self.target.replace(Some(target));
        PIPES.with_borrow_mut(|pipes| pipes.push(Rc::downgrade(self)));
        if self.flushes.get() > 1 || self.buffer.borrow().len() >= HELD || (!self.is_response && self.is_finished()) {
            self.send();
        }
        if self.is_finished() {
            self.stay();
        }
    }

    /// Nobody takes the bytes any more.
    pub fn close(&self) {
        self.closed.set(true);
        self.buffer.take();
    }

    /// The guest still holds an output stream of it.
    pub fn has_writer(&self) -> bool {
        self.writers.get() > 0
    }

    pub fn is_finished(&self) -> bool {
        matches!(*self.stage.borrow(), Stage::Finished(_))
    }

    /// Everything so far; for a request that is told with its body.
    pub fn take_whole(&self) -> Vec<u8> {
        self.stage.replace(Stage::Sent);
        self.buffer.take()
    }

    /// Finished without trailers, so that it can be told with its body.
    pub fn is_whole(&self) -> bool {
        matches!(&*self.stage.borrow(), Stage::Finished(trailers) if trailers.is_empty())
    }

    /// Bytes that may be written now; 0 while the host has no room.
    pub fn room(&self) -> Result<u64, StreamError> {
        if self.closed.get() || *self.stage.borrow() != Stage::Open {
            return Err(StreamError::Closed);
        }
        if self.is_full() {
            return Ok(0);
        }
        Ok(BUDGET as u64)
    }

    fn is_full(&self) -> bool {
        if self.target.borrow().is_none() || self.buffer.borrow().len() < HELD {
            return false;
        }
        self.send();
        !self.closed.get() && self.buffer.borrow().len() >= HELD
    }

    pub fn write(&self, contents: Vec<u8>) -> Result<(), StreamError> {
        if self.closed.get() || *self.stage.borrow() != Stage::Open {
            return Err(StreamError::Closed);
        }
        if contents.len() > BUDGET || self.is_full() {
            stop::trap("a write exceeded what check-write allowed");
        }
        self.written.set(self.written.get() + contents.len() as u64);
        if self.expected.is_some_and(|expected| self.written.get() > expected) {
            return Err(IoError::Http(self.wrong_size()).failed());
        }
        let mut buffer = self.buffer.borrow_mut();
        if buffer.is_empty() {
            *buffer = contents;
        } else {
            buffer.extend_from_slice(&contents);
        }
        let full = buffer.len() >= HELD;
        drop(buffer);
        if full {
            self.send();
        }
        Ok(())
    }

    pub fn flush(&self) -> Result<(), StreamError> {
        if self.closed.get() {
            return Err(StreamError::Closed);
        }
        self.flushes.set(self.flushes.get() + 1);
        if self.flushes.get() > 1 {
            self.send();
        }
        Ok(())
    }

    fn wrong_size(&self) -> ErrorCode {
        let size = Some(self.written.get());
        if self.is_response {
            ErrorCode::HttpResponseBodySize(size)
        } else {
            ErrorCode::HttpRequestBodySize(size)
        }
    }

    /// The guest says that the body is complete.
    pub fn finish(self: &Rc<Self>, trailers: Option<Rc<Fields>>) -> Result<(), ErrorCode> {
        if self.expected.is_some_and(|expected| self.written.get() != expected) {
            let code = self.wrong_size();
            self.break_off(code.clone(), "the body is not as long as content-length says");
            return Err(code);
        }
        let mut lines = String::new();
        if let Some(trailers) = trailers {
            flat::fields::print(&*trailers, &mut lines);
        }
        self.stage.replace(Stage::Finished(lines));
        if self.begun.get() || !self.is_response {
            self.send();
        }
        self.stay();
        Ok(())
    }

    /// Live on without the guest until everything of a request's body is sent.
    fn stay(self: &Rc<Self>) {
        if !self.is_response && self.target.borrow().is_some() && self.has_more() {
            LEAVING.with_borrow_mut(|leaving| leaving.push(self.clone()));
        }
    }

    /// Something is still to be sent, or on its way.
    fn has_more(&self) -> bool {
        let under_way = self.sending.borrow().as_ref().is_some_and(|effect| effect.pending_so_far().is_some());
        !self.closed.get() && (under_way || *self.stage.borrow() != Stage::Sent)
    }

    /// The guest dropped the body instead of finishing it.
    pub fn dropped(&self) {
        self.break_off(ErrorCode::HttpProtocolError, "the body was dropped before outgoing-body.finish");
    }

    fn break_off(&self, code: ErrorCode, reason: &'static str) {
        if self.closed.get() {
            return;
        }
        if let Some(Target::Request(_, exchange)) = &*self.target.borrow() {
            if let Some(exchange) = exchange.upgrade() {
                exchange.fail(code.clone());
            }
        }
        self.broken.replace(Some(Broken { code, reason }));
        self.close();
    }

    /// Send what is there; answers whether something went out, and the effect that has to be done before more can.
    pub fn send(&self) -> (bool, Option<u32>) {
        let mut any = false;
        loop {
            if let Some(id) = self.unfinished() {
                return (any, Some(id));
            }
            match self.next() {
                Some(effect) => *self.sending.borrow_mut() = Some(effect),
                None => return (any, None),
            }
            any = true;
        }
    }

    /// The effect that is under way.
    fn unfinished(&self) -> Option<u32> {
        let mut sending = self.sending.borrow_mut();
        let effect = sending.as_mut()?;
        if let Some(id) = effect.pending() {
            return Some(id);
        }
        if let Some(Answer::Failed(_)) = sending.take().and_then(|mut effect| effect.take()) {
            self.close();
        }
        None
    }

    /// Start the next effect, if there is one to start.
    fn next(&self) -> Option<Effect> {
        let target = self.target.borrow();
        let target = target.as_ref()?;
        if self.closed.get() {
            return None;
        }
        if !self.begun.replace(true) {
            if let Some(effect) = target.begin() {
                return Some(effect);
            }
        }
        let held = self.buffer.take();
        if !held.is_empty() {
            return Some(target.piece(&held));
        }
        let mut stage = self.stage.borrow_mut();
        let Stage::Finished(trailers) = &*stage else {
            return None;
        };
        let effect = target.end(trailers);
        *stage = Stage::Sent;
        Some(effect)
    }

    /// The guest's handler has returned. Answers the body when nothing of it was sent; otherwise sends the rest.
    pub fn conclude(&self) -> Result<Option<Vec<u8>>, Broken> {
        if let Some(broken) = self.broken.borrow().clone() {
            return Err(broken);
        }
        if *self.stage.borrow() == Stage::Open {
            // A guest that leaks the body instead of finishing it: wasmtime takes what is there for the whole.
            self.stage.replace(Stage::Finished(String::new()));
        }
        if !self.begun.get() && self.is_whole() {
            return Ok(Some(self.take_whole()));
        }
        while let (_, Some(id)) = self.send() {
            wait(&[id], NEVER);
        }
        Ok(None)
    }
}

impl Source for Pipe {
    fn blocked(&self) -> Option<u32> {
        if self.closed.get() || !self.is_full() {
            return None;
        }
        self.unfinished()
    }
}

/// A guest's output stream of a body.
pub struct Writer(Rc<Pipe>);

impl Writer {
    pub fn new(pipe: &Rc<Pipe>) -> Self {
        pipe.writers.set(pipe.writers.get() + 1);
        Self(pipe.clone())
    }

    pub fn pipe(&self) -> &Rc<Pipe> {
        &self.0
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.0.writers.set(self.0.writers.get() - 1);
    }
}
