//! The response to the request that is being served.

use super::body::OutgoingBody;
use super::errors;
use super::fields::TheFields;
use super::pipe::Pipe;
use super::target::Target;
use crate::bindings::http::types::{
    ErrorCode, GuestOutgoingResponse, GuestResponseOutparam, Headers, OutgoingBody as OutgoingBodyHandle,
    OutgoingResponse, ResponseOutparam,
};
use crate::effect::{wait, NEVER};
use flat::fields::Fields;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

pub struct Prepared {
    status: Cell<u16>,
    headers: Rc<Fields>,
    body: RefCell<Option<Rc<Pipe>>>,
}

impl GuestOutgoingResponse for Prepared {
    fn new(headers: Headers) -> Self {
        Self { status: Cell::new(200), headers: TheFields::list(headers), body: RefCell::default() }
    }

    fn status_code(&self) -> u16 {
        self.status.get()
    }

    fn set_status_code(&self, status: u16) -> Result<(), ()> {
        if !(100..1000).contains(&status) {
            return Err(());
        }
        self.status.set(status);
        Ok(())
    }

    fn headers(&self) -> Headers {
        TheFields::shown(&self.headers)
    }

    fn body(&self) -> Result<OutgoingBodyHandle, ()> {
        let mut body = self.body.borrow_mut();
        if body.is_some() {
            return Err(());
        }
        let pipe = body.insert(Pipe::new(true, flat::fields::content_length(&self.headers).map_err(|_| ())?));
        Ok(OutgoingBody::handle(pipe.clone()))
    }
}

impl Drop for Prepared {
    fn drop(&mut self) {
        // Nobody will ever read a body whose response was not set.
        if let Some(pipe) = self.body.take() {
            pipe.close();
        }
    }
}

/// What the guest has answered so far.
enum Answer {
    Nothing,
    Failed(ErrorCode),
    Response(String, Rc<Pipe>),
}

thread_local! {
    static ANSWER: RefCell<Answer> = const { RefCell::new(Answer::Nothing) };
}

/// A new request comes in.
pub fn reset() {
    ANSWER.set(Answer::Nothing);
}

pub struct Outparam;

impl GuestResponseOutparam for Outparam {
    fn set(_param: ResponseOutparam, response: Result<OutgoingResponse, ErrorCode>) {
        let answer = match response {
            Ok(response) => accept(response.into_inner::<Prepared>()),
            Err(code) => Answer::Failed(code),
        };
        ANSWER.set(answer);
    }
}

fn accept(response: Prepared) -> Answer {
    let head = flat::head::response(response.status.get(), &response.headers);
    let pipe = response.body.take().unwrap_or_else(|| {
        let empty = Pipe::new(true, None);
        // Without an expected length nothing can be wrong with its end.
        let _ = empty.finish(None);
        empty
    });
    pipe.attach(Target::Response(head.clone()));
    Answer::Response(head, pipe)
}

/// The guest's handler has returned: head and body for `run`.
pub fn conclude() -> (String, Vec<u8>) {
    match ANSWER.replace(Answer::Nothing) {
        Answer::Nothing => ("?".to_owned(), Vec::new()),
        Answer::Failed(code) => failed(&code, ""),
        Answer::Response(head, pipe) => match pipe.conclude() {
            Ok(Some(body)) => (head, body),
            Ok(None) => (String::new(), Vec::new()),
            Err(broken) => failed(&broken.code, broken.reason),
        },
    }
}

fn failed(code: &ErrorCode, reason: &str) -> (String, Vec<u8>) {
    let (name, detail) = errors::named(code);
    let comma = if reason.is_empty() || detail.is_empty() { "" } else { ": " };
    (format!("!{name}\n{reason}{comma}{detail}"), Vec::new())
}

/// The guest leaves without returning: a response that is complete still goes out.
pub fn send_if_complete() {
    if let Answer::Response(_, pipe) = ANSWER.replace(Answer::Nothing) {
        while let (true, (_, Some(id))) = (pipe.is_finished(), pipe.send()) {
            wait(&[id], NEVER);
        }
    }
}
