//! Responses: those that a guest makes and those that its requests get.

use std::cell::Cell;
use std::rc::Rc;

use flat::fields::Fields as Pairs;
use wit_bindgen::{FutureReader, StreamReader};

use super::body::{Body, Outcome, TrailersReader};
use super::fields::{shown, Held};
use crate::bindings::exports::wasi::http0_3_0::types::{ErrorCode, GuestResponse, Headers, Response, StatusCode};

pub struct Message {
    status: Cell<StatusCode>,
    headers: Rc<Pairs>,
    pub body: Body,
}

impl Message {
    /// The response that the host received; `id` is the stream of its body.
    pub fn received(head: &str, id: u32, data: Vec<u8>) -> Response {
        let (status, headers) = flat::head::parse_response(head);
        Response::new(Self {
            status: Cell::new(status),
            headers: Rc::new(shown(headers)),
            body: Body::from_stream(id, data),
        })
    }

    /// Hold the body to what the headers say about it. Answers to HEAD, and 304, may speak of a body that they lack.
    pub fn check_length(&mut self, head: bool) -> Result<(), ErrorCode> {
        if head || self.status.get() == 304 {
            return Ok(());
        }
        self.body.announce(&self.headers, ErrorCode::HttpResponseBodySize)
    }

    /// Status and header lines.
    pub fn print(&self) -> String {
        flat::head::response(self.status.get(), &self.headers)
    }
}

impl GuestResponse for Message {
    fn new(
        headers: Headers,
        contents: Option<StreamReader<u8>>,
        trailers: TrailersReader,
    ) -> (Response, FutureReader<Outcome>) {
        let (body, sent) = Body::from_guest(contents, trailers);
        (Response::new(Self { status: Cell::new(200), headers: Held::given(headers), body }), sent)
    }

    fn get_status_code(&self) -> StatusCode {
        self.status.get()
    }

    fn set_status_code(&self, status: StatusCode) -> Result<(), ()> {
        if !(100..1000).contains(&status) {
            return Err(());
        }
        self.status.set(status);
        Ok(())
    }

    fn get_headers(&self) -> Headers {
        Held::view(&self.headers)
    }

    fn consume_body(this: Response, result: FutureReader<Outcome>) -> (StreamReader<u8>, TrailersReader) {
        this.into_inner::<Self>().body.into_streams(result)
    }
}
