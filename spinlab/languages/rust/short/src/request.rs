//! What a client asks.

use std::cell::OnceCell;
use std::io::{self, Read};
use std::str::FromStr;

use crate::abi::{self, Handle, Results};
use crate::Error;

/// What a client asks.
pub struct Request {
    method: String,
    uri: String,
    headers: Vec<(String, String)>,
    params: Vec<(String, String)>,
    query: Vec<(String, String)>,
    body: OnceCell<Vec<u8>>,
    incoming: Handle,
}

const METHODS: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];
const PARAM: &str = "spin-path-match-";

impl Request {
    pub(crate) fn from_host(handle: i32) -> Self {
        let incoming = Handle::new(handle, abi::drop_request);
        let (method, uri, headers) = unsafe {
            let method = Results::of(|area| abi::request_method(handle, area));
            let method = match METHODS.get(usize::from(method.case(0))) {
                Some(known) => known.to_string(),
                None => method.text(4),
            };
            let path = Results::of(|area| abi::request_path(handle, area));
            let uri = if path.case(0) == 1 { path.text(4) } else { "/".to_string() };
            (method, uri, abi::fields(abi::request_headers(handle)))
        };
        let params = headers.iter().filter_map(|(name, value)| {
            let name = name
                .get(..PARAM.len())
                .filter(|start| start.eq_ignore_ascii_case(PARAM))
                .and(name.get(PARAM.len()..))?;
            Some((plain(name), decoded(value, false)))
        });
        let params = params.collect();
        let query = pairs(uri.split_once('?').map_or("", |(_, query)| query));
        Self { method, uri, headers, params, query, body: OnceCell::new(), incoming }
    }

    /// The method, in upper case.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// Path and query as sent, percent-encoded.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// The path as sent, without the query.
    pub fn path(&self) -> &str {
        self.uri.split('?').next().unwrap_or_default()
    }

    /// The part of the path that the route names, decoded: `/users/:id` gives `id`. `user_id` and `user-id` are one.
    pub fn param(&self, name: &str) -> Option<&str> {
        let wanted = plain(name);
        self.params.iter().find(|(known, _)| *known == wanted).map(|(_, value)| value.as_str())
    }

    /// The first value of the query under `name`, decoded.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.queries().iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// All names and values of the query, decoded, in their order.
    pub fn queries(&self) -> &[(String, String)] {
        &self.query
    }

    /// The part of the path under `name`, else that of the query, as any type that can be read from text; an error
    /// that answers 400 when it is not there or can't be read.
    pub fn parse<T: FromStr>(&self, name: &str) -> Result<T, Error> {
        let Some(text) = self.param(name).or_else(|| self.query(name)) else {
            return Err(Error::new(400, format_args!("{name} is missing")));
        };
        text.parse().map_err(|_| {
            let kind = std::any::type_name::<T>().rsplit("::").next().unwrap_or_default();
            Error::new(400, format_args!("{name} is {text:?}, which can't be read as {kind}"))
        })
    }

    /// The first header field of that name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    /// All header fields, in their order.
    pub fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    /// The body, read to its end at the first call.
    ///
    /// # Panics
    ///
    /// The client has broken off; `into_reader` tells of it by an error.
    pub fn body(&self) -> &[u8] {
        self.body.get_or_init(|| {
            self.stream().and_then(Reader::all).unwrap_or_else(|error| panic!("the request's body broke off: {error}"))
        })
    }

    /// The body as text; what is no UTF-8 in it is replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(self.body()).into_owned()
    }

    /// The body as it comes.
    pub fn into_reader(mut self) -> io::Result<Reader> {
        match self.body.take() {
            Some(read) => Ok(Reader::over(read)),
            None => self.stream().map(|reader| Reader { _owner: Some(self.incoming), ..reader }),
        }
    }

    fn stream(&self) -> io::Result<Reader> {
        let results = Results::of(|area| unsafe { abi::request_consume(self.incoming.0, area) });
        Reader::from_body(&results)
    }
}

/// A body as it comes from the host.
pub struct Reader {
    rest: Vec<u8>,
    at: usize,
    // In the order in which they have to be let go.
    stream: Option<Handle>,
    _body: Option<Handle>,
    _owner: Option<Handle>,
}

impl Reader {
    fn over(rest: Vec<u8>) -> Self {
        Self { rest, at: 0, stream: None, _body: None, _owner: None }
    }

    /// Reads what a `consume` gave.
    pub(crate) fn from_body(results: &Results) -> io::Result<Self> {
        if results.case(0) != 0 {
            return Err(io::Error::other("the body was read before"));
        }
        let body = Handle::new(results.handle(4), abi::drop_incoming_body);
        let stream = Results::of(|area| unsafe { abi::incoming_stream(body.0, area) });
        if stream.case(0) != 0 {
            return Err(io::Error::other("the body was read before"));
        }
        let stream = Handle::new(stream.handle(4), abi::drop_input);
        Ok(Self { rest: Vec::new(), at: 0, stream: Some(stream), _body: Some(body), _owner: None })
    }

    pub(crate) fn owned_by(self, owner: Handle) -> Self {
        Self { _owner: Some(owner), ..self }
    }

    /// The next part of it as it came; None at its end.
    pub fn chunk(&mut self) -> io::Result<Option<Vec<u8>>> {
        if self.at < self.rest.len() {
            let at = std::mem::take(&mut self.at);
            return Ok(Some(std::mem::take(&mut self.rest).split_off(at)));
        }
        while let Some(stream) = &self.stream {
            let results = Results::of(|area| unsafe { abi::stream_read(stream.0, 1 << 16, area) });
            if results.case(0) == 0 {
                let read = unsafe { results.bytes(4) };
                if !read.is_empty() {
                    return Ok(Some(read));
                }
                continue;
            }
            self.stream = None;
            if let Some(error) = abi::stream_error(&results, 4) {
                return Err(error);
            }
        }
        Ok(None)
    }

    pub(crate) fn all(mut self) -> io::Result<Vec<u8>> {
        let mut read = self.chunk()?.unwrap_or_default();
        while let Some(more) = self.chunk()? {
            read.extend_from_slice(&more);
        }
        Ok(read)
    }
}

impl Read for Reader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.at == self.rest.len() {
            self.rest = self.chunk()?.unwrap_or_default();
            self.at = 0;
        }
        let length = into.len().min(self.rest.len() - self.at);
        into[..length].copy_from_slice(&self.rest[self.at..self.at + length]);
        self.at += length;
        Ok(length)
    }
}

/// The first field of that name, in any case.
pub(crate) fn find<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// A name of a route's part as Spin compares them.
fn plain(name: &str) -> String {
    name.to_ascii_lowercase().replace('_', "-")
}

/// Names and values of a query.
fn pairs(query: &str) -> Vec<(String, String)> {
    let parts = query.split('&').filter(|part| !part.is_empty());
    parts
        .map(|part| part.split_once('=').unwrap_or((part, "")))
        .map(|(n, v)| (decoded(n, true), decoded(v, true)))
        .collect()
}

/// Percent-encoded text as it is meant; in a query a plus is a space.
fn decoded(text: &str, plus: bool) -> String {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).and_then(|&byte| (byte as char).to_digit(16));
    let mut found = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let byte = match (bytes[at], digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                at += 2;
                (high * 16 + low) as u8
            }
            (b'+', ..) if plus => b' ',
            (byte, ..) => byte,
        };
        found.push(byte);
        at += 1;
    }
    abi::into_text(found)
}
