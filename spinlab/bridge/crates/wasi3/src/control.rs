//! `ctl3`: one request from its beginning to its end.

use std::cell::Cell;

use crate::bindings::exports::spinlab::bridge::{
    ctl3::{self, Foreign},
    pause, tasks,
};
use crate::bindings::exports::wasi::http0_3_0::types::{ErrorCode, Request, Response, Trailers};
use crate::bindings::spinlab::bridge::host;
use crate::http::{foreign, print_error, IncomingRequest, OutgoingResponse};
use crate::reply::{End, Reply};
use crate::{cli, effects, Provider};

thread_local! {
    static REQUEST: Cell<u32> = const { Cell::new(0) };
    /// The request asks for headers only.
    static HEAD: Cell<bool> = const { Cell::new(false) };
}

/// Which request of this instance is being handled.
pub fn current_request() -> u32 {
    REQUEST.get()
}

impl pause::Guest for Provider {
    fn wait(id: u32) {
        effects::wait(&id.to_string(), u64::MAX);
    }
}

impl tasks::Guest for Provider {
    async fn outcome(id: u32) -> (u32, String, String) {
        // Without a request of WASI 0.3 there is no pump: the guest's handler is one of 0.2, which can't do otherwise.
        let answer = if current_request() == 0 { effects::answer_blocking(id) } else { effects::answer(id).await };
        (answer.status, answer.head, answer.data)
    }
}

impl ctl3::Guest for Provider {
    fn begin(head: String, data: String) -> Request {
        if REQUEST.get() == 0 {
            std::panic::set_hook(Box::new(|info| {
                host::log(2, &format!("spinlab bridge: {info}\n"));
            }));
        }
        REQUEST.set(REQUEST.get().wrapping_add(1));
        let head = flat::head::Request::parse(&head);
        HEAD.set(head.method == "HEAD");
        IncomingRequest::incoming(head, flat::data::decode(data))
    }

    async fn finish(answer: Result<Response, ErrorCode>) -> (String, String) {
        let result = match answer {
            Ok(response) => send(response.into_inner()).await,
            Err(code) => refuse(&code),
        };
        effects::drain().await;
        cli::flush();
        effects::end_work();
        result
    }

    async fn work() -> Option<Foreign> {
        effects::work().await
    }

    fn trailers_read(number: u32, value: Result<Option<Trailers>, ErrorCode>) {
        foreign::trailers_read(number, value);
    }

    fn outcome_read(number: u32, value: Result<(), ErrorCode>) {
        foreign::outcome_read(number, value);
    }
}

fn refuse(code: &ErrorCode) -> (String, String) {
    let (name, detail) = print_error(code);
    (format!("!{name}\n{detail}"), String::new())
}

async fn send(mut message: OutgoingResponse) -> (String, String) {
    if let Err(code) = message.check_length(HEAD.get()) {
        return refuse(&code);
    }
    let end = Reply::new(message.print()).relay(&mut message.body).await;
    message.body.transmitted(match &end {
        End::Whole(..) | End::Streamed => Ok(()),
        End::Failed(code) => Err(code.clone()),
        End::Unwanted => Err(ErrorCode::ConnectionTerminated),
    });
    match end {
        End::Whole(head, body) => (head, flat::data::encode(&body)),
        End::Streamed | End::Unwanted => (String::new(), String::new()),
        End::Failed(code) => refuse(&code),
    }
}
