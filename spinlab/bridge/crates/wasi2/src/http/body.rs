//! Bodies as resources: `incoming-body`, `future-trailers`, `outgoing-body`.

use super::client::Exchange;
use super::errors;
use super::fields::TheFields;
use super::pipe::{Pipe, Writer};
use crate::bindings::http::types::{
    ErrorCode, FutureTrailers, GuestFutureTrailers, GuestIncomingBody, GuestOutgoingBody,
    IncomingBody as IncomingBodyHandle, InputStream, OutgoingBody as OutgoingBodyHandle, OutputStream, Pollable,
    Trailers as TrailersHandle,
};
use crate::bindings::io::streams::StreamError;
use crate::effect::{Answer, Effect};
use crate::io::error::IoError;
use crate::io::poll::{Poll, Source};
use crate::io::streams::{Input, Output};
use crate::stop;
use flat::fields::Fields;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// Where more of a body comes from.
pub enum From {
    /// Nowhere: all of it is there.
    Here,
    /// The request that is being served.
    Request,
    /// The response to a request of the guest's own.
    Exchange(Rc<Exchange>),
}

/// A body on its way in.
pub struct Incoming {
    from: From,
    buffer: RefCell<Vec<u8>>,
    read: Cell<usize>,
    fetching: RefCell<Option<Effect>>,
    end: RefCell<Option<Result<Fields, ErrorCode>>>,
}

impl Incoming {
    pub fn new(from: From, first: Vec<u8>) -> Rc<Self> {
        let end = matches!(from, From::Here).then(|| Ok(Fields::new()));
        Rc::new(Self {
            from,
            buffer: RefCell::new(first),
            read: Cell::new(0),
            fetching: RefCell::new(None),
            end: RefCell::new(end),
        })
    }

    fn is_empty(&self) -> bool {
        self.read.get() >= self.buffer.borrow().len()
    }

    /// Get more unless there is something to read; answers the effect to wait for.
    fn fill(&self) -> Option<u32> {
        while self.is_empty() && self.end.borrow().is_none() {
            let mut fetching = self.fetching.borrow_mut();
            let effect = fetching.get_or_insert_with(|| self.fetch());
            if let Some(id) = effect.pending() {
                return Some(id);
            }
            let answer = fetching.take().and_then(|mut effect| effect.take());
            drop(fetching);
            self.arrived(answer);
        }
        None
    }

    fn fetch(&self) -> Effect {
        match &self.from {
            From::Exchange(exchange) => Effect::start("http-read", &exchange.id().to_string(), b""),
            From::Request | From::Here => Effect::start("request-body", "", b""),
        }
    }

    fn arrived(&self, answer: Option<Answer>) {
        let end = match answer {
            Some(Answer::Done { data, .. }) => {
                self.buffer.replace(data);
                self.read.set(0);
                return;
            }
            Some(Answer::End { head }) => Ok(flat::fields::parse(head.split('\n'))),
            Some(Answer::Failed(failure)) => Err(errors::code(failure)),
            None => Err(ErrorCode::HttpProtocolError),
        };
        if let From::Exchange(exchange) = &self.from {
            exchange.ended();
        }
        self.end.replace(Some(end));
    }

    fn take(&self, length: usize) -> Vec<u8> {
        let start = self.read.get();
        let mut buffer = self.buffer.borrow_mut();
        let left = buffer.len() - start;
        if start == 0 && length >= left {
            return std::mem::take(&mut *buffer);
        }
        let end = start + length.min(left);
        self.read.set(end);
        buffer[start..end].to_vec()
    }
}

impl Source for Incoming {
    fn blocked(&self) -> Option<u32> {
        self.fill()
    }
}

/// The input stream of a body.
pub struct BodyStream {
    body: Rc<Incoming>,
    open: Rc<Cell<bool>>,
    failed: Cell<bool>,
}

impl BodyStream {
    /// A stream of a body that nothing else reads.
    pub fn alone(body: Rc<Incoming>) -> Self {
        Self { body, open: Rc::default(), failed: Cell::default() }
    }

    pub fn source(&self) -> Rc<dyn Source> {
        self.body.clone()
    }

    pub fn read(&self, length: usize) -> Result<Vec<u8>, StreamError> {
        self.body.fill();
        if !self.body.is_empty() {
            return Ok(self.body.take(length));
        }
        match &*self.body.end.borrow() {
            None => Ok(Vec::new()),
            Some(Err(code)) if !self.failed.replace(true) => Err(IoError::Http(code.clone()).failed()),
            Some(_) => Err(StreamError::Closed),
        }
    }
}

impl Drop for BodyStream {
    fn drop(&mut self) {
        self.open.set(false);
    }
}

pub struct IncomingBody {
    body: Rc<Incoming>,
    taken: Cell<bool>,
    open: Rc<Cell<bool>>,
}

impl IncomingBody {
    pub fn handle(body: Rc<Incoming>) -> IncomingBodyHandle {
        IncomingBodyHandle::new(Self { body, taken: Cell::default(), open: Rc::default() })
    }
}

impl GuestIncomingBody for IncomingBody {
    fn stream(&self) -> Result<InputStream, ()> {
        if self.taken.replace(true) {
            return Err(());
        }
        self.open.set(true);
        let stream = BodyStream { body: self.body.clone(), open: self.open.clone(), failed: Cell::default() };
        Ok(Input::Body(stream).into_handle())
    }

    fn finish(this: IncomingBodyHandle) -> FutureTrailers {
        let this = this.into_inner::<Self>();
        if this.open.get() {
            stop::trap("incoming-body.finish was called while its stream was open; drop the stream first");
        }
        FutureTrailers::new(Trailers { body: Rest(this.body), taken: Cell::default() })
    }
}

/// What is left of a body whose trailers are wanted: data is read and dropped.
struct Rest(Rc<Incoming>);

impl Rest {
    fn blocked(&self) -> Option<u32> {
        loop {
            if let Some(id) = self.0.fill() {
                return Some(id);
            }
            if self.0.is_empty() {
                return None;
            }
            self.0.take(usize::MAX);
        }
    }
}

struct RestSource(Rc<Incoming>);

impl Source for RestSource {
    fn blocked(&self) -> Option<u32> {
        Rest(self.0.clone()).blocked()
    }
}

pub struct Trailers {
    body: Rest,
    taken: Cell<bool>,
}

impl GuestFutureTrailers for Trailers {
    fn subscribe(&self) -> Pollable {
        Poll::on(Rc::new(RestSource(self.body.0.clone())))
    }

    fn get(&self) -> Option<Result<Result<Option<TrailersHandle>, ErrorCode>, ()>> {
        if self.body.blocked().is_some() {
            return None;
        }
        if self.taken.replace(true) {
            return Some(Err(()));
        }
        Some(Ok(match &*self.body.0.end.borrow() {
            Some(Err(code)) => Err(code.clone()),
            Some(Ok(fields)) if !fields.is_empty() => Ok(Some(TheFields::shown(&Rc::new(fields.clone())))),
            _ => Ok(None),
        }))
    }
}

pub struct OutgoingBody {
    pipe: Rc<Pipe>,
    taken: Cell<bool>,
    done: Cell<bool>,
}

impl OutgoingBody {
    pub fn handle(pipe: Rc<Pipe>) -> OutgoingBodyHandle {
        OutgoingBodyHandle::new(Self { pipe, taken: Cell::default(), done: Cell::default() })
    }
}

impl GuestOutgoingBody for OutgoingBody {
    fn write(&self) -> Result<OutputStream, ()> {
        if self.taken.replace(true) {
            return Err(());
        }
        Ok(Output::Body(Writer::new(&self.pipe)).into_handle())
    }

    fn finish(this: OutgoingBodyHandle, trailers: Option<TrailersHandle>) -> Result<(), ErrorCode> {
        let this = this.into_inner::<Self>();
        this.done.set(true);
        if this.pipe.has_writer() {
            stop::trap("outgoing-body.finish was called while its stream was open; drop the stream first");
        }
        this.pipe.finish(trailers.map(TheFields::list))
    }
}

impl Drop for OutgoingBody {
    fn drop(&mut self) {
        if !self.done.get() {
            self.pipe.dropped();
        }
    }
}
