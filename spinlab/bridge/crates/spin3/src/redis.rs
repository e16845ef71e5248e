//! `spin:redis@3`.

use crate::bindings::exports::spin::redis::redis::{
    Connection, Error, Guest, GuestConnection, Payload, RedisParameter, RedisResult,
};
use crate::host::refused;
use crate::Provider;

/// Nobody ever holds a connection.
pub enum NoConnection {}

impl Guest for Provider {
    type Connection = NoConnection;
}

impl GuestConnection for NoConnection {
    async fn open(address: String) -> Result<Connection, Error> {
        let refusal = refused("redis.open", &address).await;
        Err(match refusal.name.as_str() {
            "access-denied" | "invalid-address" => Error::InvalidAddress,
            _ => Error::Other(refusal.message),
        })
    }

    async fn publish(&self, _: String, _: Payload) -> Result<(), Error> {
        match *self {}
    }

    async fn get(&self, _: String) -> Result<Option<Payload>, Error> {
        match *self {}
    }

    async fn set(&self, _: String, _: Payload) -> Result<(), Error> {
        match *self {}
    }

    async fn incr(&self, _: String) -> Result<i64, Error> {
        match *self {}
    }

    async fn del(&self, _: Vec<String>) -> Result<u32, Error> {
        match *self {}
    }

    async fn sadd(&self, _: String, _: Vec<String>) -> Result<u32, Error> {
        match *self {}
    }

    async fn smembers(&self, _: String) -> Result<Vec<String>, Error> {
        match *self {}
    }

    async fn srem(&self, _: String, _: Vec<String>) -> Result<u32, Error> {
        match *self {}
    }

    async fn execute(&self, _: String, _: Vec<RedisParameter>) -> Result<Vec<RedisResult>, Error> {
        match *self {}
    }
}
