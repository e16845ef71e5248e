//! `fermyon:spin/variables`.

use crate::bindings::spin2::variables::{Error, Guest};
use crate::host::text;
use crate::Provider;

impl Guest for Provider {
    fn get(name: String) -> Result<String, Error> {
        text("variables.get", &name).map_err(|failure| match failure.name.as_str() {
            "invalid-name" => Error::InvalidName(failure.message),
            "undefined" => Error::Undefined(failure.message),
            "provider" => Error::Provider(failure.message),
            _ => Error::Other(failure.message),
        })
    }
}
