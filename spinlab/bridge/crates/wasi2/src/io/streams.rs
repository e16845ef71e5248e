//! `wasi:io/streams`: one type for all input streams, one for all output streams.

use crate::bindings::io::poll::Pollable;
use crate::bindings::io::streams::{
    Guest, GuestInputStream, GuestOutputStream, InputStream, InputStreamBorrow, OutputStream, StreamError,
};
use crate::cli::log;
use crate::filesystem::{FileSink, FileStream};
use crate::http::body::BodyStream;
use crate::http::pipe::Writer;
use crate::io::poll::{block_on, Poll, Source};
use crate::sockets::{SocketSink, SocketStream};
use crate::{stop, Provider};
use std::rc::Rc;

/// What a `check-write` allows at most, and a body keeps at most (wasmtime's default for HTTP bodies).
pub const BUDGET: usize = 1 << 20;

/// What the calls that write and flush in one take at most (wasi:io/streams).
const AT_ONCE: usize = 4096;

pub enum Input {
    /// Nothing will ever come.
    Closed,
    Body(BodyStream),
    File(FileStream),
    Socket(SocketStream),
}

impl Input {
    pub fn into_handle(self) -> InputStream {
        InputStream::new(self)
    }

    fn source(&self) -> Option<Rc<dyn Source>> {
        match self {
            Self::Body(stream) => Some(stream.source()),
            Self::Socket(stream) => Some(stream.source()),
            Self::Closed | Self::File(_) => None,
        }
    }

    fn block(&self) {
        if let Some(source) = self.source() {
            block_on(source);
        }
    }
}

fn length(wanted: u64) -> usize {
    usize::try_from(wanted).unwrap_or(usize::MAX)
}

impl GuestInputStream for Input {
    fn read(&self, len: u64) -> Result<Vec<u8>, StreamError> {
        match self {
            Self::Closed => Err(StreamError::Closed),
            Self::Body(stream) => stream.read(length(len)),
            Self::File(stream) => stream.read(length(len)),
            Self::Socket(stream) => stream.read(length(len)),
        }
    }

    fn blocking_read(&self, len: u64) -> Result<Vec<u8>, StreamError> {
        if len > 0 {
            self.block();
        }
        self.read(len)
    }

    fn skip(&self, len: u64) -> Result<u64, StreamError> {
        self.read(len).map(|bytes| bytes.len() as u64)
    }

    fn blocking_skip(&self, len: u64) -> Result<u64, StreamError> {
        self.blocking_read(len).map(|bytes| bytes.len() as u64)
    }

    fn subscribe(&self) -> Pollable {
        self.source().map_or_else(Poll::ready, Poll::on)
    }
}

pub enum Output {
    /// stdout (1) or stderr (2).
    Log(u32),
    Body(Writer),
    File(FileSink),
    Socket(SocketSink),
}

impl Output {
    pub fn into_handle(self) -> OutputStream {
        OutputStream::new(self)
    }

    fn room(&self) -> Result<u64, StreamError> {
        match self {
            Self::Log(_) => Ok(BUDGET as u64),
            Self::Body(writer) => writer.pipe().room(),
            Self::File(sink) => sink.room(),
            Self::Socket(sink) => sink.room(),
        }
    }

    fn source(&self) -> Option<Rc<dyn Source>> {
        match self {
            Self::Log(_) | Self::File(_) => None,
            Self::Body(writer) => Some(writer.pipe().clone()),
            Self::Socket(sink) => Some(sink.source()),
        }
    }

    fn block(&self) {
        if let Some(source) = self.source() {
            block_on(source);
        }
    }

    fn write_and_flush(&self, contents: Vec<u8>) -> Result<(), StreamError> {
        if contents.len() > AT_ONCE {
            stop::trap("blocking-write-and-flush takes 4096 bytes at most");
        }
        self.block();
        self.write(contents)?;
        self.blocking_flush()
    }
}

impl GuestOutputStream for Output {
    fn check_write(&self) -> Result<u64, StreamError> {
        self.room()
    }

    fn write(&self, contents: Vec<u8>) -> Result<(), StreamError> {
        match self {
            Self::Log(stream) => log::write(*stream, &contents),
            Self::Body(writer) => writer.pipe().write(contents)?,
            Self::File(sink) => sink.write(&contents)?,
            Self::Socket(sink) => sink.write(&contents)?,
        }
        Ok(())
    }

    fn blocking_write_and_flush(&self, contents: Vec<u8>) -> Result<(), StreamError> {
        self.write_and_flush(contents)
    }

    fn flush(&self) -> Result<(), StreamError> {
        match self {
            Self::Log(_) => Ok(()),
            Self::Body(writer) => writer.pipe().flush(),
            Self::File(_) => Ok(()),
            Self::Socket(sink) => sink.flush(),
        }
    }

    fn blocking_flush(&self) -> Result<(), StreamError> {
        self.flush()?;
        self.block();
        Ok(())
    }

    fn subscribe(&self) -> Pollable {
        self.source().map_or_else(Poll::ready, Poll::on)
    }

    fn write_zeroes(&self, len: u64) -> Result<(), StreamError> {
        if len > BUDGET as u64 {
            stop::trap("write-zeroes exceeded what check-write allowed");
        }
        self.write(vec![0; length(len)])
    }

    fn blocking_write_zeroes_and_flush(&self, len: u64) -> Result<(), StreamError> {
        self.write_and_flush(vec![0; length(len.min(AT_ONCE as u64 + 1))])
    }

    fn splice(&self, source: InputStreamBorrow<'_>, len: u64) -> Result<u64, StreamError> {
        let allowed = self.room()?.min(len);
        if allowed == 0 {
            return Ok(0);
        }
        let bytes = source.get::<Input>().read(allowed)?;
        let count = bytes.len() as u64;
        if count > 0 {
            self.write(bytes)?;
        }
        Ok(count)
    }

    fn blocking_splice(&self, source: InputStreamBorrow<'_>, len: u64) -> Result<u64, StreamError> {
        if len > 0 {
            source.get::<Input>().block();
            self.block();
        }
        self.splice(source, len)
    }
}

impl Guest for Provider {
    type InputStream = Input;
    type OutputStream = Output;
}
