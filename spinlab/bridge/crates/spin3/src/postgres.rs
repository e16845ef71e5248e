//! `spin:postgres@4`.

use std::cell::RefCell;

use flat::pack::{encode, Item};

use crate::bindings::exports::spin::postgres4_2_0::postgres::{
    Column, Connection, DbDataType, DbError, DbValue, Error, Guest, GuestConnection, GuestConnectionBuilder, Interval,
    ParameterValue, QueryError, RangeBoundKind, Row, RowSet,
};
use crate::host::{ask_blocking, Answer, Failure, Handle, Parts};
use crate::rows::{stream, Rows, Streamed};
use crate::Provider;

flat::postgres4! {}

/// Where a guest wants to connect to, and whose certificates it trusts beside the platform's.
pub struct Builder {
    address: String,
    root: RefCell<Option<String>>,
}

impl Guest for Provider {
    type Connection = Handle;
    type ConnectionBuilder = Builder;
}

impl Builder {
    fn extra(&self) -> String {
        self.root.borrow().as_ref().map_or_else(String::new, |root| encode(&flat::items![root]))
    }
}

impl GuestConnectionBuilder for Builder {
    fn new(address: String) -> Self {
        Self { address, root: RefCell::default() }
    }

    fn set_ca_root(&self, certificate: String) -> Result<(), Error> {
        ask_blocking("postgres.root", "", &encode(&flat::items![&certificate])).map_err(error)?;
        self.root.replace(Some(certificate));
        Ok(())
    }

    fn build(&self) -> Result<Connection, Error> {
        Handle::open_blocking("postgres.open", &self.address, self.extra()).map(Connection::new).map_err(error)
    }

    async fn build_async(&self) -> Result<Connection, Error> {
        Handle::open("postgres.open", &self.address, self.extra()).await.map(Connection::new).map_err(error)
    }
}

/// The number of rows that an answer's head tells.
fn affected(answer: Answer) -> Result<u64, Failure> {
    answer.head.parse().map_err(|_| Failure::unreadable())
}

impl GuestConnection for Handle {
    fn open(address: String) -> Result<Connection, Error> {
        Handle::open_blocking("postgres.open", &address, String::new()).map(Connection::new).map_err(error)
    }

    async fn open_async(address: String) -> Result<Connection, Error> {
        Handle::open("postgres.open", &address, String::new()).await.map(Connection::new).map_err(error)
    }

    fn query(&self, statement: String, parameters: Vec<ParameterValue>) -> Result<RowSet, Error> {
        let answer = self.ask_blocking("postgres.query", &question(&statement, &parameters, false)).map_err(error)?;
        let mut rest = Parts::after(&answer, "postgres.next");
        let mut whole = result(&answer.data).ok_or_else(|| error(Failure::unreadable()))?;
        while let Some(part) = rest.next_blocking().map_err(error)? {
            whole.rows.append(&mut rows(&part).ok_or_else(|| error(Failure::unreadable()))?);
        }
        Ok(whole)
    }

    async fn query_async(
        &self,
        statement: String,
        parameters: Vec<ParameterValue>,
    ) -> Result<(Vec<Column>, wit_bindgen::StreamReader<Row>, wit_bindgen::FutureReader<Result<(), Error>>), Error>
    {
        let answer = self.ask("postgres.query", &question(&statement, &parameters, true)).await.map_err(error)?;
        let rest = Parts::after(&answer, "postgres.next");
        let RowSet { columns, rows: first } = result(&answer.data).ok_or_else(|| error(Failure::unreadable()))?;
        let (stream, ended): Streamed<Row, Error> = stream(Ok(Rows { first, rest, read: rows }), error);
        Ok((columns, stream, ended))
    }

    fn execute(&self, statement: String, parameters: Vec<ParameterValue>) -> Result<u64, Error> {
        let answer = self.ask_blocking("postgres.execute", &question(&statement, &parameters, false));
        answer.and_then(affected).map_err(error)
    }

    async fn execute_async(&self, statement: String, parameters: Vec<ParameterValue>) -> Result<u64, Error> {
        let answer = self.ask("postgres.execute", &question(&statement, &parameters, false)).await;
        answer.and_then(affected).map_err(error)
    }
}
