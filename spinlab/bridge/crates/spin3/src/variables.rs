//! `spin:variables@3`.

use crate::bindings::exports::spin::variables::variables::{Error, Guest};
use crate::host::text;
use crate::Provider;

impl Guest for Provider {
    async fn get(name: String) -> Result<String, Error> {
        text("variables.get", &name).await.map_err(|failure| match failure.name.as_str() {
            "undefined" => Error::Undefined(failure.message),
            "invalid-name" => Error::InvalidName(failure.message),
            "provider" => Error::Provider(failure.message),
            _ => Error::Other(failure.message),
        })
    }
}
