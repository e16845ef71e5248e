//! `wasi:http`: types and client. The handler is the guest's.

mod body;
mod client;
mod errors;
mod fields;
pub mod foreign;
mod options;
mod request;
mod response;

pub use body::{Body, Part};
pub use errors::print as print_error;
pub use request::Message as IncomingRequest;
pub use response::Message as OutgoingResponse;

use crate::bindings::exports::wasi::http0_3_0::types;
use crate::Provider;

impl types::Guest for Provider {
    type Fields = fields::Held;
    type Request = request::Message;
    type RequestOptions = options::Timeouts;
    type Response = response::Message;
}
