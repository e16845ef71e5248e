//! `spin:key-value@3`.

use wit_bindgen::{FutureReader, StreamReader};

use crate::bindings::exports::spin::key_value::key_value::{Error, Guest, GuestStore, Store};
use crate::host::refused;
use crate::Provider;

/// Nobody ever holds a store.
pub enum NoStore {}

impl Guest for Provider {
    type Store = NoStore;
}

impl GuestStore for NoStore {
    async fn open(label: String) -> Result<Store, Error> {
        let refusal = refused("key-value.open", &label).await;
        Err(match refusal.name.as_str() {
            "access-denied" => Error::AccessDenied,
            "no-such-store" => Error::NoSuchStore,
            _ => Error::Other(refusal.message),
        })
    }

    async fn get(&self, _: String) -> Result<Option<Vec<u8>>, Error> {
        match *self {}
    }

    async fn set(&self, _: String, _: Vec<u8>) -> Result<(), Error> {
        match *self {}
    }

    async fn delete(&self, _: String) -> Result<(), Error> {
        match *self {}
    }

    async fn exists(&self, _: String) -> Result<bool, Error> {
        match *self {}
    }

    async fn get_keys(&self) -> (StreamReader<String>, FutureReader<Result<(), Error>>) {
        match *self {}
    }
}
