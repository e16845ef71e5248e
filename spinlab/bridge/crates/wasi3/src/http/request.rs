//! Requests: those that come in and those that a guest makes.

use std::cell::RefCell;
use std::rc::Rc;

use flat::fields::{name_is_valid, Fields as Pairs};
use wit_bindgen::{FutureReader, StreamReader};

use super::body::{Body, Outcome, TrailersReader};
use super::fields::{shown, Held};
use super::options::{self, Nanoseconds, Timeouts};
use crate::bindings::exports::wasi::http0_3_0::types::{
    ErrorCode, GuestRequest, Headers, Method, Request, RequestOptions, Scheme,
};

pub struct Message {
    method: RefCell<Method>,
    target: RefCell<Option<String>>,
    scheme: RefCell<Option<Scheme>>,
    authority: RefCell<Option<String>>,
    headers: Rc<Pairs>,
    timeouts: Option<Nanoseconds>,
    body: Body,
}

impl Message {
    /// The request that the host sends.
    pub fn incoming(head: flat::head::Request, data: Vec<u8>) -> Request {
        Request::new(Self {
            method: RefCell::new(method(&head.method)),
            target: RefCell::new(Some(head.target)),
            scheme: RefCell::new(Some(scheme(head.scheme))),
            authority: RefCell::new(Some(head.authority).filter(|name| !name.is_empty())),
            headers: Rc::new(shown(head.headers)),
            timeouts: None,
            body: Body::from_request(data, head.more),
        })
    }

    /// The body, held to what the headers say about it.
    pub fn take_body(&mut self) -> Result<Body, ErrorCode> {
        let mut body = std::mem::replace(&mut self.body, Body::from_request(Vec::new(), false));
        body.announce(&self.headers, ErrorCode::HttpRequestBodySize)?;
        Ok(body)
    }

    /// The arguments of the `http` effect but for the last word on the body: "whole" or "more".
    pub fn print(&self, body: &str) -> Result<String, ErrorCode> {
        let method = self.method.borrow();
        let scheme = self.scheme.borrow();
        let authority = self.authority.borrow();
        let target = self.target.borrow();
        let authority = authority.as_deref().ok_or(ErrorCode::HttpRequestUriInvalid)?;
        let scheme = match scheme.as_ref() {
            Some(Scheme::Http) => "http",
            Some(Scheme::Https) | None => "https",
            Some(Scheme::Other(_)) => return Err(ErrorCode::HttpProtocolError),
        };
        let target = target.as_deref().filter(|target| !target.is_empty()).unwrap_or("/");
        let slash = if target.starts_with('/') { "" } else { "/" };
        let mut text = format!("{} {scheme}://{authority}{slash}{target}\n", method_name(&method));
        text.push_str(&options::print(self.timeouts.unwrap_or_default()));
        text.push('\n');
        text.push_str(body);
        flat::fields::print(self.headers.iter(), &mut text);
        Ok(text)
    }
}

fn method(name: &str) -> Method {
    match name {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        "CONNECT" => Method::Connect,
        "OPTIONS" => Method::Options,
        "TRACE" => Method::Trace,
        "PATCH" => Method::Patch,
        other => Method::Other(other.to_owned()),
    }
}

fn method_name(method: &Method) -> &str {
    match method {
        Method::Get => "GET",
        Method::Head => "HEAD",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Delete => "DELETE",
        Method::Connect => "CONNECT",
        Method::Options => "OPTIONS",
        Method::Trace => "TRACE",
        Method::Patch => "PATCH",
        Method::Other(name) => name,
    }
}

fn scheme(name: String) -> Scheme {
    match name.as_str() {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        _ => Scheme::Other(name),
    }
}

/// RFC 3986 section 3.1.
fn scheme_is_valid(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|c| c.is_ascii_alphanumeric() || b"+-.".contains(&c))
}

/// No blanks, no control characters, and none of `others`.
fn is_printable(text: &str, others: &[char]) -> bool {
    !text.contains(|c: char| c.is_whitespace() || c.is_control()) && !text.contains(others)
}

/// A host and maybe a port, which then is a number.
fn authority_is_valid(authority: &str) -> bool {
    let (_, port) = authority.rsplit_once(']').unwrap_or(("", authority));
    let port_is_valid = port.split_once(':').is_none_or(|(_, port)| port.parse::<u16>().is_ok());
    !authority.is_empty() && port_is_valid && is_printable(authority, &['/', '?', '#', '\\'])
}

fn store<T>(place: &RefCell<T>, value: T, valid: bool) -> Result<(), ()> {
    if !valid {
        return Err(());
    }
    place.replace(value);
    Ok(())
}

impl GuestRequest for Message {
    fn new(
        headers: Headers,
        contents: Option<StreamReader<u8>>,
        trailers: TrailersReader,
        options: Option<RequestOptions>,
    ) -> (Request, FutureReader<Outcome>) {
        let (body, sent) = Body::from_guest(contents, trailers);
        let message = Self {
            method: RefCell::new(Method::Get),
            target: RefCell::default(),
            scheme: RefCell::default(),
            authority: RefCell::default(),
            headers: Held::given(headers),
            timeouts: options.map(|options| options.get::<Timeouts>().values()),
            body,
        };
        (Request::new(message), sent)
    }

    fn get_method(&self) -> Method {
        self.method.borrow().clone()
    }

    fn set_method(&self, method: Method) -> Result<(), ()> {
        let valid = !matches!(&method, Method::Other(name) if !name_is_valid(name));
        store(&self.method, method, valid)
    }

    fn get_path_with_query(&self) -> Option<String> {
        self.target.borrow().clone()
    }

    fn set_path_with_query(&self, target: Option<String>) -> Result<(), ()> {
        let valid = target.as_deref().is_none_or(|target| is_printable(target, &['#', '\\', '<', '>', '"']));
        store(&self.target, target, valid)
    }

    fn get_scheme(&self) -> Option<Scheme> {
        self.scheme.borrow().clone()
    }

    fn set_scheme(&self, scheme: Option<Scheme>) -> Result<(), ()> {
        let valid = !matches!(&scheme, Some(Scheme::Other(name)) if !scheme_is_valid(name));
        store(&self.scheme, scheme, valid)
    }

    fn get_authority(&self) -> Option<String> {
        self.authority.borrow().clone()
    }

    fn set_authority(&self, authority: Option<String>) -> Result<(), ()> {
        let valid = authority.as_deref().is_none_or(authority_is_valid);
        store(&self.authority, authority, valid)
    }

    fn get_options(&self) -> Option<RequestOptions> {
        self.timeouts.map(Timeouts::view)
    }

    fn get_headers(&self) -> Headers {
        Held::view(&self.headers)
    }

    fn consume_body(this: Request, result: FutureReader<Outcome>) -> (StreamReader<u8>, TrailersReader) {
        this.into_inner::<Self>().body.into_streams(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_a_number() {
        for valid in ["example.com", "example.com:443", "[::1]", "[::1]:80", "127.0.0.1:65535"] {
            assert!(authority_is_valid(valid), "{valid}");
        }
        for invalid in ["", "example.com:", "example.com:abc", "a:65536", "[::1]:x", "a/b", "a b", "a\n", "a?b"] {
            assert!(!authority_is_valid(invalid), "{invalid:?}");
        }
    }

    #[test]
    fn a_scheme_begins_with_a_letter() {
        assert!(scheme_is_valid("ftp") && scheme_is_valid("a+b-1.c"));
        assert!(!scheme_is_valid("") && !scheme_is_valid("1a") && !scheme_is_valid("a:"));
    }

    #[test]
    fn methods_come_back() {
        for name in ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "PURGE"] {
            assert_eq!(method_name(&method(name)), name);
        }
    }
}
