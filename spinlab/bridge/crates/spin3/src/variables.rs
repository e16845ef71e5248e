//! `spin:variables@3`.

use crate::bindings::exports::spin::variables::variables::{Error, Guest};
use crate::host::text;
use crate::Provider;

impl Guest for Provider {
    async fn get(name: String) -> Result<String, Error> {
        text("variables.get", &name).await.map_err(|refusal| match refusal.name.as_str() {
            "undefined" | "access-denied" => Error::Undefined(refusal.message),
            "invalid-name" => Error::InvalidName(refusal.message),
            "provider" => Error::Provider(refusal.message),
            _ => Error::Other(refusal.message),
        })
    }
}
