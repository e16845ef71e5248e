//! `fermyon:spin/sqlite` and `spin:sqlite@3.0.0`.

use crate::bindings::{spin2::sqlite as sqlite2, sqlite3};
use crate::host::refused;
use crate::{never, Nobody, Provider};

/// Open a database as the version with this module does.
macro_rules! open {
    ($version:ident) => {
        fn open(database: String) -> Result<$version::Connection, $version::Error> {
            let failure = refused("sqlite.open", &database);
            Err(match failure.name.as_str() {
                "access-denied" => $version::Error::AccessDenied,
                "no-such-database" => $version::Error::NoSuchDatabase,
                "invalid-connection" => $version::Error::InvalidConnection,
                "database-full" => $version::Error::DatabaseFull,
                _ => $version::Error::Io(failure.message),
            })
        }
    };
}

impl sqlite2::GuestConnection for Nobody {
    open!(sqlite2);

    never! {
        execute(String, Vec<sqlite2::Value>) -> Result<sqlite2::QueryResult, sqlite2::Error>;
    }
}

impl sqlite2::Guest for Provider {
    type Connection = Nobody;
}

impl sqlite3::GuestConnection for Nobody {
    open!(sqlite3);

    never! {
        execute(String, Vec<sqlite3::Value>) -> Result<sqlite3::QueryResult, sqlite3::Error>;
        last_insert_rowid() -> i64;
        changes() -> u64;
    }
}

impl sqlite3::Guest for Provider {
    type Connection = Nobody;
}
