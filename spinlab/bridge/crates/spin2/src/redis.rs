//! `fermyon:spin/redis`.

use crate::bindings::spin2::redis::{Connection, Error, Guest, GuestConnection, RedisParameter, RedisResult};
use crate::host::{Failure, Handle};
use crate::Provider;
use flat::items;
use flat::pack::{encode, unpack, Item};

fn error(failure: Failure) -> Error {
    match failure.name.as_str() {
        // Spin's answer for a host that is not granted; the interface has no better one.
        "access-denied" | "invalid-address" => Error::InvalidAddress,
        "too-many-connections" => Error::TooManyConnections,
        "type-error" => Error::TypeError,
        _ => Error::Other(failure.message),
    }
}

/// Ask for something, and read the one item of the answer.
fn ask<T>(
    connection: &Handle,
    op: &str,
    question: &Item<'_>,
    read: impl FnOnce(&Item<'_>) -> Option<T>,
) -> Result<T, Error> {
    let answer = connection.ask(op, &encode(question)).map_err(error)?;
    let found = unpack(&answer.data).and_then(|items| items.array::<1>().and_then(|[item]| read(item)));
    found.ok_or_else(|| error(Failure::unreadable()))
}

fn payload(item: &Item<'_>) -> Option<Option<Vec<u8>>> {
    item.optional(|item| item.bytes().map(<[u8]>::to_vec))
}

fn number<T: TryFrom<i128>>(item: &Item<'_>) -> Option<T> {
    item.int()
}

fn texts(item: &Item<'_>) -> Option<Vec<String>> {
    item.texts()
}

fn parameter(parameter: &RedisParameter) -> Item<'_> {
    match parameter {
        RedisParameter::Int64(number) => Item::from(*number),
        RedisParameter::Binary(bytes) => Item::from(bytes),
    }
}

fn result(item: &Item<'_>) -> Option<RedisResult> {
    Some(match item {
        Item::Nothing => RedisResult::Nil,
        Item::Case(_, status) => RedisResult::Status(status.text()?.to_owned()),
        Item::Bytes(bytes) => RedisResult::Binary(bytes.to_vec()),
        _ => RedisResult::Int64(item.int()?),
    })
}

impl GuestConnection for Handle {
    fn open(address: String) -> Result<Connection, Error> {
        Handle::open("redis.open", &address, String::new()).map(Connection::new).map_err(error)
    }

    fn publish(&self, channel: String, payload: Vec<u8>) -> Result<(), Error> {
        ask(self, "redis.publish", &items![&channel, &payload], |_| Some(()))
    }

    fn get(&self, key: String) -> Result<Option<Vec<u8>>, Error> {
        ask(self, "redis.get", &items![&key], payload)
    }

    fn set(&self, key: String, value: Vec<u8>) -> Result<(), Error> {
        ask(self, "redis.set", &items![&key, &value], |_| Some(()))
    }

    fn incr(&self, key: String) -> Result<i64, Error> {
        ask(self, "redis.incr", &items![&key], number)
    }

    fn del(&self, keys: Vec<String>) -> Result<u32, Error> {
        ask(self, "redis.del", &items![Item::list(&keys)], number)
    }

    fn sadd(&self, key: String, values: Vec<String>) -> Result<u32, Error> {
        ask(self, "redis.sadd", &items![&key, Item::list(&values)], number)
    }

    fn smembers(&self, key: String) -> Result<Vec<String>, Error> {
        ask(self, "redis.smembers", &items![&key], texts)
    }

    fn srem(&self, key: String, values: Vec<String>) -> Result<u32, Error> {
        ask(self, "redis.srem", &items![&key, Item::list(&values)], number)
    }

    fn execute(&self, command: String, arguments: Vec<RedisParameter>) -> Result<Vec<RedisResult>, Error> {
        let arguments = Item::List(arguments.iter().map(parameter).collect());
        ask(self, "redis.execute", &items![&command, arguments], |item| item.each(result))
    }
}

impl Guest for Provider {
    type Connection = Handle;
}
