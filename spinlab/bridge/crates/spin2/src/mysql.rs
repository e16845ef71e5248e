//! `fermyon:spin/mysql`.

use crate::bindings::spin2::mysql::{Connection, Error, Guest, GuestConnection, ParameterValue, RowSet};
use crate::host::Handle;
use crate::rdbms;
use crate::Provider;

impl Guest for Provider {
    type Connection = Handle;
}

impl GuestConnection for Handle {
    fn open(address: String) -> Result<Connection, Error> {
        Handle::open("mysql.open", &address, String::new()).map(Connection::new).map_err(rdbms::error)
    }

    fn query(&self, statement: String, parameters: Vec<ParameterValue>) -> Result<RowSet, Error> {
        rdbms::query(self, "mysql.query", "mysql.next", &statement, &parameters)
    }

    fn execute(&self, statement: String, parameters: Vec<ParameterValue>) -> Result<(), Error> {
        rdbms::execute(self, "mysql.execute", &statement, &parameters).map(|_| ())
    }
}
