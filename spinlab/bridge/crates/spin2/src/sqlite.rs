//! `fermyon:spin/sqlite` and `spin:sqlite@3.0.0`.

use crate::bindings::{spin2::sqlite as sqlite2, sqlite3};
use crate::host::{Answer, Failure, Handle, Parts};
use crate::Provider;
use flat::items;
use flat::pack::{encode, unpack, Item};

/// The interface of the version with this module: the types are the same in all, but each has its own. `more` are the
/// methods that only some have.
macro_rules! version {
    ($module:ident, $version:ident { $($more:tt)* }) => {
        mod $module {
            use super::*;
            use $version::{Connection, Error, QueryResult, RowResult, Value};

            impl $version::Guest for Provider {
                type Connection = Handle;
            }

            impl $version::GuestConnection for Handle {
                fn open(database: String) -> Result<Connection, Error> {
                    Handle::open("sqlite.open", &database, String::new()).map(Connection::new).map_err(error)
                }

                fn execute(&self, statement: String, parameters: Vec<Value>) -> Result<QueryResult, Error> {
                    let parameters = parameters.iter().map(item).collect();
                    run(self, &statement, Item::List(parameters), first, rows).map_err(error)
                }

                $($more)*
            }

            fn error(failure: Failure) -> Error {
                match failure.name.as_str() {
                    "access-denied" => Error::AccessDenied,
                    "no-such-database" => Error::NoSuchDatabase,
                    "invalid-connection" => Error::InvalidConnection,
                    "database-full" => Error::DatabaseFull,
                    _ => Error::Io(failure.message),
                }
            }

            fn item(value: &Value) -> Item<'_> {
                match value {
                    Value::Integer(number) => Item::from(*number),
                    Value::Real(number) => Item::from(*number),
                    Value::Text(text) => Item::from(text),
                    Value::Blob(bytes) => Item::from(bytes),
                    Value::Null => Item::Nothing,
                }
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

            fn first(columns: Vec<String>) -> QueryResult {
                QueryResult { columns, rows: Vec::new() }
            }

            fn rows(result: &mut QueryResult, rows: &Item<'_>) -> Option<()> {
                result.rows.append(&mut rows.each(|row| Some(RowResult { values: row.each(value)? }))?);
                Some(())
            }
        }
    };
}

version! {
    version2, sqlite2 {}
}
version! {
    version3, sqlite3 {
        fn last_insert_rowid(&self) -> i64 {
            number(self.ask("sqlite.last-insert-rowid", ""))
        }

        fn changes(&self) -> u64 {
            number(self.ask("sqlite.changes", ""))
        }
    }
}

/// Run a statement: `first` makes a result of the columns, `add` adds rows to it.
fn run<R>(
    connection: &Handle,
    statement: &str,
    parameters: Item<'_>,
    first: fn(Vec<String>) -> R,
    add: fn(&mut R, &Item<'_>) -> Option<()>,
) -> Result<R, Failure> {
    let answer = connection.ask("sqlite.execute", &encode(&items![statement, parameters]))?;
    let mut rest = Parts::after(&answer, "sqlite.next");
    let begin = |part: &[u8]| {
        let item = unpack(part)?;
        let [columns, rows] = item.array()?;
        let mut result = first(columns.texts()?);
        add(&mut result, rows)?;
        Some(result)
    };
    let mut result = begin(&answer.data).ok_or_else(Failure::unreadable)?;
    while let Some(part) = rest.next()? {
        unpack(&part).and_then(|rows| add(&mut result, &rows)).ok_or_else(Failure::unreadable)?;
    }
    Ok(result)
}

/// The number that an answer's head tells; 0 for none, as these functions have no errors.
fn number<T: std::str::FromStr + Default>(answer: Result<Answer, Failure>) -> T {
    answer.ok().and_then(|answer| answer.head.parse().ok()).unwrap_or_default()
}
