//! Where a body on its way out goes, and the effects that take it there.

use super::client::Exchange;
use crate::effect::Effect;
use std::rc::Weak;

pub enum Target {
    /// The response, after this head.
    Response(String),
    /// The outgoing request with this id.
    Request(u32, Weak<Exchange>),
}

impl Target {
    /// What comes before the first byte.
    pub fn begin(&self) -> Option<Effect> {
        match self {
            Self::Response(head) => Some(Effect::start("response", head, b"")),
            Self::Request(..) => None,
        }
    }

    pub fn piece(&self, bytes: &[u8]) -> Effect {
        match self {
            Self::Response(_) => Effect::start("response-body", "", bytes),
            Self::Request(id, _) => Effect::start("http-write", &id.to_string(), bytes),
        }
    }

    /// The end, with the lines of the trailers.
    pub fn end(&self, trailers: &str) -> Effect {
        match self {
            Self::Response(_) => Effect::start("response-end", trailers, b""),
            Self::Request(id, _) if trailers.is_empty() => Effect::start("http-finish", &id.to_string(), b""),
            Self::Request(id, _) => Effect::start("http-finish", &format!("{id}\n{trailers}"), b""),
        }
    }
}
