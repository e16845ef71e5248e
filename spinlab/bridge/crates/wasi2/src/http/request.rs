//! Requests: the one that is being served, and those that the guest prepares.

use super::body::{From, Incoming, IncomingBody, OutgoingBody};
use super::fields::TheFields;
use super::pipe::Pipe;
use super::uri;
use crate::bindings::http::types::{
    GuestIncomingRequest, GuestOutgoingRequest, GuestRequestOptions, Headers, IncomingBody as IncomingBodyHandle,
    Method, OutgoingBody as OutgoingBodyHandle, Scheme,
};
use flat::fields::{self, Fields};
use flat::head;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

pub struct Received {
    method: String,
    target: String,
    scheme: String,
    authority: String,
    headers: Rc<Fields>,
    body: RefCell<Option<Rc<Incoming>>>,
}

impl Received {
    pub fn new(request: head::Request, first: Vec<u8>) -> Self {
        let from = if request.more { From::Request } else { From::Here };
        Self {
            method: request.method,
            target: request.target,
            scheme: request.scheme,
            authority: request.authority,
            headers: Rc::new(fields::shown(request.headers)),
            body: RefCell::new(Some(Incoming::new(from, first))),
        }
    }
}

impl GuestIncomingRequest for Received {
    fn method(&self) -> Method {
        super::method(&self.method)
    }

    fn path_with_query(&self) -> Option<String> {
        Some(self.target.clone())
    }

    fn scheme(&self) -> Option<Scheme> {
        Some(match self.scheme.as_str() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            other => Scheme::Other(other.to_owned()),
        })
    }

    fn authority(&self) -> Option<String> {
        Some(self.authority.clone())
    }

    fn headers(&self) -> Headers {
        TheFields::shown(&self.headers)
    }

    fn consume(&self) -> Result<IncomingBodyHandle, ()> {
        self.body.take().map(IncomingBody::handle).ok_or(())
    }
}

pub struct Prepared {
    pub method: RefCell<Method>,
    pub path: RefCell<Option<String>>,
    pub scheme: RefCell<Option<Scheme>>,
    pub authority: RefCell<Option<String>>,
    pub headers: Rc<Fields>,
    pub body: RefCell<Option<Rc<Pipe>>>,
}

fn replace<T>(place: &RefCell<T>, value: T, valid: bool) -> Result<(), ()> {
    if valid {
        place.replace(value);
        Ok(())
    } else {
        Err(())
    }
}

impl GuestOutgoingRequest for Prepared {
    fn new(headers: Headers) -> Self {
        Self {
            method: RefCell::new(Method::Get),
            path: RefCell::default(),
            scheme: RefCell::default(),
            authority: RefCell::default(),
            headers: TheFields::list(headers),
            body: RefCell::default(),
        }
    }

    fn body(&self) -> Result<OutgoingBodyHandle, ()> {
        let mut body = self.body.borrow_mut();
        if body.is_some() {
            return Err(());
        }
        let pipe = body.insert(Pipe::new(false, fields::content_length(&self.headers).map_err(|_| ())?));
        Ok(OutgoingBody::handle(pipe.clone()))
    }

    fn method(&self) -> Method {
        self.method.borrow().clone()
    }

    fn set_method(&self, method: Method) -> Result<(), ()> {
        let valid = uri::method_is_valid(super::method_name(&method));
        replace(&self.method, method, valid)
    }

    fn path_with_query(&self) -> Option<String> {
        self.path.borrow().clone()
    }

    fn set_path_with_query(&self, path: Option<String>) -> Result<(), ()> {
        let valid = path.as_deref().is_none_or(uri::path_is_valid);
        replace(&self.path, path, valid)
    }

    fn scheme(&self) -> Option<Scheme> {
        self.scheme.borrow().clone()
    }

    fn set_scheme(&self, scheme: Option<Scheme>) -> Result<(), ()> {
        let valid = !matches!(&scheme, Some(Scheme::Other(other)) if !uri::scheme_is_valid(other));
        replace(&self.scheme, scheme, valid)
    }

    fn authority(&self) -> Option<String> {
        self.authority.borrow().clone()
    }

    fn set_authority(&self, authority: Option<String>) -> Result<(), ()> {
        let valid = authority.as_deref().is_none_or(uri::authority_is_valid);
        replace(&self.authority, authority, valid)
    }

    fn headers(&self) -> Headers {
        TheFields::shown(&self.headers)
    }
}

impl Drop for Prepared {
    fn drop(&mut self) {
        // Nobody will ever read the body of a request that was not handed over.
        if let Some(pipe) = self.body.take() {
            pipe.close();
        }
    }
}

#[derive(Default)]
pub struct Options {
    pub connect: Cell<Option<u64>>,
    pub first_byte: Cell<Option<u64>>,
    pub between_bytes: Cell<Option<u64>>,
}

impl GuestRequestOptions for Options {
    fn new() -> Self {
        Self::default()
    }

    fn connect_timeout(&self) -> Option<u64> {
        self.connect.get()
    }

    fn set_connect_timeout(&self, duration: Option<u64>) -> Result<(), ()> {
        self.connect.set(duration);
        Ok(())
    }

    fn first_byte_timeout(&self) -> Option<u64> {
        self.first_byte.get()
    }

    fn set_first_byte_timeout(&self, duration: Option<u64>) -> Result<(), ()> {
        self.first_byte.set(duration);
        Ok(())
    }

    fn between_bytes_timeout(&self) -> Option<u64> {
        self.between_bytes.get()
    }

    fn set_between_bytes_timeout(&self, duration: Option<u64>) -> Result<(), ()> {
        self.between_bytes.set(duration);
        Ok(())
    }
}
