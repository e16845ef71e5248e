//! What the relational databases share: the types of `fermyon:spin/rdbms-types`, and how a result is read.

use crate::bindings::spin2::rdbms_types::{Column, DbDataType, DbValue, Error, ParameterValue, RowSet};
use crate::host::{Answer, Failure, Handle, Parts};
use flat::pack::Item;

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

/// The error of a version whose errors are texts: a host that is not granted is a connection that failed, as in Spin.
macro_rules! text_error {
    ($error:ident, $failure:expr) => {{
        let failure = $failure;
        match failure.name.as_str() {
            "access-denied" | "connection-failed" => $error::ConnectionFailed(failure.message),
            "bad-parameter" => $error::BadParameter(failure.message),
            "value-conversion-failed" => $error::ValueConversionFailed(failure.message),
            "query-failed" => $error::QueryFailed(failure.message),
            "db-error" => $error::QueryFailed(flat::rdbms::as_text(&failure.message).unwrap_or(failure.message)),
            _ => $error::Other(failure.message),
        }
    }};
}
pub(crate) use text_error;

pub fn error(failure: Failure) -> Error {
    text_error!(Error, failure)
}

/// A query of `fermyon:spin`; `op` and `next` ask for its first and its further parts.
pub fn query(
    connection: &Handle,
    op: &str,
    next: &'static str,
    statement: &str,
    parameters: &[ParameterValue],
) -> Result<RowSet, Error> {
    let answer = connection.ask(op, &question(statement, parameters, false)).map_err(error)?;
    let mut whole = result(&answer.data).ok_or_else(|| error(Failure::unreadable()))?;
    further(&answer, next, &mut whole.rows, rows).map_err(error)?;
    Ok(whole)
}

/// A statement of `fermyon:spin` that is done for what it changes: the number of rows.
pub fn execute(connection: &Handle, op: &str, statement: &str, parameters: &[ParameterValue]) -> Result<u64, Error> {
    connection.ask(op, &question(statement, parameters, false)).and_then(|answer| affected(&answer)).map_err(error)
}

/// Add the rows of each part after the first.
pub fn further<T>(
    first: &Answer,
    next: &'static str,
    rows: &mut Vec<T>,
    read: fn(&[u8]) -> Option<Vec<T>>,
) -> Result<(), Failure> {
    let mut rest = Parts::after(first, next);
    while let Some(part) = rest.next()? {
        rows.append(&mut read(&part).ok_or_else(Failure::unreadable)?);
    }
    Ok(())
}

/// The number of rows that an answer's head tells.
pub fn affected(answer: &Answer) -> Result<u64, Failure> {
    answer.head.parse().map_err(|_| Failure::unreadable())
}
