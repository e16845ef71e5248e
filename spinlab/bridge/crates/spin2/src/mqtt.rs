//! `fermyon:spin/mqtt`.

use crate::bindings::spin2::mqtt::{Connection, Error, Guest, GuestConnection, Qos};
use crate::host::refused;
use crate::{never, Nobody, Provider};

impl GuestConnection for Nobody {
    fn open(address: String, _user: String, _password: String, _keep_alive: u64) -> Result<Connection, Error> {
        let failure = refused("mqtt.open", &address);
        Err(match failure.name.as_str() {
            "access-denied" | "connection-failed" => Error::ConnectionFailed(failure.message),
            "invalid-address" => Error::InvalidAddress,
            "too-many-connections" => Error::TooManyConnections,
            _ => Error::Other(failure.message),
        })
    }

    never! {
        publish(String, Vec<u8>, Qos) -> Result<(), Error>;
    }
}

impl Guest for Provider {
    type Connection = Nobody;
}
