//! Keys and rows on their way to the guest: a stream, and a future that says how it ended.

use wit_bindgen::{spawn_local, FutureReader, StreamReader};

use crate::bindings::wit_future::{self, FuturePayload};
use crate::bindings::wit_stream::{self, StreamPayload};
use crate::host::{Failure, Parts};

/// What there is so far, and where the rest comes from.
pub struct Rows<T> {
    pub first: Vec<T>,
    pub rest: Parts,
    /// What a further part holds.
    pub read: fn(&[u8]) -> Option<Vec<T>>,
}

pub type Streamed<T, E> = (StreamReader<T>, FutureReader<Result<(), E>>);

/// Stream the rows. A part is asked for when the one before has been read, so that a guest that reads no more costs
/// nothing; when it drops the stream, the host is told.
pub fn stream<T, E>(rows: Result<Rows<T>, E>, error: fn(Failure) -> E) -> Streamed<T, E>
where
    T: StreamPayload,
    E: 'static,
    Result<(), E>: FuturePayload,
{
    let (mut to, stream) = wit_stream::new();
    let (end, ended) = wit_future::new(|| Ok(()));
    spawn_local(async move {
        let result = match rows {
            Ok(rows) => write(rows, &mut to).await.map_err(error),
            Err(error) => Err(error),
        };
        drop(to);
        // Who does not want to know has dropped the reader.
        let _ = end.write(result).await;
    });
    (stream, ended)
}

async fn write<T: 'static>(rows: Rows<T>, to: &mut wit_bindgen::StreamWriter<T>) -> Result<(), Failure> {
    let Rows { mut first, mut rest, read } = rows;
    loop {
        if !first.is_empty() && !to.write_all(first).await.is_empty() {
            return Ok(());
        }
        match rest.next().await? {
            Some(part) => first = read(&part).ok_or_else(Failure::unreadable)?,
            None => return Ok(()),
        }
    }
}
