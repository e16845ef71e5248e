//! `fermyon:spin/postgres`, `spin:postgres@3.0.0` and `@4.0.0`.

use crate::bindings::spin2::postgres as postgres2;
use crate::bindings::{postgres3, postgres4};
use crate::host::{Failure, Handle};
use crate::rdbms::{self, affected, further, text_error};
use crate::Provider;
use flat::pack::Item;

impl postgres2::Guest for Provider {
    type Connection = Handle;
}

impl postgres2::GuestConnection for Handle {
    fn open(address: String) -> Result<postgres2::Connection, postgres2::Error> {
        let opened = Handle::open("postgres.open", &address, String::new());
        opened.map(postgres2::Connection::new).map_err(rdbms::error)
    }

    fn query(
        &self,
        statement: String,
        parameters: Vec<postgres2::ParameterValue>,
    ) -> Result<postgres2::RowSet, postgres2::Error> {
        rdbms::query(self, "postgres.query", "postgres.next", &statement, &parameters)
    }

    fn execute(&self, statement: String, parameters: Vec<postgres2::ParameterValue>) -> Result<u64, postgres2::Error> {
        rdbms::execute(self, "postgres.execute", &statement, &parameters)
    }
}

/// A version with types of its own. Its conversions and `error` are in the module.
macro_rules! version {
    ($module:ident, $version:ident, [$($more:ident),*], { $($conversions:tt)* }) => {
        mod $module {
            use super::*;
            use $version::{Column, Connection, DbDataType, DbValue, Error, ParameterValue, RowSet, $($more),*};

            $($conversions)*

            impl $version::Guest for Provider {
                type Connection = Handle;
            }

            impl $version::GuestConnection for Handle {
                fn open(address: String) -> Result<Connection, Error> {
                    Handle::open("postgres.open", &address, String::new()).map(Connection::new).map_err(error)
                }

                fn query(&self, statement: String, parameters: Vec<ParameterValue>) -> Result<RowSet, Error> {
                    let answer =
                        self.ask("postgres.query", &question(&statement, &parameters, false)).map_err(error)?;
                    let mut whole = result(&answer.data).ok_or_else(|| error(Failure::unreadable()))?;
                    further(&answer, "postgres.next", &mut whole.rows, rows).map_err(error)?;
                    Ok(whole)
                }

                fn execute(&self, statement: String, parameters: Vec<ParameterValue>) -> Result<u64, Error> {
                    let answer = self.ask("postgres.execute", &question(&statement, &parameters, false));
                    answer.and_then(|answer| affected(&answer)).map_err(error)
                }
            }
        }
    };
}

version! {
    version3, postgres3, [], {
        flat::rdbms! {
            parameters {
                ParameterValue::Date(date) => "date", flat::rdbms::date(date);
                ParameterValue::Time(time) => "time", flat::rdbms::time(time);
                ParameterValue::Datetime(moment) => "datetime", flat::rdbms::datetime(moment);
                ParameterValue::Timestamp(seconds) => "timestamp", Item::from(*seconds);
            }
            values(content) {
                "date" => DbValue::Date(flat::rdbms::date_of(content)?);
                "time" => DbValue::Time(flat::rdbms::time_of(content)?);
                "datetime" => DbValue::Datetime(flat::rdbms::datetime_of(content)?);
                "timestamp" => DbValue::Timestamp(content.int()?);
                _ => DbValue::Unsupported
            }
            types(_detail) {
                "date" => Date;
                "time" => Time;
                "datetime" => Datetime;
                "timestamp" => Timestamp;
                _ => DbDataType::Other
            }
        }

        fn error(failure: Failure) -> Error {
            text_error!(Error, failure)
        }
    }
}

version! {
    version4, postgres4, [DbError, Interval, QueryError, RangeBoundKind], { flat::postgres4! {} }
}
