//! `spin:key-value@3`.

use flat::items;
use flat::pack::{encode, unpack, Item};
use wit_bindgen::{FutureReader, StreamReader};

use crate::bindings::exports::spin::key_value::key_value::{Error, Guest, GuestStore, Store};
use crate::host::{ask, line, Answer, Failure, Parts};
use crate::rows::{stream, Rows};
use crate::Provider;

/// A store that was open to the guest once. The host checks its label each time.
pub struct Label(String);

impl Label {
    async fn ask(&self, op: &str, item: &Item<'_>) -> Result<Answer, Error> {
        ask(op, &self.0, &encode(item)).await.map_err(error)
    }

    async fn keys(&self) -> Result<Rows<String>, Error> {
        let answer = ask("key-value.keys", &self.0, "").await.map_err(error)?;
        let rest = Parts::after(&answer, "key-value.next");
        let first = keys(&answer.data).ok_or_else(|| error(Failure::unreadable()))?;
        Ok(Rows { first, rest, read: keys })
    }
}

fn keys(part: &[u8]) -> Option<Vec<String>> {
    unpack(part)?.texts()
}

fn error(failure: Failure) -> Error {
    match failure.name.as_str() {
        "access-denied" => Error::AccessDenied,
        "no-such-store" => Error::NoSuchStore,
        "store-table-full" => Error::StoreTableFull,
        _ => Error::Other(failure.message),
    }
}

impl Guest for Provider {
    type Store = Label;
}

impl GuestStore for Label {
    async fn open(label: String) -> Result<Store, Error> {
        let label = line(&label);
        ask("key-value.open", &label, "").await.map_err(error)?;
        Ok(Store::new(Label(label)))
    }

    async fn get(&self, key: String) -> Result<Option<Vec<u8>>, Error> {
        let answer = self.ask("key-value.get", &items![&key]).await?;
        Ok((answer.head == "some").then_some(answer.data))
    }

    async fn set(&self, key: String, value: Vec<u8>) -> Result<(), Error> {
        self.ask("key-value.set", &items![&key, &value]).await.map(|_| ())
    }

    async fn delete(&self, key: String) -> Result<(), Error> {
        self.ask("key-value.delete", &items![&key]).await.map(|_| ())
    }

    async fn exists(&self, key: String) -> Result<bool, Error> {
        Ok(self.ask("key-value.exists", &items![&key]).await?.head == "true")
    }

    async fn get_keys(&self) -> (StreamReader<String>, FutureReader<Result<(), Error>>) {
        stream(self.keys().await, error)
    }
}
