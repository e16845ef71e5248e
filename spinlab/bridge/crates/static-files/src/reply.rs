//! A response on its way out.

use crate::bindings::http::types::{Fields, OutgoingBody, OutgoingResponse, ResponseOutparam};
use crate::bindings::io::streams::{OutputStream, StreamError};
use crate::files::File;

pub struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Body,
}

enum Body {
    Text(&'static str),
    /// First byte and how many.
    File(File, u64, u64),
}

impl Reply {
    pub fn new(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Body::Text("") }
    }

    pub fn text(status: u16, text: &'static str) -> Self {
        let reply = Self { status, headers: Vec::new(), body: Body::Text(text) };
        reply.with("content-type", "text/plain; charset=utf-8").with("content-length", &text.len().to_string())
    }

    pub fn file(mut self, file: File, first: u64, length: u64) -> Self {
        self = self.with("content-type", file.content_type).with("content-length", &length.to_string());
        self.body = Body::File(file, first, length);
        self.with("x-content-type-options", "nosniff")
    }

    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// Hand it over; without its body when the request was for the head alone.
    pub fn send(self, out: ResponseOutparam, head: bool) {
        let fields = Fields::new();
        for (name, value) in &self.headers {
            // A setting may hold what no header can: then it is left out.
            let _ = fields.append(name, value.as_bytes());
        }
        let response = OutgoingResponse::new(fields);
        let _ = response.set_status_code(self.status);
        if head || matches!(self.body, Body::Text("")) {
            // A body that is taken has to have the length that the headers say.
            return ResponseOutparam::set(out, Ok(response));
        }
        let body = response.body().expect("a response has one body");
        ResponseOutparam::set(out, Ok(response));
        if self.write(&body).is_ok() {
            let _ = OutgoingBody::finish(body, None);
        }
        // Else the body is dropped unfinished: the client sees that something is missing.
    }

    fn write(&self, body: &OutgoingBody) -> Result<(), ()> {
        let stream = body.write()?;
        let written = match &self.body {
            Body::Text(text) => write(&stream, text.as_bytes()),
            Body::File(file, first, length) => match file.bytes(*first, *length) {
                Some(bytes) => write(&stream, bytes),
                None => return pour(file, *first, *length, &stream),
            },
        };
        written.map_err(drop)
    }
}

fn pour(file: &File, first: u64, length: u64, stream: &OutputStream) -> Result<(), ()> {
    let mut pieces = file.stream(first, length).ok_or(())?;
    let mut left = length;
    while let Some(piece) = pieces.next()? {
        left -= piece.len() as u64;
        write(stream, &piece).map_err(drop)?;
    }
    if left == 0 {
        Ok(())
    } else {
        Err(())
    }
}

/// Write everything as there is room for it.
fn write(stream: &OutputStream, mut bytes: &[u8]) -> Result<(), StreamError> {
    while !bytes.is_empty() {
        let room = usize::try_from(stream.check_write()?).unwrap_or(usize::MAX);
        if room == 0 {
            stream.subscribe().block();
            continue;
        }
        let (now, later) = bytes.split_at(room.min(bytes.len()));
        stream.write(now)?;
        bytes = later;
    }
    stream.blocking_flush()
}
