//! The provider's own interface: a request comes in, the guest's handler runs, the response is handed over.

use crate::bindings::ctl::{Guest, IncomingRequest, ResponseOutparam};
use crate::cli::{command, log};
use crate::http::{pipe, request, response};
use crate::{stop, Provider};
use std::cell::RefCell;

thread_local! {
    static REQUEST: RefCell<Option<request::Received>> = const { RefCell::new(None) };
}

impl Guest for Provider {
    fn begin(head: String, data: String) {
        pipe::reset();
        response::reset();
        let head = flat::head::Request::parse(&head);
        REQUEST.set(Some(request::Received::new(head, flat::data::decode(data))));
    }

    fn take_request() -> IncomingRequest {
        match REQUEST.take() {
            Some(request) => IncomingRequest::new(request),
            None => stop::trap("there is no request"),
        }
    }

    fn take_outparam() -> ResponseOutparam {
        ResponseOutparam::new(response::Outparam)
    }

    fn finish() -> (String, String) {
        let (head, body) = response::conclude();
        log::finish();
        (head, flat::data::encode(&body))
    }
    fn begin_command(head: String, data: String) {
        pipe::reset();
        response::reset();
        command::begin(&head, flat::data::decode(data));
    }

    fn finish_command(failed: bool) -> (String, String) {
        let left = command::finish();
        log::finish();
        let head = if failed { "failed" } else { "done" };
        (head.to_owned(), flat::data::encode(&left))
    }
}
