//! `outgoing-handler`: a request starts when it is handed over; several can be in flight.

use super::body::{From, Incoming, IncomingBody};
use super::errors;
use super::fields::TheFields;
use super::request::{Options, Prepared};
use super::target::Target;
use crate::bindings::host;
use crate::bindings::http::outgoing_handler::{FutureIncomingResponse, Guest, OutgoingRequest, RequestOptions};
use crate::bindings::http::types::{
    ErrorCode, GuestFutureIncomingResponse, GuestIncomingResponse, Headers, IncomingBody as IncomingBodyHandle,
    IncomingResponse, Pollable, Scheme,
};
use crate::effect::{Answer, Effect};
use crate::io::poll::{Poll, Source};
use crate::Provider;
use flat::fields::Fields;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// One request of the guest's own. When nobody holds it any more the host may forget it.
pub struct Exchange {
    effect: RefCell<Effect>,
    failed: RefCell<Option<ErrorCode>>,
    ended: Cell<bool>,
}

impl Exchange {
    pub fn id(&self) -> u32 {
        self.effect.borrow().id()
    }

    /// The response was read to its end, or can't be read any further.
    pub fn ended(&self) {
        self.ended.set(true);
    }

    /// The guest broke the request off.
    pub fn fail(&self, code: ErrorCode) {
        self.failed.replace(Some(code));
        self.cancel();
    }

    fn cancel(&self) {
        if !self.ended.replace(true) && self.id() != 0 {
            host::cancel(self.id());
        }
    }

    fn response(self: &Rc<Self>) -> Result<IncomingResponse, ErrorCode> {
        if let Some(code) = self.failed.borrow().clone() {
            return Err(code);
        }
        match self.effect.borrow_mut().take() {
            Some(Answer::Done { head, .. }) => {
                let (status, headers) = flat::head::parse_response(&head);
                let body = Incoming::new(From::Exchange(self.clone()), Vec::new());
                let headers = Rc::new(flat::fields::shown(headers));
                Ok(IncomingResponse::new(Response { status, headers, body: RefCell::new(Some(body)) }))
            }
            Some(Answer::Failed(failure)) => {
                self.ended();
                Err(errors::code(failure))
            }
            Some(Answer::End { .. }) | None => Err(ErrorCode::HttpProtocolError),
        }
    }
}

impl Source for Exchange {
    fn blocked(&self) -> Option<u32> {
        if self.failed.borrow().is_some() {
            return None;
        }
        self.effect.borrow_mut().pending()
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        // A pending effect cancels itself.
        if self.effect.get_mut().pending_so_far().is_none() {
            self.cancel();
        }
    }
}

pub struct Future {
    exchange: Rc<Exchange>,
    taken: Cell<bool>,
}

impl GuestFutureIncomingResponse for Future {
    fn subscribe(&self) -> Pollable {
        Poll::on(self.exchange.clone())
    }

    fn get(&self) -> Option<Result<Result<IncomingResponse, ErrorCode>, ()>> {
        if self.taken.get() {
            return Some(Err(()));
        }
        if self.exchange.blocked().is_some() {
            return None;
        }
        self.taken.set(true);
        Some(Ok(self.exchange.response()))
    }
}

pub struct Response {
    status: u16,
    headers: Rc<Fields>,
    body: RefCell<Option<Rc<Incoming>>>,
}

impl GuestIncomingResponse for Response {
    fn status(&self) -> u16 {
        self.status
    }

    fn headers(&self) -> Headers {
        TheFields::shown(&self.headers)
    }

    fn consume(&self) -> Result<IncomingBodyHandle, ()> {
        self.body.take().map(IncomingBody::handle).ok_or(())
    }
}

/// `METHOD URL`. A request without an authority goes to the app itself.
fn first_line(request: &Prepared) -> Result<String, ErrorCode> {
    let scheme = match &*request.scheme.borrow() {
        Some(Scheme::Http) => "http",
        Some(Scheme::Https) | None => "https",
        Some(Scheme::Other(_)) => return Err(ErrorCode::HttpProtocolError),
    };
    let method = request.method.borrow();
    let path = request.path.borrow();
    let path = path.as_deref().filter(|path| !path.is_empty()).unwrap_or("/");
    let slash = if path.starts_with('/') { "" } else { "/" };
    Ok(match request.authority.borrow().as_deref() {
        Some(authority) => format!("{} {scheme}://{authority}{slash}{path}", super::method_name(&method)),
        None => format!("{} {slash}{path}", super::method_name(&method)),
    })
}

fn timeouts(options: Option<RequestOptions>) -> String {
    let options = options.map(|options| options.into_inner::<Options>()).unwrap_or_default();
    let text = |timeout: &Cell<Option<u64>>| timeout.get().map_or_else(|| "-".to_owned(), |ns| ns.to_string());
    format!("{} {} {}", text(&options.connect), text(&options.first_byte), text(&options.between_bytes))
}

fn start(request: &Prepared, options: Option<RequestOptions>) -> Result<Rc<Exchange>, ErrorCode> {
    let mut args = first_line(request)?;
    let (open, whole) = match request.body.take() {
        Some(pipe) if pipe.is_whole() => (None, pipe.take_whole()),
        open => (open, Vec::new()),
    };
    args.push_str(&format!("\n{}\n{}", timeouts(options), if open.is_some() { "more" } else { "whole" }));
    flat::fields::print(&*request.headers, &mut args);
    let mut effect = Effect::start("http", &args, &whole);
    let id = effect.id();
    let refused = effect.pending().is_none() && effect.has_failed();
    let exchange =
        Rc::new(Exchange { effect: RefCell::new(effect), failed: RefCell::default(), ended: Cell::default() });
    if let Some(pipe) = open {
        if refused {
            pipe.close();
        } else {
            pipe.attach(Target::Request(id, Rc::downgrade(&exchange)));
        }
    }
    Ok(exchange)
}

impl Guest for Provider {
    fn handle(request: OutgoingRequest, options: Option<RequestOptions>) -> Result<FutureIncomingResponse, ErrorCode> {
        let request = request.into_inner::<Prepared>();
        let exchange = start(&request, options)?;
        Ok(FutureIncomingResponse::new(Future { exchange, taken: Cell::default() }))
    }
}
