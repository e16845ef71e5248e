//! `spin:sqlite@3.1`.

use wit_bindgen::{FutureReader, StreamReader};

use crate::bindings::exports::spin::sqlite3_1_0::sqlite::{
    Connection, Error, Guest, GuestConnection, QueryResult, RowResult, Value,
};
use crate::host::{refused, refused_blocking, Failure};
use crate::Provider;

/// Nobody ever holds a connection.
pub enum NoConnection {}

type Rows = (Vec<String>, StreamReader<RowResult>, FutureReader<Result<(), Error>>);

impl Guest for Provider {
    type Connection = NoConnection;
}

fn open(refusal: Failure) -> Result<Connection, Error> {
    Err(match refusal.name.as_str() {
        "access-denied" => Error::AccessDenied,
        "no-such-database" => Error::NoSuchDatabase,
        _ => Error::Io(refusal.message),
    })
}

impl GuestConnection for NoConnection {
    fn open(database: String) -> Result<Connection, Error> {
        open(refused_blocking("sqlite.open", &database))
    }

    async fn open_async(database: String) -> Result<Connection, Error> {
        open(refused("sqlite.open", &database).await)
    }

    fn execute(&self, _: String, _: Vec<Value>) -> Result<QueryResult, Error> {
        match *self {}
    }

    async fn execute_async(&self, _: String, _: Vec<Value>) -> Result<Rows, Error> {
        match *self {}
    }

    fn last_insert_rowid(&self) -> i64 {
        match *self {}
    }

    async fn last_insert_rowid_async(&self) -> i64 {
        match *self {}
    }

    fn changes(&self) -> u64 {
        match *self {}
    }

    async fn changes_async(&self) -> u64 {
        match *self {}
    }
}
