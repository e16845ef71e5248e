//! Bodies with their trailers, from whatever they come: a guest's stream, bytes, or effects of the host.

use std::rc::Rc;

use flat::fields::Fields as Pairs;
use wit_bindgen::{FutureReader, StreamReader, StreamWriter};

use super::fields::{shown, Held};
use super::{errors, foreign};
use crate::bindings::exports::wasi::http0_3_0::types::{ErrorCode, Trailers};
use crate::bindings::spinlab::bridge::host;
use crate::bindings::{wit_future, wit_stream};
use crate::control;
use crate::effects::{later, perform, DONE, END};
use crate::streams::{is_wanted, while_wanted, Pieces, Promise};

pub type TrailersResult = Result<Option<Trailers>, ErrorCode>;
pub type TrailersReader = FutureReader<TrailersResult>;
pub type Outcome = Result<(), ErrorCode>;

/// What comes next out of a body.
pub enum Part {
    Data(Vec<u8>),
    End(Option<Rc<Pairs>>),
    Failed(ErrorCode),
}

enum Source {
    Nothing,
    Bytes(Vec<u8>),
    Guest(Pieces),
    Host(Remote),
}

pub struct Body {
    source: Source,
    trailers: Option<TrailersReader>,
    /// Tells the guest that made the body how its transmission went. Dropped, it says "well": nobody wanted the body.
    sent: Option<Promise<Outcome>>,
    length: Option<Length>,
}

/// How long the body says it is, and how much of it has passed.
struct Length {
    announced: u64,
    passed: u64,
    wrong: fn(Option<u64>) -> ErrorCode,
}

impl Body {
    pub fn from_guest(contents: Option<StreamReader<u8>>, trailers: TrailersReader) -> (Self, FutureReader<Outcome>) {
        let (writer, sent) = wit_future::new(|| Ok(()));
        let source = contents.map_or(Source::Nothing, |stream| Source::Guest(Pieces::new(stream)));
        (Self { source, trailers: Some(trailers), sent: Some(foreign::outcome_promise(writer)), length: None }, sent)
    }

    /// The body of the request that the host sends: `data`, and what `request-body` effects bring if there is `more`.
    pub fn from_request(data: Vec<u8>, more: bool) -> Self {
        let source = if more { Source::Host(Remote::new("request-body", 0, data)) } else { Source::Bytes(data) };
        Self { source, trailers: None, sent: None, length: None }
    }

    /// The body of the response that opened the stream `id`: `data`, and what `http-read` effects bring.
    pub fn from_stream(id: u32, data: Vec<u8>) -> Self {
        let source = if id == 0 { Source::Bytes(data) } else { Source::Host(Remote::new("http-read", id, data)) };
        Self { source, trailers: None, sent: None, length: None }
    }

    /// Hold the body to the `content-length` among `headers`; `wrong` is the error code of a body that is not so long.
    pub fn announce(&mut self, headers: &Pairs, wrong: fn(Option<u64>) -> ErrorCode) -> Result<(), ErrorCode> {
        let announced = flat::fields::content_length(headers)
            .map_err(|_| ErrorCode::InternalError(Some("content-length is not a number".to_owned())))?;
        self.length = announced.map(|announced| Length { announced, passed: 0, wrong });
        Ok(())
    }

    pub async fn next(&mut self) -> Part {
        let part = self.part().await;
        match (&mut self.length, &part) {
            (Some(length), Part::Data(data)) => {
                length.passed += data.len() as u64;
                if length.passed > length.announced {
                    return Part::Failed((length.wrong)(Some(length.passed)));
                }
            }
            (Some(length), Part::End(_)) if length.passed != length.announced => {
                return Part::Failed((length.wrong)(Some(length.passed)));
            }
            _ => {}
        }
        part
    }

    async fn part(&mut self) -> Part {
        match &mut self.source {
            Source::Nothing => {}
            Source::Bytes(bytes) => {
                let bytes = std::mem::take(bytes);
                self.source = Source::Nothing;
                if !bytes.is_empty() {
                    return Part::Data(bytes);
                }
            }
            Source::Guest(pieces) => match pieces.next().await {
                Some(piece) => return Part::Data(piece),
                None => self.source = Source::Nothing,
            },
            Source::Host(remote) => return remote.next().await,
        }
        match self.trailers.take() {
            None => Part::End(None),
            Some(reader) => match foreign::read_trailers(reader).await {
                Ok(fields) => Part::End(fields.map(Held::given)),
                Err(code) => Part::Failed(code),
            },
        }
    }

    /// The body has gone where it should, or not.
    pub fn transmitted(&mut self, outcome: Outcome) {
        if let Some(sent) = self.sent.take() {
            sent.keep(outcome);
        }
    }

    /// As a guest reads it; `result` is what that guest says about it at the end.
    pub fn into_streams(mut self, result: FutureReader<Outcome>) -> (StreamReader<u8>, TrailersReader) {
        let sent = self.sent.take();
        later(async move {
            let outcome = foreign::read_outcome(result).await;
            if let Some(sent) = sent {
                sent.keep(outcome);
            }
        });
        match (self.source, self.trailers) {
            (Source::Guest(pieces), Some(trailers)) => (pieces.into_stream(), trailers),
            (Source::Nothing, Some(trailers)) => (wit_stream::new().1, trailers),
            (source, trailers) => supplied(Self { source, trailers, sent: None, length: None }),
        }
    }

    /// Would the next part be asked of the host?
    fn is_remote(&self) -> bool {
        matches!(&self.source, Source::Host(remote) if remote.data.is_empty())
    }
}

/// A stream that a job fills from `body`.
fn supplied(body: Body) -> (StreamReader<u8>, TrailersReader) {
    let (to, stream) = wit_stream::new();
    let (writer, trailers) = wit_future::new(|| Ok(None));
    let promise = foreign::trailers_promise(writer);
    later(supply(body, to, promise));
    (stream, trailers)
}

async fn supply(mut body: Body, mut to: StreamWriter<u8>, trailers: Promise<TrailersResult>) {
    loop {
        if body.is_remote() && !is_wanted(&mut to).await {
            return;
        }
        let Some(part) = while_wanted(body.next(), &mut to).await else { return };
        match part {
            Part::Data(data) => {
                if !to.write_all(data).await.is_empty() {
                    return;
                }
            }
            Part::End(fields) => {
                drop(to);
                return trailers.keep(Ok(fields.map(|pairs| Held::own(pairs.to_vec()))));
            }
            Part::Failed(code) => {
                drop(to);
                return trailers.keep(Err(code));
            }
        }
    }
}

/// A body that comes from the host, piece by piece. Dropped before its end, its stream is closed.
struct Remote {
    op: &'static str,
    id: u32,
    /// Came with the head.
    data: Vec<u8>,
    request: u32,
    over: bool,
}

impl Remote {
    fn new(op: &'static str, id: u32, data: Vec<u8>) -> Self {
        Self { op, id, data, request: control::current_request(), over: false }
    }

    async fn next(&mut self) -> Part {
        if !self.data.is_empty() {
            return Part::Data(std::mem::take(&mut self.data));
        }
        if self.over {
            return Part::End(None);
        }
        // Kept by the guest beyond its request: the host has closed it, and the same number may mean another stream.
        if self.request != control::current_request() {
            self.over = true;
            return Part::Failed(ErrorCode::ConnectionTerminated);
        }
        let args = if self.id == 0 { String::new() } else { self.id.to_string() };
        let answer = perform(self.op, &args, "").await;
        self.over = answer.status != DONE;
        match answer.status {
            DONE => Part::Data(flat::data::decode(answer.data)),
            END => {
                let trailers = shown(flat::fields::parse(answer.head.split('\n')));
                Part::End((!trailers.is_empty()).then(|| Rc::new(trailers)))
            }
            _ => Part::Failed(errors::parse(answer)),
        }
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        if !self.over && self.id != 0 && self.request == control::current_request() {
            host::cancel(self.id);
        }
    }
}
