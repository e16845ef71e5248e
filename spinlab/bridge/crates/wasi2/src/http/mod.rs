//! `wasi:http`: what comes in, what goes out, and how the two are told to the host.

pub mod body;
mod client;
mod errors;
mod fields;
pub mod pipe;
pub mod request;
pub mod response;
mod target;
mod uri;

use crate::bindings::http::types::{ErrorCode, Guest, IoErrorBorrow, Method};
use crate::io::error::IoError;
use crate::Provider;

impl Guest for Provider {
    type Fields = fields::TheFields;
    type IncomingRequest = request::Received;
    type OutgoingRequest = request::Prepared;
    type RequestOptions = request::Options;
    type ResponseOutparam = response::Outparam;
    type IncomingResponse = client::Response;
    type IncomingBody = body::IncomingBody;
    type FutureTrailers = body::Trailers;
    type OutgoingResponse = response::Prepared;
    type OutgoingBody = body::OutgoingBody;
    type FutureIncomingResponse = client::Future;

    fn http_error_code(err: IoErrorBorrow<'_>) -> Option<ErrorCode> {
        err.get::<IoError>().http()
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
        Method::Other(other) => other,
    }
}
