//! `wasi:keyvalue`: store, atomics and batch, over the same stores as Spin's own interface.

use crate::bindings::keyvalue::{atomics, batch, store};
use crate::host::refused;
use crate::{never, Nobody, Provider};
use store::{Bucket, BucketBorrow, Error, KeyResponse};

type Pair = (String, Vec<u8>);
type Found = (String, Option<Vec<u8>>);

impl store::GuestBucket for Nobody {
    never! {
        get(String) -> Result<Option<Vec<u8>>, Error>;
        set(String, Vec<u8>) -> Result<(), Error>;
        delete(String) -> Result<(), Error>;
        exists(String) -> Result<bool, Error>;
        list_keys(Option<String>) -> Result<KeyResponse, Error>;
    }
}

impl store::Guest for Provider {
    type Bucket = Nobody;

    fn open(identifier: String) -> Result<Bucket, Error> {
        let failure = refused("key-value.open", &identifier);
        Err(match failure.name.as_str() {
            "access-denied" => Error::AccessDenied,
            "no-such-store" => Error::NoSuchStore,
            _ => Error::Other(failure.message),
        })
    }
}

/// A bucket that nobody has.
fn none<T>(bucket: &BucketBorrow<'_>) -> T {
    match *bucket.get::<Nobody>() {}
}

impl atomics::GuestCas for Nobody {
    fn new(bucket: BucketBorrow<'_>, _key: String) -> Result<atomics::Cas, Error> {
        none(&bucket)
    }

    never! {
        current() -> Result<Option<Vec<u8>>, Error>;
    }
}

impl atomics::Guest for Provider {
    type Cas = Nobody;

    fn increment(bucket: BucketBorrow<'_>, _key: String, _delta: i64) -> Result<i64, Error> {
        none(&bucket)
    }

    fn swap(cas: atomics::Cas, _value: Vec<u8>) -> Result<(), atomics::CasError> {
        match *cas.get::<Nobody>() {}
    }
}

impl batch::Guest for Provider {
    fn get_many(bucket: BucketBorrow<'_>, _keys: Vec<String>) -> Result<Vec<Found>, Error> {
        none(&bucket)
    }

    fn set_many(bucket: BucketBorrow<'_>, _pairs: Vec<Pair>) -> Result<(), Error> {
        none(&bucket)
    }

    fn delete_many(bucket: BucketBorrow<'_>, _keys: Vec<String>) -> Result<(), Error> {
        none(&bucket)
    }
}
