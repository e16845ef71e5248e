//! `wasi:io/error`: an error that may be known more precisely to the interface it came from.

use crate::bindings::filesystem::types::ErrorCode as FileError;
use crate::bindings::http::types::ErrorCode as HttpError;
use crate::bindings::io::error::{Error, Guest, GuestError};
use crate::bindings::io::streams::StreamError;
use crate::bindings::sockets::network::ErrorCode as SocketError;
use crate::Provider;

pub enum IoError {
    Http(HttpError),
    File(FileError),
    Socket(SocketError),
}

impl IoError {
    pub fn http(&self) -> Option<HttpError> {
        match self {
            Self::Http(code) => Some(code.clone()),
            Self::File(_) | Self::Socket(_) => None,
        }
    }

    pub fn file(&self) -> Option<FileError> {
        match self {
            Self::File(code) => Some(*code),
            Self::Http(_) | Self::Socket(_) => None,
        }
    }

    /// As the error of a stream.
    pub fn failed(self) -> StreamError {
        StreamError::LastOperationFailed(Error::new(self))
    }
}

impl GuestError for IoError {
    fn to_debug_string(&self) -> String {
        match self {
            Self::Http(code) => format!("{code:?}"),
            Self::File(code) => format!("{code:?}"),
            Self::Socket(code) => format!("{code:?}"),
        }
    }
}

impl Guest for Provider {
    type Error = IoError;
}
