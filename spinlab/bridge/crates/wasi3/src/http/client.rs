//! Outgoing requests. Any number may be under way at once.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Poll, Waker};

use wit_bindgen::spawn_local;

use super::body::{Body, Part};
use super::{errors, request, response};
use crate::bindings::exports::wasi::http0_3_0::client;
use crate::bindings::exports::wasi::http0_3_0::types::{ErrorCode, Request, Response};
use crate::effects::{perform, soon, start, Answer, DONE};
use crate::Provider;

/// A body waits for its stream with no more than this.
const MOST_HELD: usize = 64 * 1024;

impl client::Guest for Provider {
    async fn send(request: Request) -> Result<Response, ErrorCode> {
        let mut message = request.into_inner::<request::Message>();
        let body = std::mem::replace(&mut message.body, Body::from_request(Vec::new(), false));
        let upload = Rc::new(Upload::default());
        let mut uploading = Box::pin(upload.clone().run(body));
        let first = soon(uploading.as_mut()).await;
        let whole = matches!(&first, Some(End { sent: Ok(trailers), .. }) if trailers.is_empty());
        let args = message.print(if whole { "whole" } else { "more" })?;
        let data = flat::data::encode(&upload.held.take());
        let begun = start("http", &args, &data);
        upload.open(begun.id);
        match first {
            Some(end) if whole => {
                let answer = begun.progress.finished().await;
                finish(begun.id, answer, Some(end))
            }
            Some(end) => {
                spawn_local(close(begun.id, end));
                finish(begun.id, begun.progress.finished().await, None)
            }
            None => {
                let id = begun.id;
                spawn_local(carry_on(uploading, id));
                finish(id, begun.progress.finished().await, None)
            }
        }
    }
}

fn finish(id: u32, answer: Answer, end: Option<End>) -> Result<Response, ErrorCode> {
    let result = if answer.status == DONE {
        Ok(response::Message::received(&answer.head, id, flat::data::decode(answer.data)))
    } else {
        Err(errors::parse(answer))
    };
    if let Some(mut end) = end {
        end.body.transmitted(result.as_ref().map(drop).map_err(Clone::clone));
    }
    result
}

type Uploading = Pin<Box<dyn std::future::Future<Output = End>>>;

async fn carry_on(uploading: Uploading, id: u32) {
    let end = uploading.await;
    close(id, end).await;
}

/// Tell the host that the body is complete, and the guest how its transmission went.
async fn close(id: u32, mut end: End) {
    let outcome = match end.sent {
        Ok(trailers) => {
            let answer = perform("http-finish", &format!("{id}\n{trailers}"), "").await;
            if answer.status == DONE {
                Ok(())
            } else {
                Err(errors::parse(answer))
            }
        }
        Err(code) => Err(code),
    };
    end.body.transmitted(outcome);
}

/// How the reading of a body ended: with the lines of its trailers, or not well.
struct End {
    body: Body,
    sent: Result<String, ErrorCode>,
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
        let sent = loop {
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
        End { body, sent }
    }

    async fn pass_on(&self, data: Vec<u8>) -> Result<(), ErrorCode> {
        let Some(id) = self.id.get() else {
            let mut held = self.held.borrow_mut();
            held.extend_from_slice(&data);
            let full = held.len() >= MOST_HELD;
            drop(held);
            if full {
                self.until_open().await;
            }
            return Ok(());
        };
        let answer = perform("http-write", &id.to_string(), &flat::data::encode(&data)).await;
        if answer.status == DONE {
            Ok(())
        } else {
            Err(errors::parse(answer))
        }
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
