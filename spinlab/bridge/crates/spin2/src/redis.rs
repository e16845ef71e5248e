//! `fermyon:spin/redis`.

use crate::bindings::spin2::redis::{Connection, Error, Guest, GuestConnection, RedisParameter, RedisResult};
use crate::host::refused;
use crate::{never, Nobody, Provider};

impl GuestConnection for Nobody {
    fn open(address: String) -> Result<Connection, Error> {
        let failure = refused("redis.open", &address);
        Err(match failure.name.as_str() {
            // Spin's answer for a host that is not granted; the interface has no better one.
            "access-denied" | "invalid-address" => Error::InvalidAddress,
            "too-many-connections" => Error::TooManyConnections,
            _ => Error::Other(failure.message),
        })
    }

    never! {
        publish(String, Vec<u8>) -> Result<(), Error>;
        get(String) -> Result<Option<Vec<u8>>, Error>;
        set(String, Vec<u8>) -> Result<(), Error>;
        incr(String) -> Result<i64, Error>;
        del(Vec<String>) -> Result<u32, Error>;
        sadd(String, Vec<String>) -> Result<u32, Error>;
        smembers(String) -> Result<Vec<String>, Error>;
        srem(String, Vec<String>) -> Result<u32, Error>;
        execute(String, Vec<RedisParameter>) -> Result<Vec<RedisResult>, Error>;
    }
}

impl Guest for Provider {
    type Connection = Nobody;
}
