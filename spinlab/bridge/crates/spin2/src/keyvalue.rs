//! `wasi:keyvalue`: store, atomics and batch, over the same stores as Spin's own interface.

use crate::bindings::keyvalue::{atomics, batch, store};
use crate::host::Failure;
use crate::stores::Label;
use crate::Provider;
use atomics::CasError;
use flat::items;
use flat::pack::{unpack, Item};
use store::{Bucket, BucketBorrow, Error, KeyResponse};

type Pair = (String, Vec<u8>);
type Found = (String, Option<Vec<u8>>);

fn error(failure: Failure) -> Error {
    match failure.name.as_str() {
        "access-denied" => Error::AccessDenied,
        "no-such-store" => Error::NoSuchStore,
        _ => Error::Other(failure.message),
    }
}

fn unreadable() -> Error {
    error(Failure::unreadable())
}

/// A value or nothing.
fn value(item: &Item<'_>) -> Option<Option<Vec<u8>>> {
    item.optional(|item| item.bytes().map(<[u8]>::to_vec))
}

impl store::GuestBucket for Label {
    fn get(&self, key: String) -> Result<Option<Vec<u8>>, Error> {
        Label::get(self, &key).map_err(error)
    }

    fn set(&self, key: String, value: Vec<u8>) -> Result<(), Error> {
        Label::set(self, &key, &value).map_err(error)
    }

    fn delete(&self, key: String) -> Result<(), Error> {
        Label::delete(self, &key).map_err(error)
    }

    fn exists(&self, key: String) -> Result<bool, Error> {
        Label::exists(self, &key).map_err(error)
    }

    fn list_keys(&self, cursor: Option<String>) -> Result<KeyResponse, Error> {
        let answer = self.ask("key-value.list-keys", &items![cursor.as_deref()]).map_err(error)?;
        page(&answer.data).ok_or_else(unreadable)
    }
}

fn page(data: &[u8]) -> Option<KeyResponse> {
    let item = unpack(data)?;
    let [keys, cursor] = item.array()?;
    let cursor = cursor.optional(|item| item.text().map(str::to_owned))?;
    Some(KeyResponse { keys: keys.texts()?, cursor })
}

impl store::Guest for Provider {
    type Bucket = Label;

    fn open(identifier: String) -> Result<Bucket, Error> {
        Label::open(&identifier).map(Bucket::new).map_err(error)
    }
}

/// A value as it was when it was looked at, to be changed if it still is the same.
pub struct Seen {
    label: Label,
    key: String,
    value: Option<Vec<u8>>,
}

impl atomics::GuestCas for Seen {
    fn new(bucket: BucketBorrow<'_>, key: String) -> Result<atomics::Cas, Error> {
        let label = bucket.get::<Label>().clone();
        let value = label.get(&key).map_err(error)?;
        Ok(atomics::Cas::new(Seen { label, key, value }))
    }

    fn current(&self) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.value.clone())
    }
}

impl atomics::Guest for Provider {
    type Cas = Seen;

    fn increment(bucket: BucketBorrow<'_>, key: String, delta: i64) -> Result<i64, Error> {
        let answer = bucket.get::<Label>().ask("key-value.increment", &items![&key, delta]).map_err(error)?;
        answer.head.parse().map_err(|_| unreadable())
    }

    fn swap(cas: atomics::Cas, value: Vec<u8>) -> Result<(), CasError> {
        let seen: Seen = cas.into_inner();
        let question = items![&seen.key, seen.value.as_deref(), &value];
        let answer =
            seen.label.ask("key-value.swap", &question).map_err(|failure| CasError::StoreError(error(failure)))?;
        if answer.head != "failed" {
            return Ok(());
        }
        let now = latest(&answer.data).ok_or_else(|| CasError::StoreError(unreadable()))?;
        Err(CasError::CasFailed(atomics::Cas::new(Seen { value: now, ..seen })))
    }
}

fn latest(data: &[u8]) -> Option<Option<Vec<u8>>> {
    let item = unpack(data)?;
    let [current] = item.array()?;
    value(current)
}

impl batch::Guest for Provider {
    fn get_many(bucket: BucketBorrow<'_>, keys: Vec<String>) -> Result<Vec<Found>, Error> {
        let answer = bucket.get::<Label>().ask("key-value.get-many", &Item::list(&keys)).map_err(error)?;
        let values = unpack(&answer.data).and_then(|item| item.each(value)).ok_or_else(unreadable)?;
        if values.len() != keys.len() {
            return Err(unreadable());
        }
        Ok(keys.into_iter().zip(values).collect())
    }

    fn set_many(bucket: BucketBorrow<'_>, pairs: Vec<Pair>) -> Result<(), Error> {
        let pairs = Item::list(pairs.iter().map(|(key, value)| items![key, value]));
        bucket.get::<Label>().ask("key-value.set-many", &pairs).map(drop).map_err(error)
    }

    fn delete_many(bucket: BucketBorrow<'_>, keys: Vec<String>) -> Result<(), Error> {
        bucket.get::<Label>().ask("key-value.delete-many", &Item::list(&keys)).map(drop).map_err(error)
    }
}
