//! Outgoing requests. Any number may be under way at once.

use std::cell::{Cell, RefCell};
use std::future::{poll_fn, Future};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Poll, Waker};

use super::body::{Body, Part};
use super::{errors, request, response};
use crate::bindings::exports::wasi::http0_3_0::client;
use crate::bindings::exports::wasi::http0_3_0::types::{ErrorCode, Request, Response};
use crate::bindings::spinlab::bridge::host;
use crate::effects::{later, perform, soon, start, Answer, DONE};
use crate::Provider;

/// A body waits for its stream with no more than this.
const MOST_HELD: usize = 64 * 1024;

impl client::Guest for Provider {
    async fn send(request: Request) -> Result<Response, ErrorCode> {
        let mut message = request.into_inner::<request::Message>();
        let body = message.take_body()?;
        let upload = Rc::new(Upload::default());
        let mut uploading: Uploading = Box::pin(upload.clone().run(body));
        let end = soon(uploading.as_mut()).await;
        let whole = matches!(&end, Some(End { read: Ok(trailers), .. }) if trailers.is_empty());
        let args = message.print(if whole { "whole" } else { "more" })?;
        let data = flat::data::encode(&upload.held.take());
        let begun = start("http", &args, &data);
        match end {
            Some(end) if whole => {
                let result = received(begun.id, begun.progress.finished().await);
                end.tell(result.as_ref().map(drop).map_err(Clone::clone));
                return result;
            }
            // Refused at once: nobody takes the rest of the body.
            None if begun.id == 0 => {}
            Some(end) => later(close(begun.id, end)),
            None => {
                upload.open(begun.id);
                later(carry_on(begun.id, uploading));
            }
        }
        received(begun.id, begun.progress.finished().await)
    }
}

fn received(id: u32, answer: Answer) -> Result<Response, ErrorCode> {
    if answer.status == DONE {
        Ok(response::Message::received(&answer.head, id, flat::data::decode(answer.data)))
    } else {
        Err(errors::parse(answer))
    }
}

fn done(answer: Answer) -> Result<(), ErrorCode> {
    if answer.status == DONE {
        Ok(())
    } else {
        Err(errors::parse(answer))
    }
}

type Uploading = Pin<Box<dyn Future<Output = End>>>;

async fn carry_on(id: u32, uploading: Uploading) {
    close(id, uploading.await).await;
}

/// Tell the host that the body is complete, and the guest how its transmission went.
async fn close(id: u32, end: End) {
    let outcome = match &end.read {
        Ok(_) if id == 0 => Err(ErrorCode::ConnectionTerminated),
        Ok(trailers) => done(perform("http-finish", &format!("{id}\n{trailers}"), "").await),
        Err(code) => {
            // Half a body must not look like a whole one.
            host::cancel(id);
            Err(code.clone())
        }
    };
    end.tell(outcome);
}

/// How the reading of a body ended: with the lines of its trailers, or not well.
struct End {
    body: Body,
    read: Result<String, ErrorCode>,
}

impl End {
    fn tell(mut self, outcome: Result<(), ErrorCode>) {
        self.body.transmitted(outcome);
    }
}

/// A body on its way to the host: held until the request has begun, then written piece by piece.
#[derive(Default)]
struct Upload {
    held: RefCell<Vec<u8>>,
    id: Cell<Option<u32>>,
    opened: RefCell<Option<Waker>>,
}

impl Upload {
    fn open(&self, id: u32) {
        self.id.set(Some(id));
        if let Some(waker) = self.opened.take() {
            waker.wake();
        }
    }

    async fn run(self: Rc<Self>, mut body: Body) -> End {
        let read = loop {
            match body.next().await {
                Part::Data(data) => {
                    if let Err(code) = self.pass_on(data).await {
                        break Err(code);
                    }
                }
                Part::End(None) => break Ok(String::new()),
                Part::End(Some(trailers)) => {
                    let mut lines = String::new();
                    flat::fields::print(trailers.iter(), &mut lines);
                    break Ok(lines);
                }
                Part::Failed(code) => break Err(code),
            }
        };
        End { body, read }
    }

    async fn pass_on(&self, data: Vec<u8>) -> Result<(), ErrorCode> {
        if let Some(id) = self.id.get() {
            return done(perform("http-write", &id.to_string(), &flat::data::encode(&data)).await);
        }
        if self.hold(&data) >= MOST_HELD {
            self.until_open().await;
        }
        Ok(())
    }

    fn hold(&self, data: &[u8]) -> usize {
        let mut held = self.held.borrow_mut();
        held.extend_from_slice(data);
        held.len()
    }

    async fn until_open(&self) {
        poll_fn(|context| match self.id.get() {
            Some(_) => Poll::Ready(()),
            None => {
                self.opened.replace(Some(context.waker().clone()));
                Poll::Pending
            }
        })
        .await;
    }
}
