//! A TCP connection and its streams.

use super::{change, error, Handle};
use crate::bindings::io::streams::StreamError;
use crate::bindings::sockets::network::ErrorCode;
use crate::effect::{Answer as Came, Effect, Failure};
use crate::io::error::IoError;
use crate::io::poll::Source;
use crate::stop;
use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;

/// What a `check-write` allows at most.
const ROOM: usize = 256 * 1024;

/// A connection of the host's. One read and one write are under way at most.
pub struct Connection {
    pub handle: Handle,
    pub local: SocketAddr,
    pub remote: SocketAddr,
    reading: RefCell<Reading>,
    writing: RefCell<Option<Effect>>,
    /// Nothing more can be written.
    ended: Cell<bool>,
}

#[derive(Default)]
struct Reading {
    buffer: Vec<u8>,
    at: usize,
    effect: Option<Effect>,
    /// Nothing more comes, and why.
    end: Option<Option<ErrorCode>>,
}

impl Connection {
    pub fn new(id: u32, head: &str) -> Option<Rc<Self>> {
        let handle = Handle(id);
        let (local, remote) = head.split_once('\n')?;
        Some(Rc::new(Self {
            handle,
            local: flat::socket::parse(local)?,
            remote: flat::socket::parse(remote)?,
            reading: RefCell::default(),
            writing: RefCell::default(),
            ended: Cell::default(),
        }))
    }

    /// Get more unless there is something to read; answers the effect to wait for.
    fn fill(&self) -> Option<u32> {
        let mut reading = self.reading.borrow_mut();
        while reading.at >= reading.buffer.len() && reading.end.is_none() {
            let id = self.handle.0.to_string();
            let effect = reading.effect.get_or_insert_with(|| Effect::start("socket.read", &id, b""));
            if let Some(id) = effect.pending() {
                return Some(id);
            }
            match reading.effect.take().and_then(|mut effect| effect.take()) {
                Some(Came::Done { data, .. }) => {
                    reading.buffer = data;
                    reading.at = 0;
                }
                Some(Came::End { .. }) | None => reading.end = Some(None),
                Some(Came::Failed(failure)) => reading.end = Some(Some(error(&failure))),
            }
        }
        None
    }

    fn read(&self, length: usize) -> Result<Vec<u8>, StreamError> {
        if length > 0 {
            self.fill();
        }
        let mut reading = self.reading.borrow_mut();
        let left = reading.buffer.len() - reading.at;
        if left == 0 {
            return match reading.end {
                None => Ok(Vec::new()),
                Some(None) => Err(StreamError::Closed),
                Some(Some(code)) => {
                    reading.end = Some(None);
                    Err(IoError::Socket(code).failed())
                }
            };
        }
        let end = reading.at + length.min(left);
        let bytes = reading.buffer[reading.at..end].to_vec();
        reading.at = end;
        Ok(bytes)
    }

    pub fn stop_reading(&self) {
        self.reading.replace(Reading { end: Some(None), ..Reading::default() });
    }

    /// The write to wait for before the next one, if it is still under way.
    fn unwritten(&self) -> Result<Option<u32>, StreamError> {
        let mut writing = self.writing.borrow_mut();
        let Some(effect) = writing.as_mut() else {
            return Ok(None);
        };
        if let Some(id) = effect.pending() {
            return Ok(Some(id));
        }
        match writing.take().and_then(|mut effect| effect.take()) {
            Some(Came::Failed(failure)) => Err(self.broken(&failure)),
            _ => Ok(None),
        }
    }

    fn broken(&self, failure: &Failure) -> StreamError {
        self.ended.set(true);
        match failure.name.as_str() {
            "connection-broken" | "invalid-state" => StreamError::Closed,
            _ => IoError::Socket(error(failure)).failed(),
        }
    }

    fn room(&self) -> Result<u64, StreamError> {
        if self.ended.get() {
            return Err(StreamError::Closed);
        }
        Ok(if self.unwritten()?.is_some() { 0 } else { ROOM as u64 })
    }

    fn write(&self, contents: &[u8]) -> Result<(), StreamError> {
        if self.ended.get() {
            return Err(StreamError::Closed);
        }
        if contents.len() > ROOM || self.unwritten()?.is_some() {
            stop::trap("a write exceeded what check-write allowed");
        }
        if contents.is_empty() {
            return Ok(());
        }
        self.writing.replace(Some(Effect::start("socket.write", &self.handle.0.to_string(), contents)));
        self.unwritten().map(|_| ())
    }

    /// Nothing more is written; what is on its way goes out first.
    pub fn finish_writing(&self) {
        if !self.ended.replace(true) {
            // A connection that is gone needs no end.
            let _ = change("socket.shutdown", &format!("{} send", self.handle.0));
        }
    }
}

struct Readable(Rc<Connection>);

impl Source for Readable {
    fn blocked(&self) -> Option<u32> {
        self.0.fill()
    }
}

struct Writable(Rc<Connection>);

impl Source for Writable {
    fn blocked(&self) -> Option<u32> {
        let mut writing = self.0.writing.borrow_mut();
        // Its outcome stays for the next who writes.
        writing.as_mut().and_then(Effect::pending)
    }
}

/// The input stream of a connection.
pub struct SocketStream(Rc<Connection>);

impl SocketStream {
    pub fn new(connection: &Rc<Connection>) -> Self {
        Self(connection.clone())
    }

    pub fn read(&self, length: usize) -> Result<Vec<u8>, StreamError> {
        self.0.read(length)
    }

    pub fn source(&self) -> Rc<dyn Source> {
        Rc::new(Readable(self.0.clone()))
    }
}

impl Drop for SocketStream {
    fn drop(&mut self) {
        self.0.stop_reading();
    }
}

/// The output stream of a connection.
pub struct SocketSink(Rc<Connection>);

impl SocketSink {
    pub fn new(connection: &Rc<Connection>) -> Self {
        Self(connection.clone())
    }

    pub fn room(&self) -> Result<u64, StreamError> {
        self.0.room()
    }

    pub fn write(&self, contents: &[u8]) -> Result<(), StreamError> {
        self.0.write(contents)
    }

    pub fn flush(&self) -> Result<(), StreamError> {
        self.0.room().map(|_| ())
    }

    pub fn source(&self) -> Rc<dyn Source> {
        Rc::new(Writable(self.0.clone()))
    }
}

impl Drop for SocketSink {
    fn drop(&mut self) {
        self.0.finish_writing();
    }
}
