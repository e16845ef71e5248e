//! `spin:mysql@3`.

use flat::pack::Item;

use crate::bindings::exports::spin::mysql::mysql::{
    Column, Connection, DbDataType, DbValue, Error, Guest, GuestConnection, ParameterValue, Row,
};
use crate::host::{Failure, Handle, Parts};
use crate::rows::{stream, Rows, Streamed};
use crate::Provider;

/// The first part of a result; the interface itself has no such record.
struct RowSet {
    columns: Vec<Column>,
    rows: Vec<Row>,
}

flat::rdbms! {
    parameters {
        ParameterValue::Uint8(number) => "uint8", Item::from(u32::from(*number));
        ParameterValue::Uint16(number) => "uint16", Item::from(u32::from(*number));
        ParameterValue::Uint32(number) => "uint32", Item::from(*number);
        ParameterValue::Uint64(number) => "uint64", Item::from(*number);
    }
    values(content) {
        "uint8" => DbValue::Uint8(content.int()?);
        "uint16" => DbValue::Uint16(content.int()?);
        "uint32" => DbValue::Uint32(content.int()?);
        "uint64" => DbValue::Uint64(content.int()?);
        _ => DbValue::Unsupported
    }
    types(_detail) {
        "uint8" => Uint8;
        "uint16" => Uint16;
        "uint32" => Uint32;
        "uint64" => Uint64;
        _ => DbDataType::Other
    }
}

fn error(failure: Failure) -> Error {
    match failure.name.as_str() {
        "access-denied" | "connection-failed" => Error::ConnectionFailed(failure.message),
        "bad-parameter" => Error::BadParameter(failure.message),
        "query-failed" => Error::QueryFailed(failure.message),
        "value-conversion-failed" => Error::ValueConversionFailed(failure.message),
        _ => Error::Other(failure.message),
    }
}

impl Guest for Provider {
    type Connection = Handle;
}

impl GuestConnection for Handle {
    async fn open(address: String) -> Result<Connection, Error> {
        Handle::open("mysql.open", &address, String::new()).await.map(Connection::new).map_err(error)
    }

    async fn query(
        &self,
        statement: String,
        parameters: Vec<ParameterValue>,
    ) -> Result<(Vec<Column>, wit_bindgen::StreamReader<Row>, wit_bindgen::FutureReader<Result<(), Error>>), Error>
    {
        let answer = self.ask("mysql.query", &question(&statement, &parameters, true)).await.map_err(error)?;
        let rest = Parts::after(&answer, "mysql.next");
        let RowSet { columns, rows: first } = result(&answer.data).ok_or_else(|| error(Failure::unreadable()))?;
        let (stream, ended): Streamed<Row, Error> = stream(Ok(Rows { first, rest, read: rows }), error);
        Ok((columns, stream, ended))
    }

    async fn execute(&self, statement: String, parameters: Vec<ParameterValue>) -> Result<(), Error> {
        self.ask("mysql.execute", &question(&statement, &parameters, false)).await.map(|_| ()).map_err(error)
    }
}
