//! `spin:mqtt@3`.

use crate::bindings::exports::spin::mqtt::mqtt::{Connection, Error, Guest, GuestConnection, Qos};
use crate::host::refused;
use crate::Provider;

/// Nobody ever holds a connection.
pub enum NoConnection {}

impl Guest for Provider {
    type Connection = NoConnection;
}

impl GuestConnection for NoConnection {
    async fn open(address: String, _: String, _: String, _: u64) -> Result<Connection, Error> {
        let refusal = refused("mqtt.open", &address).await;
        Err(match refusal.name.as_str() {
            "invalid-address" => Error::InvalidAddress,
            "access-denied" => Error::ConnectionFailed(refusal.message),
            _ => Error::Other(refusal.message),
        })
    }

    async fn publish(&self, _: String, _: Vec<u8>, _: Qos) -> Result<(), Error> {
        match *self {}
    }
}
