//! What is sent to the client.

use std::any::Any;
use std::borrow::Cow;
use std::fmt::Display;
use std::io::{self, Write};

use crate::abi::{self, Handle, Results};
use crate::request::Reader;
use crate::Error;

const TEXT: &str = "text/plain; charset=utf-8";
const BYTES: &str = "application/octet-stream";

type Stream = Box<dyn FnOnce(&mut Writer) -> io::Result<()>>;

enum Body {
    Whole(Vec<u8>),
    Stream(Stream),
}

/// An answer in full.
///
/// ```
/// Response::new("made\n").status(201).header("location", "/things/1")
/// ```
pub struct Response {
    status: u16,
    headers: Vec<(String, Vec<u8>)>,
    kind: Option<&'static str>,
    body: Body,
}

impl Response {
    /// An answer with anything that can be sent as its body.
    pub fn new(body: impl IntoResponse) -> Self {
        body.into_response()
    }

    /// An answer in HTML.
    pub fn html(body: impl Into<String>) -> Self {
        Self::whole(body.into().into_bytes(), Some("text/html; charset=utf-8"))
    }

    /// An answer in JSON that is text already.
    pub fn json(body: impl Into<String>) -> Self {
        Self::whole(body.into().into_bytes(), Some("application/json"))
    }

    /// An answer whose body is written while it is sent; each `flush` sends what there is.
    ///
    /// ```
    /// Response::stream(|out| {
    ///     for n in 0..3 {
    ///         writeln!(out, "{n}")?;
    ///         out.flush()?;
    ///     }
    ///     Ok(())
    /// })
    /// ```
    pub fn stream(body: impl FnOnce(&mut Writer) -> io::Result<()> + 'static) -> Self {
        Self { status: 200, headers: Vec::new(), kind: Some(TEXT), body: Body::Stream(Box::new(body)) }
    }

    /// The same with another status.
    pub fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// The same with one more header field.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    fn whole(body: Vec<u8>, kind: Option<&'static str>) -> Self {
        Self { status: 200, headers: Vec::new(), kind, body: Body::Whole(body) }
    }

    fn has(&self, name: &str) -> bool {
        self.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name))
    }

    fn failed(message: &str) -> Self {
        abi::log(message);
        Self::whole(b"Internal Server Error\n".to_vec(), Some(TEXT)).status(500)
    }
}

/// What a handler may return.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be sent as an answer",
    label = "can't be sent",
    note = "return text, bytes, (status, body), Response, Option or Result; format!(\"{{x}}\") makes text of a number"
)]
pub trait IntoResponse {
    /// The answer that it stands for.
    fn into_response(self) -> Response;
}

impl IntoResponse for Response {
    fn into_response(self) -> Response {
        self
    }
}

macro_rules! sent_as {
    ($kind:expr, $($type:ty),*) => {
        $(impl IntoResponse for $type {
            fn into_response(self) -> Response {
                Response::whole(self.into(), $kind)
            }
        })*
    };
}

sent_as!(Some(TEXT), &str, String);
sent_as!(Some(BYTES), &[u8], Vec<u8>, Box<[u8]>);

impl IntoResponse for Cow<'_, str> {
    fn into_response(self) -> Response {
        self.into_owned().into_response()
    }
}

impl<const N: usize> IntoResponse for &[u8; N] {
    fn into_response(self) -> Response {
        self.as_slice().into_response()
    }
}

impl IntoResponse for () {
    fn into_response(self) -> Response {
        Response::whole(Vec::new(), None)
    }
}

impl<B: IntoResponse> IntoResponse for (u16, B) {
    fn into_response(self) -> Response {
        self.1.into_response().status(self.0)
    }
}

impl<B: IntoResponse, N: Into<String>, V: Into<Vec<u8>>, const C: usize> IntoResponse for (u16, [(N, V); C], B) {
    fn into_response(self) -> Response {
        let answer = self.2.into_response().status(self.0);
        self.1.into_iter().fold(answer, |answer, (name, value)| answer.header(name, value))
    }
}

impl<T: IntoResponse> IntoResponse for Option<T> {
    fn into_response(self) -> Response {
        match self {
            Some(found) => found.into_response(),
            None => (404, "Not Found\n").into_response(),
        }
    }
}

impl<T: IntoResponse, E: Display + 'static> IntoResponse for Result<T, E> {
    fn into_response(self) -> Response {
        self.map_or_else(refused, T::into_response)
    }
}

impl IntoResponse for Reader {
    fn into_response(mut self) -> Response {
        let stream = Response::stream(move |out| {
            while let Some(chunk) = self.chunk()? {
                out.write_all(&chunk)?;
                out.flush()?;
            }
            Ok(())
        });
        Response { kind: Some(BYTES), ..stream }
    }
}

/// The answer for an error: its own status when it has one that blames the client, else 500.
fn refused<E: Display + 'static>(error: E) -> Response {
    let any: &dyn Any = &error;
    let boxed = any.downcast_ref::<Box<dyn std::error::Error>>().and_then(|inner| inner.downcast_ref::<Error>());
    let shared =
        any.downcast_ref::<Box<dyn std::error::Error + Send + Sync>>().and_then(|inner| inner.downcast_ref::<Error>());
    match any.downcast_ref::<Error>().or(boxed).or(shared) {
        Some(known) if known.status() < 500 => (known.status(), format!("{known}\n")).into_response(),
        Some(known) => Response::failed(&format!("Error: {known}")).status(known.status()),
        None => Response::failed(&format!("Error: {error}")),
    }
}

/// Sends an answer through the `response-outparam` of the request.
pub(crate) fn send(mut answer: Response, out: i32) {
    if !(200..=599).contains(&answer.status) {
        let status = answer.status;
        answer = Response::failed(&format!("the status {status} can't be sent; it is 200 to 599"));
    }
    if let (Some(kind), false) = (answer.kind, answer.has("content-type")) {
        answer = answer.header("content-type", kind);
    }
    if let (Body::Whole(body), false) = (&answer.body, answer.has("content-length")) {
        let length = body.len().to_string();
        answer = answer.header("content-length", length);
    }
    let Some(headers) = abi::new_fields(&answer.headers) else {
        let names: Vec<_> = answer.headers.iter().map(|(name, _)| name.as_str()).collect();
        return send(Response::failed(&format!("one of these headers can't be sent: {}", names.join(", "))), out);
    };
    unsafe {
        let response = abi::response_new(headers);
        abi::response_status(response, i32::from(answer.status));
        let body = Results::of(|area| abi::response_body(response, area)).handle(4);
        let nothing = std::ptr::null_mut();
        abi::outparam_set(out, 0, response, 0, 0, nothing, nothing, 0, 0);
        finish(body, |writer| match answer.body {
            Body::Whole(bytes) => writer.write_all(&bytes),
            Body::Stream(write) => write(writer),
        });
    }
}

/// Writes a body and says that it is whole; one that could not be written to its end stays unfinished.
fn finish(body: i32, write: impl FnOnce(&mut Writer) -> io::Result<()>) {
    match written(body, write) {
        Ok(()) => {
            let results = Results::of(|area| unsafe { abi::body_finish(body, 0, 0, area) });
            if results.case(0) != 0 {
                abi::log(&format!("Error: the answer could not be ended: {}", abi::error_code(&results, 8)));
            }
        }
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        Err(error) => panic!("the answer broke off: {error}"),
    }
}

/// Writes into an outgoing body.
pub(crate) fn written(body: i32, write: impl FnOnce(&mut Writer) -> io::Result<()>) -> io::Result<()> {
    let stream = Results::of(|area| unsafe { abi::body_write(body, area) });
    let mut writer = Writer { stream: Handle::new(stream.handle(4), abi::drop_output), waiting: Vec::new() };
    write(&mut writer)?;
    writer.flush()
}

/// Where a streamed body is written.
pub struct Writer {
    stream: Handle,
    waiting: Vec<u8>,
}

const PART: usize = 1 << 14;

impl Writer {
    fn pass_on(&mut self, mut data: &[u8]) -> io::Result<()> {
        while !data.is_empty() {
            let room = Results::of(|area| unsafe { abi::stream_room(self.stream.0, area) });
            if room.case(0) != 0 {
                return Err(broken(&room, 8));
            }
            let now = data.len().min(usize::try_from(room.u64(8)).unwrap_or(usize::MAX));
            if now == 0 {
                abi::wait(unsafe { abi::stream_subscribe(self.stream.0) });
                continue;
            }
            let done = Results::of(|area| unsafe { abi::stream_write(self.stream.0, data.as_ptr(), now, area) });
            if done.case(0) != 0 {
                return Err(broken(&done, 4));
            }
            data = &data[now..];
        }
        Ok(())
    }
}

impl Write for Writer {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        if self.waiting.len() + data.len() < PART {
            self.waiting.extend_from_slice(data);
        } else {
            let waiting = std::mem::take(&mut self.waiting);
            self.pass_on(&waiting)?;
            self.pass_on(data)?;
        }
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let waiting = std::mem::take(&mut self.waiting);
        self.pass_on(&waiting)?;
        let done = Results::of(|area| unsafe { abi::stream_flush(self.stream.0, area) });
        if done.case(0) != 0 {
            return Err(broken(&done, 4));
        }
        abi::wait(unsafe { abi::stream_subscribe(self.stream.0) });
        Ok(())
    }
}

fn broken(results: &Results, offset: usize) -> io::Error {
    abi::stream_error(results, offset)
        .unwrap_or_else(|| io::Error::new(io::ErrorKind::BrokenPipe, "nobody reads any more"))
}
