//! `spin:postgres@4`.

use wit_bindgen::{FutureReader, StreamReader};

use crate::bindings::exports::spin::postgres4_2_0::postgres::{
    Column, Connection, Error, Guest, GuestConnection, GuestConnectionBuilder, ParameterValue, Row, RowSet,
};
use crate::host::{refused, refused_blocking, Failure};
use crate::Provider;

/// Nobody ever holds a connection.
pub enum NoConnection {}

/// Where a guest wants to connect to.
pub struct Address(String);

type Rows = (Vec<Column>, StreamReader<Row>, FutureReader<Result<(), Error>>);

impl Guest for Provider {
    type Connection = NoConnection;
    type ConnectionBuilder = Address;
}

/// Why there is no connection.
fn error(refusal: Failure) -> Error {
    match refusal.name.as_str() {
        "access-denied" => Error::ConnectionFailed(refusal.message),
        _ => Error::Other(refusal.message),
    }
}

impl GuestConnectionBuilder for Address {
    fn new(address: String) -> Self {
        Self(address)
    }

    fn set_ca_root(&self, _: String) -> Result<(), Error> {
        Ok(())
    }

    fn build(&self) -> Result<Connection, Error> {
        Err(error(refused_blocking("postgres.open", &self.0)))
    }

    async fn build_async(&self) -> Result<Connection, Error> {
        Err(error(refused("postgres.open", &self.0).await))
    }
}

impl GuestConnection for NoConnection {
    fn open(address: String) -> Result<Connection, Error> {
        Err(error(refused_blocking("postgres.open", &address)))
    }

    async fn open_async(address: String) -> Result<Connection, Error> {
        Err(error(refused("postgres.open", &address).await))
    }

    fn query(&self, _: String, _: Vec<ParameterValue>) -> Result<RowSet, Error> {
        match *self {}
    }

    async fn query_async(&self, _: String, _: Vec<ParameterValue>) -> Result<Rows, Error> {
        match *self {}
    }

    fn execute(&self, _: String, _: Vec<ParameterValue>) -> Result<u64, Error> {
        match *self {}
    }

    async fn execute_async(&self, _: String, _: Vec<ParameterValue>) -> Result<u64, Error> {
        match *self {}
    }
}
