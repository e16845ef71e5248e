//! Reading a mounted file.

use super::Answer;
use crate::bindings::filesystem::types::ErrorCode;
use crate::bindings::io::streams::StreamError;
use crate::effect::{call, Failure};
use crate::io::error::IoError;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// Bytes that are fetched at once: guests read in small pieces, and each crossing costs as much as 10 KB.
const WINDOW: usize = 128 * 1024;

fn error(failure: Failure) -> ErrorCode {
    match failure.name.as_str() {
        "no-entry" => ErrorCode::NoEntry,
        "not-directory" => ErrorCode::NotDirectory,
        "is-directory" => ErrorCode::IsDirectory,
        "not-permitted" => ErrorCode::NotPermitted,
        "access" => ErrorCode::Access,
        "invalid" => ErrorCode::Invalid,
        "name-too-long" => ErrorCode::NameTooLong,
        "loop" => ErrorCode::Loop,
        _ => ErrorCode::Io,
    }
}

pub fn ask(op: &str, args: &str) -> Answer<(String, Vec<u8>)> {
    call(op, args).map_err(error)
}

/// A regular file; what was fetched last is kept, since files don't change.
pub struct File {
    path: String,
    pub size: u64,
    window: RefCell<(u64, Vec<u8>)>,
}

impl File {
    pub fn new(path: String, size: u64) -> Rc<Self> {
        Rc::new(Self { path, size, window: RefCell::default() })
    }

    pub fn read(&self, offset: u64, length: usize) -> Answer<Vec<u8>> {
        if length == 0 || offset >= self.size {
            return Ok(Vec::new());
        }
        if self.kept(offset).is_none() {
            let args = format!("{}\n{offset}\n{}", self.path, length.max(WINDOW));
            let (_, bytes) = ask("fs-read", &args)?;
            self.window.replace((offset, bytes));
        }
        let start = self.kept(offset).ok_or(ErrorCode::Io)?;
        let window = self.window.borrow();
        let end = start.saturating_add(length).min(window.1.len());
        Ok(window.1[start..end].to_vec())
    }

    /// Where `offset` lies in the window.
    fn kept(&self, offset: u64) -> Option<usize> {
        let window = self.window.borrow();
        let start = usize::try_from(offset.checked_sub(window.0)?).ok()?;
        (start < window.1.len()).then_some(start)
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
        if self.at.get() >= self.file.size {
            return Err(StreamError::Closed);
        }
        let bytes = self.file.read(self.at.get(), length).map_err(|code| IoError::File(code).failed())?;
        self.at.set(self.at.get() + bytes.len() as u64);
        Ok(bytes)
    }
}
