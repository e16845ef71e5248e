//! `fermyon:spin/mysql`.

use crate::bindings::spin2::mysql::{Connection, Error, Guest, GuestConnection, ParameterValue, RowSet};
use crate::host::refused;
use crate::rdbms::connection_error;
use crate::{never, Nobody, Provider};

impl GuestConnection for Nobody {
    fn open(address: String) -> Result<Connection, Error> {
        Err(connection_error!(Error, refused("mysql.open", &address)))
    }

    never! {
        query(String, Vec<ParameterValue>) -> Result<RowSet, Error>;
        execute(String, Vec<ParameterValue>) -> Result<(), Error>;
    }
}

impl Guest for Provider {
    type Connection = Nobody;
}
