//! The lines: words with tabs between.

use std::cell::RefCell;
use std::fmt::Debug;
use std::future::{poll_fn, Future};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use wit_bindgen::{FutureReader, StreamReader};

use crate::spin::mysql::mysql;
use crate::spin::postgres4_2_0::postgres;
use crate::words;

thread_local! {
    static MYSQL: RefCell<Option<Rc<mysql::Connection>>> = RefCell::default();
    static POSTGRES: RefCell<Option<Rc<postgres::Connection>>> = RefCell::default();
}

words::scalars!(read_mysql, mysql, unsigned);
words::scalars!(read_postgres, postgres, all);

fn shown(result: impl Debug) -> String {
    format!("{result:?}")
}

pub async fn run(line: String) -> String {
    let words: Vec<&str> = line.split('\t').collect();
    let (family, verb) = words[0].split_once(' ').unwrap_or((words[0], ""));
    match family {
        "mysql" => mysql(verb, &words[1..]).await,
        "pg" => postgres(verb, &words[1..]).await,
        _ => "unknown".into(),
    }
}

async fn mysql(verb: &str, words: &[&str]) -> String {
    if verb == "open" {
        return match mysql::Connection::open(words[0].into()).await {
            Ok(connection) => kept(&MYSQL, connection),
            Err(error) => shown(Err::<(), _>(error)),
        };
    }
    let Some(connection) = MYSQL.with_borrow(Option::clone) else { return "not open".into() };
    let parameters: Vec<_> = words[1..].iter().map(|word| read_mysql(word)).collect();
    let statement = words[0].to_owned();
    match verb {
        "query" => rows(connection.query(statement, parameters).await, usize::MAX, true).await,
        "first" => rows(connection.query(statement, parameters).await, 1, true).await,
        "count" => rows(connection.query(statement, parameters).await, usize::MAX, false).await,
        "execute" => shown(connection.execute(statement, parameters).await),
        "give-up" => given_up(connection.execute(statement, parameters)).await,
        _ => "unknown".into(),
    }
}

async fn postgres(verb: &str, words: &[&str]) -> String {
    let opened = match verb {
        "open" => Some(postgres::Connection::open(words[0])),
        "open-async" => Some(postgres::Connection::open_async(words[0].into()).await),
        "build" | "build-async" => Some(built(verb, words).await),
        _ => None,
    };
    match opened {
        Some(Ok(connection)) => return kept(&POSTGRES, connection),
        Some(Err(error)) => return shown(Err::<(), _>(error)),
        None => {}
    }
    if verb == "alone" {
        return match postgres::Connection::open_async(words[0].into()).await {
            Ok(connection) => shown(connection.execute_async(words[1].into(), vec![]).await),
            Err(error) => shown(Err::<(), _>(error)),
        };
    }
    let Some(connection) = POSTGRES.with_borrow(Option::clone) else { return "not open".into() };
    let parameters: Vec<_> = words[1..].iter().map(|word| read_postgres(word)).collect();
    let statement = words[0].to_owned();
    match verb {
        "query" => shown(connection.query(&statement, &parameters)),
        "execute" => shown(connection.execute(&statement, &parameters)),
        "query-async" => rows(connection.query_async(statement, parameters).await, usize::MAX, true).await,
        "first" => rows(connection.query_async(statement, parameters).await, 1, true).await,
        "count" => rows(connection.query_async(statement, parameters).await, usize::MAX, false).await,
        "between" => between(&connection, statement).await,
        "execute-async" => shown(connection.execute_async(statement, parameters).await),
        "give-up" => given_up(connection.execute_async(statement, parameters)).await,
        _ => "unknown".into(),
    }
}

/// With the certificate that is the second word; its lines have spaces between.
async fn built(verb: &str, words: &[&str]) -> Result<postgres::Connection, postgres::Error> {
    let builder = postgres::ConnectionBuilder::new(words[0]);
    if let Some(pem) = words.get(1) {
        builder.set_ca_root(&pem.replace('~', "\n"))?;
    }
    if verb == "build" {
        builder.build()
    } else {
        builder.build_async().await
    }
}

fn kept<T>(place: &'static std::thread::LocalKey<RefCell<Option<Rc<T>>>>, connection: T) -> String {
    place.replace(Some(Rc::new(connection)));
    "opened".into()
}

type Queried<C, R, E> = Result<(Vec<C>, StreamReader<R>, FutureReader<Result<(), E>>), E>;

/// So many rows, or how many there are, and how it ended.
async fn rows<C: Debug, R: Debug, E: Debug>(queried: Queried<C, R, E>, most: usize, show: bool) -> String
where
    Result<(), E>: 'static,
{
    let (columns, mut stream, end) = match queried {
        Ok(found) => found,
        Err(error) => return shown(Err::<(), _>(error)),
    };
    let (mut rows, mut count) = (Vec::new(), 0);
    while count < most {
        let Some(row) = stream.next().await else { break };
        count += 1;
        if show {
            rows.push(row);
        }
    }
    drop(stream);
    if show {
        format!("{columns:?} {rows:?} {:?}", end.await)
    } else {
        format!("{count} {:?}", end.await)
    }
}

/// A row of one result, then another statement on the same connection, then the rest of the first.
async fn between(connection: &postgres::Connection, statement: String) -> String {
    let (_, mut stream, end) = connection.query_async(statement, vec![]).await.expect("rows");
    let first = stream.next().await;
    let other = connection.execute_async("select 1".into(), vec![]).await;
    let rest = stream.collect().await.len();
    format!("{} {other:?} {rest} {:?}", first.is_some(), end.await)
}

/// Look once at what comes of something, then want it no more.
async fn given_up<T: Debug>(future: impl Future<Output = T>) -> String {
    let mut future = pin!(future);
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(value) => Poll::Ready(shown(value)),
        Poll::Pending => Poll::Ready("given up".into()),
    })
    .await
}
