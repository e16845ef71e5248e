//! Reading and writing files.

use super::{ask, Answer};
use crate::bindings::filesystem::types::ErrorCode;
use crate::bindings::io::streams::StreamError;
use crate::effect::Effect;
use crate::io::error::IoError;
use crate::io::streams::BUDGET;
use crate::stop;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// Bytes that are fetched at once: guests read in small pieces, and each crossing costs as much as 10 KB.
const WINDOW: usize = 128 * 1024;

/// Bytes that one call writes at most.
const PIECE: usize = 1 << 20;

/// An open file. What was fetched last is kept, unless the file may change.
pub struct File {
    pub number: u64,
    pub changes: bool,
    size: u64,
    window: RefCell<(u64, Vec<u8>)>,
}

impl File {
    pub fn new(opened: &flat::files::Opened) -> Rc<Self> {
        Rc::new(Self { number: opened.number, changes: opened.changes, size: opened.size, window: RefCell::default() })
    }

    /// At most `length` bytes; none at the end.
    pub fn read(&self, offset: u64, length: usize) -> Answer<Vec<u8>> {
        if length == 0 {
            return Ok(Vec::new());
        }
        if self.changes {
            return self.fetch(offset, length);
        }
        if offset >= self.size {
            return Ok(Vec::new());
        }
        if self.kept(offset).is_none() {
            let bytes = self.fetch(offset, length.max(WINDOW))?;
            self.window.replace((offset, bytes));
        }
        let start = self.kept(offset).ok_or(ErrorCode::Io)?;
        let window = self.window.borrow();
        let end = start.saturating_add(length).min(window.1.len());
        Ok(window.1[start..end].to_vec())
    }

    fn fetch(&self, offset: u64, length: usize) -> Answer<Vec<u8>> {
        Ok(ask("fs-read", &format!("{}\n{offset}\n{length}", self.number))?.1)
    }

    /// Where `offset` lies in the window.
    fn kept(&self, offset: u64) -> Option<usize> {
        let window = self.window.borrow();
        let start = usize::try_from(offset.checked_sub(window.0)?).ok()?;
        (start < window.1.len()).then_some(start)
    }

    /// Write at `offset`, or behind the end; answers how many bytes.
    pub fn write(&self, offset: Option<u64>, bytes: &[u8]) -> Answer<u64> {
        let place = offset.map_or_else(|| "end".to_owned(), |offset| offset.to_string());
        let bytes = &bytes[..bytes.len().min(PIECE)];
        let (count, _) =
            Effect::start("fs-write", &format!("{}\n{place}", self.number), bytes).finish().map_err(super::error)?;
        count.parse().or(Ok(0))
    }
}

/// The input stream of a file from some place on.
pub struct FileStream {
    file: Rc<File>,
    at: Cell<u64>,
}

impl FileStream {
    pub fn new(file: &Rc<File>, offset: u64) -> Self {
        Self { file: file.clone(), at: Cell::new(offset) }
    }

    pub fn read(&self, length: usize) -> Result<Vec<u8>, StreamError> {
        let bytes = self.file.read(self.at.get(), length).map_err(|code| IoError::File(code).failed())?;
        if bytes.is_empty() && length > 0 {
            return Err(StreamError::Closed);
        }
        self.at.set(self.at.get() + bytes.len() as u64);
        Ok(bytes)
    }
}

/// The output stream of a file, from some place on or always behind its end. Every write is done at once.
pub struct FileSink {
    file: Rc<File>,
    at: Cell<Option<u64>>,
    failed: Cell<bool>,
}

impl FileSink {
    pub fn new(file: &Rc<File>, offset: Option<u64>) -> Self {
        Self { file: file.clone(), at: Cell::new(offset), failed: Cell::default() }
    }

    /// Bytes that may be written now.
    pub fn room(&self) -> Result<u64, StreamError> {
        if self.failed.get() {
            return Err(StreamError::Closed);
        }
        Ok(BUDGET as u64)
    }

    pub fn write(&self, contents: &[u8]) -> Result<(), StreamError> {
        if contents.len() > BUDGET {
            stop::trap("a write exceeded what check-write allowed");
        }
        self.room()?;
        let mut left = contents;
        while !left.is_empty() {
            let count = self.file.write(self.at.get(), left).map_err(|code| {
                self.failed.set(true);
                IoError::File(code).failed()
            })?;
            self.at.set(self.at.get().map(|at| at.saturating_add(count)));
            left = left.get(usize::try_from(count).unwrap_or(0).max(1)..).unwrap_or_default();
        }
        Ok(())
    }
}
