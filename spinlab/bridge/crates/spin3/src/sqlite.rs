//! `spin:sqlite@3.1`.

use flat::items;
use flat::pack::{encode, unpack, Item};
use wit_bindgen::{FutureReader, StreamReader};

use crate::bindings::exports::spin::sqlite3_1_0::sqlite::{
    Connection, Error, Guest, GuestConnection, QueryResult, RowResult, Value,
};
use crate::host::{Answer, Failure, Handle, Parts};
use crate::rows::{stream, Rows};
use crate::Provider;

type Streamed = (Vec<String>, StreamReader<RowResult>, FutureReader<Result<(), Error>>);

fn error(failure: Failure) -> Error {
    match failure.name.as_str() {
        "access-denied" => Error::AccessDenied,
        "no-such-database" => Error::NoSuchDatabase,
        "invalid-connection" => Error::InvalidConnection,
        "database-full" => Error::DatabaseFull,
        _ => Error::Io(failure.message),
    }
}

fn unreadable() -> Error {
    error(Failure::unreadable())
}

/// A statement with its parameters, for the host.
fn question(statement: &str, parameters: &[Value]) -> String {
    let values = parameters.iter().map(|value| match value {
        Value::Integer(number) => Item::from(*number),
        Value::Real(number) => Item::from(*number),
        Value::Text(text) => Item::from(text),
        Value::Blob(bytes) => Item::from(bytes),
        Value::Null => Item::Nothing,
    });
    encode(&items![statement, Item::List(values.collect())])
}

fn value(item: &Item<'_>) -> Option<Value> {
    Some(match item {
        Item::Int(_) => Value::Integer(item.int()?),
        Item::Real(number) => Value::Real(*number),
        Item::Text(text) => Value::Text((*text).to_owned()),
        Item::Bytes(bytes) => Value::Blob(bytes.to_vec()),
        Item::Nothing => Value::Null,
        _ => return None,
    })
}

fn rows_of(item: &Item<'_>) -> Option<Vec<RowResult>> {
    item.each(|row| Some(RowResult { values: row.each(value)? }))
}

fn rows(part: &[u8]) -> Option<Vec<RowResult>> {
    rows_of(&unpack(part)?)
}

/// The columns, and the first rows.
fn result(part: &[u8]) -> Option<QueryResult> {
    let item = unpack(part)?;
    let [columns, rows] = item.array()?;
    Some(QueryResult { columns: columns.texts()?, rows: rows_of(rows)? })
}

/// The number that an answer's head tells; 0 for none, as these functions have no errors.
fn number<T: std::str::FromStr + Default>(answer: Result<Answer, Failure>) -> T {
    answer.ok().and_then(|answer| answer.head.parse().ok()).unwrap_or_default()
}

impl Guest for Provider {
    type Connection = Handle;
}

impl GuestConnection for Handle {
    fn open(database: String) -> Result<Connection, Error> {
        Handle::open_blocking("sqlite.open", &database, String::new()).map(Connection::new).map_err(error)
    }

    async fn open_async(database: String) -> Result<Connection, Error> {
        Handle::open("sqlite.open", &database, String::new()).await.map(Connection::new).map_err(error)
    }

    fn execute(&self, statement: String, parameters: Vec<Value>) -> Result<QueryResult, Error> {
        let answer = self.ask_blocking("sqlite.execute", &question(&statement, &parameters)).map_err(error)?;
        let mut rest = Parts::after(&answer, "sqlite.next");
        let mut whole = result(&answer.data).ok_or_else(unreadable)?;
        while let Some(part) = rest.next_blocking().map_err(error)? {
            whole.rows.append(&mut rows(&part).ok_or_else(unreadable)?);
        }
        Ok(whole)
    }

    async fn execute_async(&self, statement: String, parameters: Vec<Value>) -> Result<Streamed, Error> {
        let answer = self.ask("sqlite.execute", &question(&statement, &parameters)).await.map_err(error)?;
        let rest = Parts::after(&answer, "sqlite.next");
        let QueryResult { columns, rows: first } = result(&answer.data).ok_or_else(unreadable)?;
        let (rows, ended) = stream(Ok(Rows { first, rest, read: rows }), error);
        Ok((columns, rows, ended))
    }

    fn last_insert_rowid(&self) -> i64 {
        number(self.ask_blocking("sqlite.last-insert-rowid", ""))
    }

    async fn last_insert_rowid_async(&self) -> i64 {
        number(self.ask("sqlite.last-insert-rowid", "").await)
    }

    fn changes(&self) -> u64 {
        number(self.ask_blocking("sqlite.changes", ""))
    }

    async fn changes_async(&self) -> u64 {
        number(self.ask("sqlite.changes", "").await)
    }
}
