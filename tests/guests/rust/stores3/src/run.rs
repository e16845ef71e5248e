//! The lines: words with tabs between.

use std::cell::RefCell;
use std::fmt::Debug;
use std::future::{poll_fn, Future};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use wit_bindgen::{FutureReader, StreamReader};

use crate::fermyon::spin::key_value as key_value2;
use crate::spin::key_value::key_value;
use crate::spin::sqlite3_1_0::sqlite;
use crate::spin::variables::variables;

/// What the lines have opened.
#[derive(Default)]
struct Open {
    store: Option<Rc<key_value::Store>>,
    store2: Option<Rc<key_value2::Store>>,
    database: Option<Rc<sqlite::Connection>>,
    keys: Option<StreamReader<String>>,
}

thread_local! {
    static OPEN: RefCell<Open> = RefCell::default();
}

fn shown(result: impl Debug) -> String {
    format!("{result:?}")
}

/// Keep what was opened; answers how it went.
fn keep<T, E: Debug>(opened: Result<T, E>, place: impl FnOnce(&mut Open) -> &mut Option<Rc<T>>) -> String {
    match opened {
        Ok(value) => {
            OPEN.with_borrow_mut(|open| *place(open) = Some(Rc::new(value)));
            "opened".into()
        }
        Err(error) => shown(Err::<(), E>(error)),
    }
}

pub async fn run(line: &str) -> String {
    let words: Vec<&str> = line.split('\t').collect();
    let (family, verb) = words[0].split_once(' ').unwrap_or((words[0], ""));
    match family {
        "kv" => key_value(verb, &words[1..]).await,
        "kv2" => key_value2(verb, &words[1..]),
        "sqlite" => sqlite(verb, &words[1..]).await,
        "variable" => shown(variables::get(words[1].into()).await),
        _ => "unknown".into(),
    }
}

async fn key_value(verb: &str, words: &[&str]) -> String {
    if verb == "open" {
        return keep(key_value::Store::open(words[0].into()).await, |open| &mut open.store);
    }
    if verb == "next" {
        return next().await;
    }
    let Some(store) = OPEN.with_borrow(|open| open.store.clone()) else { return "no store".into() };
    match verb {
        "get" => shown(store.get(words[0].into()).await),
        "give-up" => given_up(store.get(words[0].into())).await,
        "set" => shown(store.set(words[0].into(), words[1].into()).await),
        "delete" => shown(store.delete(words[0].into()).await),
        "exists" => shown(store.exists(words[0].into()).await),
        "keys" => keys(store.get_keys().await, usize::MAX).await,
        "first-keys" => keys(store.get_keys().await, words[0].parse().expect("a number")).await,
        "count" => shown(store.get_keys().await.0.collect().await.len()),
        "begin-keys" => {
            let (keys, _) = store.get_keys().await;
            OPEN.with_borrow_mut(|open| open.keys = Some(keys));
            "begun".into()
        }
        _ => "unknown".into(),
    }
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

/// So many keys, and how it ended.
async fn keys<E: Debug>((mut stream, end): (StreamReader<String>, FutureReader<Result<(), E>>), most: usize) -> String
where
    Result<(), E>: 'static,
{
    let mut keys = Vec::new();
    while keys.len() < most {
        match stream.next().await {
            Some(key) => keys.push(key),
            None => break,
        }
    }
    drop(stream);
    format!("{keys:?} {:?}", end.await)
}

/// The next key of a stream that was begun before.
async fn next() -> String {
    let Some(mut stream) = OPEN.with_borrow_mut(|open| open.keys.take()) else { return "no stream".into() };
    let key = stream.next().await;
    if key.is_some() {
        OPEN.with_borrow_mut(|open| open.keys = Some(stream));
    }
    shown(key)
}

fn key_value2(verb: &str, words: &[&str]) -> String {
    if verb == "open" {
        return keep(key_value2::Store::open(words[0]), |open| &mut open.store2);
    }
    let Some(store) = OPEN.with_borrow(|open| open.store2.clone()) else { return "no store".into() };
    match verb {
        "get" => shown(store.get(words[0])),
        _ => "unknown".into(),
    }
}

async fn sqlite(verb: &str, words: &[&str]) -> String {
    match verb {
        "open" => return keep(sqlite::Connection::open(words[0]), |open| &mut open.database),
        "open-async" => return keep(sqlite::Connection::open_async(words[0].into()).await, |open| &mut open.database),
        _ => {}
    }
    let Some(database) = OPEN.with_borrow(|open| open.database.clone()) else { return "no database".into() };
    match verb {
        "rowid" => shown(database.last_insert_rowid()),
        "rowid-async" => shown(database.last_insert_rowid_async().await),
        "changes" => shown(database.changes()),
        "changes-async" => shown(database.changes_async().await),
        "execute" => match database.execute(words[0], &values(&words[1..])) {
            Ok(result) => format!("{:?} {:?}", result.columns, rows(result.rows)),
            Err(error) => shown(error),
        },
        "first" => match database.execute_async(words[0].into(), values(&words[1..])).await {
            Ok((_, mut stream, _)) => shown(stream.next().await.map(|row| row.values)),
            Err(error) => shown(error),
        },
        "execute-async" => match database.execute_async(words[0].into(), values(&words[1..])).await {
            Ok((columns, stream, end)) => {
                let found = rows(stream.collect().await);
                format!("{columns:?} {found:?} {:?}", end.await)
            }
            Err(error) => shown(error),
        },
        "count-async" => match database.execute_async(words[0].into(), values(&words[1..])).await {
            Ok((_, stream, end)) => format!("{} {:?}", stream.collect().await.len(), end.await),
            Err(error) => shown(error),
        },
        _ => "unknown".into(),
    }
}

fn rows(rows: Vec<sqlite::RowResult>) -> Vec<Vec<sqlite::Value>> {
    rows.into_iter().map(|row| row.values).collect()
}

/// A value as a word: `i1`, `r0.5`, `stext`, `bff00` or `n`.
fn values(words: &[&str]) -> Vec<sqlite::Value> {
    let value = |word: &&str| {
        let (kind, rest) = word.split_at(1);
        match kind {
            "i" => sqlite::Value::Integer(rest.parse().expect("an integer")),
            "r" => sqlite::Value::Real(rest.parse().expect("a float")),
            "s" => sqlite::Value::Text(rest.into()),
            "b" => sqlite::Value::Blob(bytes(rest)),
            _ => sqlite::Value::Null,
        }
    };
    words.iter().map(value).collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.chars().filter_map(|digit| digit.to_digit(16)).map(|digit| digit as u8).collect();
    digits.chunks(2).map(|two| two[0] << 4 | two[1]).collect()
}
