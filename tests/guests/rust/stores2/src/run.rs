//! The lines: words with tabs between; `\n` in a word is a line break.

use std::cell::RefCell;
use std::fmt::Debug;

use crate::bindings::fermyon::spin::{key_value, llm, sqlite, variables};
use crate::bindings::spin::sqlite3_0_0::sqlite as sqlite3;
use crate::bindings::wasi::config::store as config;
use crate::bindings::wasi::keyvalue::{atomics, batch, store};

/// What the lines have opened.
#[derive(Default)]
struct Open {
    store: Option<key_value::Store>,
    bucket: Option<store::Bucket>,
    cas: Option<atomics::Cas>,
    database: Option<sqlite::Connection>,
    database3: Option<sqlite3::Connection>,
}

thread_local! {
    static OPEN: RefCell<Open> = RefCell::default();
}

fn shown(result: impl Debug) -> String {
    format!("{result:?}")
}

/// Keep what was opened; answers how it went.
fn keep<T, E: Debug>(place: &mut Option<T>, opened: Result<T, E>) -> String {
    match opened {
        Ok(value) => {
            *place = Some(value);
            "opened".into()
        }
        Err(error) => shown(Err::<(), E>(error)),
    }
}

pub fn run(line: &str) -> String {
    let line = line.replace("\\n", "\n");
    let words: Vec<&str> = line.split('\t').collect();
    OPEN.with_borrow_mut(|open| {
        let (family, verb) = words[0].split_once(' ').unwrap_or((words[0], ""));
        match family {
            "kv" => key_value(open, verb, &words[1..]),
            "wasi" => bucket(open, verb, &words[1..]),
            "sqlite" => sqlite(open, verb, &words[1..]),
            "sqlite3" => sqlite3(open, verb, &words[1..]),
            "variable" => shown(variables::get(words[1])),
            "config" if verb == "all" => shown(config::get_all()),
            "config" => shown(config::get(words[1])),
            "llm" => llm(verb, &words[1..]),
            _ => "unknown".into(),
        }
    })
}

fn key_value(open: &mut Open, verb: &str, words: &[&str]) -> String {
    if verb == "open" {
        return keep(&mut open.store, key_value::Store::open(words[0]));
    }
    let Some(store) = &open.store else { return "no store".into() };
    match verb {
        "get" => shown(store.get(words[0])),
        "size" => shown(store.get(words[0]).map(|value| value.map(|bytes| bytes.len()))),
        "set" => shown(store.set(words[0], words[1].as_bytes())),
        "fill" => shown(store.set(words[0], &vec![0xa5; words[1].parse().expect("a size")])),
        "delete" => shown(store.delete(words[0])),
        "exists" => shown(store.exists(words[0])),
        "keys" => shown(store.get_keys()),
        "count" => shown(store.get_keys().map(|keys| keys.len())),
        _ => "unknown".into(),
    }
}

fn bucket(open: &mut Open, verb: &str, words: &[&str]) -> String {
    if verb == "open" {
        return keep(&mut open.bucket, store::open(words[0]));
    }
    let Some(bucket) = &open.bucket else { return "no bucket".into() };
    let keys = || words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    match verb {
        "get" => shown(bucket.get(words[0])),
        "set" => shown(bucket.set(words[0], words[1].as_bytes())),
        "delete" => shown(bucket.delete(words[0])),
        "exists" => shown(bucket.exists(words[0])),
        "list" => shown(bucket.list_keys(words.first().copied())),
        "increment" => shown(atomics::increment(bucket, words[0], words[1].parse().expect("a number"))),
        "look" => keep(&mut open.cas, atomics::Cas::new(bucket, words[0])),
        "current" => shown(open.cas.as_ref().map(|cas| cas.current())),
        "swap" => swap(open, words[0]),
        "get-many" => shown(batch::get_many(bucket, &keys())),
        "set-many" => {
            let pairs: Vec<_> = words.chunks(2).map(|two| (two[0].to_owned(), two[1].as_bytes().to_vec())).collect();
            shown(batch::set_many(bucket, &pairs))
        }
        "delete-many" => shown(batch::delete_many(bucket, &keys())),
        _ => "unknown".into(),
    }
}

/// Swap; after a failure the newer look is kept.
fn swap(open: &mut Open, value: &str) -> String {
    let Some(cas) = open.cas.take() else { return "no look".into() };
    match atomics::swap(cas, value.as_bytes()) {
        Ok(()) => "Ok(())".into(),
        Err(atomics::CasError::StoreError(error)) => shown(error),
        Err(atomics::CasError::CasFailed(newer)) => {
            let current = shown(newer.current());
            open.cas = Some(newer);
            format!("failed, now {current}")
        }
    }
}

/// A value as a word: `i1`, `r0.5`, `stext`, `bff00` or `n`.
macro_rules! values {
    ($version:ident, $words:expr) => {
        $words
            .iter()
            .map(|word| {
                let (kind, rest) = word.split_at(1);
                match kind {
                    "i" => $version::Value::Integer(rest.parse().expect("an integer")),
                    "r" => $version::Value::Real(rest.parse().expect("a float")),
                    "s" => $version::Value::Text(rest.into()),
                    "b" => $version::Value::Blob(bytes(rest)),
                    _ => $version::Value::Null,
                }
            })
            .collect::<Vec<_>>()
    };
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.chars().filter_map(|digit| digit.to_digit(16)).map(|digit| digit as u8).collect();
    digits.chunks(2).map(|two| two[0] << 4 | two[1]).collect()
}

fn sqlite(open: &mut Open, verb: &str, words: &[&str]) -> String {
    if verb == "open" {
        return keep(&mut open.database, sqlite::Connection::open(words[0]));
    }
    let Some(database) = &open.database else { return "no database".into() };
    match verb {
        "count" => shown(database.execute(words[0], &values!(sqlite, words[1..])).map(|result| result.rows.len())),
        _ => match database.execute(words[0], &values!(sqlite, words[1..])) {
            Ok(result) => format!("{:?} {:?}", result.columns, rows!(result)),
            Err(error) => shown(error),
        },
    }
}

/// The values of all rows.
macro_rules! rows {
    ($result:expr) => {
        $result.rows.into_iter().map(|row| row.values).collect::<Vec<_>>()
    };
}
use rows;

fn sqlite3(open: &mut Open, verb: &str, words: &[&str]) -> String {
    if verb == "open" {
        return keep(&mut open.database3, sqlite3::Connection::open(words[0]));
    }
    let Some(database) = &open.database3 else { return "no database".into() };
    match verb {
        "rowid" => shown(database.last_insert_rowid()),
        "changes" => shown(database.changes()),
        "close" => {
            open.database3 = None;
            "closed".into()
        }
        _ => match database.execute(words[0], &values!(sqlite3, words[1..])) {
            Ok(result) => format!("{:?} {:?}", result.columns, rows!(result)),
            Err(error) => shown(error),
        },
    }
}

fn llm(verb: &str, words: &[&str]) -> String {
    match verb {
        "infer" => shown(llm::infer(words[0], words[1], None)),
        "infer-with" => {
            let params = llm::InferencingParams {
                max_tokens: 10,
                repeat_penalty: 1.5,
                repeat_penalty_last_n_token_count: 64,
                temperature: 0.5,
                top_k: 40,
                top_p: 0.25,
            };
            shown(llm::infer(words[0], words[1], Some(params)))
        }
        _ => {
            let texts: Vec<String> = words[1..].iter().map(|word| (*word).to_owned()).collect();
            shown(llm::generate_embeddings(words[0], &texts))
        }
    }
}
