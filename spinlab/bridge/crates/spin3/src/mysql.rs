//! `spin:mysql@3`.

use wit_bindgen::{FutureReader, StreamReader};

use crate::bindings::exports::spin::mysql::mysql::{
    Column, Connection, Error, Guest, GuestConnection, ParameterValue, Row,
};
use crate::host::refused;
use crate::Provider;

/// Nobody ever holds a connection.
pub enum NoConnection {}

type Rows = (Vec<Column>, StreamReader<Row>, FutureReader<Result<(), Error>>);

impl Guest for Provider {
    type Connection = NoConnection;
}

impl GuestConnection for NoConnection {
    async fn open(address: String) -> Result<Connection, Error> {
        let refusal = refused("mysql.open", &address).await;
        Err(match refusal.name.as_str() {
            "access-denied" => Error::ConnectionFailed(refusal.message),
            _ => Error::Other(refusal.message),
        })
    }

    async fn query(&self, _: String, _: Vec<ParameterValue>) -> Result<Rows, Error> {
        match *self {}
    }

    async fn execute(&self, _: String, _: Vec<ParameterValue>) -> Result<(), Error> {
        match *self {}
    }
}
