//! `spin:mqtt@3`.

use crate::bindings::exports::spin::mqtt::mqtt::{Connection, Error, Guest, GuestConnection, Qos};
use crate::host::{Failure, Handle};
use crate::Provider;
use flat::items;
use flat::pack::encode;

fn error(failure: Failure) -> Error {
    match failure.name.as_str() {
        "access-denied" | "connection-failed" => Error::ConnectionFailed(failure.message),
        "invalid-address" => Error::InvalidAddress,
        "too-many-connections" => Error::TooManyConnections,
        _ => Error::Other(failure.message),
    }
}

fn name(qos: Qos) -> &'static str {
    match qos {
        Qos::AtMostOnce => "at-most-once",
        Qos::AtLeastOnce => "at-least-once",
        Qos::ExactlyOnce => "exactly-once",
    }
}

impl GuestConnection for Handle {
    async fn open(address: String, user: String, password: String, keep_alive: u64) -> Result<Connection, Error> {
        let extras = encode(&items![&user, &password, keep_alive]);
        Handle::open("mqtt.open", &address, extras).await.map(Connection::new).map_err(error)
    }

    async fn publish(&self, topic: String, payload: Vec<u8>, qos: Qos) -> Result<(), Error> {
        let message = encode(&items![&topic, &payload, name(qos)]);
        self.ask("mqtt.publish", &message).await.map(|_| ()).map_err(error)
    }
}

impl Guest for Provider {
    type Connection = Handle;
}
