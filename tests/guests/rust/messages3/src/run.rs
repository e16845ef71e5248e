//! The lines: words with tabs between. Bytes are written in hexadecimal.

use std::cell::RefCell;
use std::fmt::Debug;
use std::future::Future;
use std::rc::Rc;

use crate::spin::mqtt::mqtt::{self, Qos};
use crate::spin::redis::redis::{self, RedisParameter};

/// What the lines have opened.
#[derive(Default)]
struct Open {
    redis: Option<Rc<redis::Connection>>,
    mqtt: Option<Rc<mqtt::Connection>>,
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
    match words[0].split_once(' ') {
        Some(("redis", verb)) => redis(verb, &words[1..]).await,
        Some(("mqtt", verb)) => mqtt(verb, &words[1..]).await,
        _ => "unknown".into(),
    }
}

async fn redis(verb: &str, words: &[&str]) -> String {
    match verb {
        "open" => return keep(redis::Connection::open(words[0].into()).await, |open| &mut open.redis),
        "open-many" => return many(words[1], || redis::Connection::open(words[0].into())).await,
        _ => (),
    }
    let Some(connection) = OPEN.with_borrow(|open| open.redis.clone()) else { return "no connection".into() };
    match verb {
        "publish" => shown(connection.publish(words[0].into(), bytes(words[1])).await),
        "get" => shown(connection.get(words[0].into()).await),
        "set" => shown(connection.set(words[0].into(), bytes(words[1])).await),
        "set-large" => shown(connection.set(words[0].into(), vec![7; number(words[1])]).await),
        "length" => shown(connection.get(words[0].into()).await.map(|value| value.map(|value| value.len()))),
        "incr" => shown(connection.incr(words[0].into()).await),
        "del" => shown(connection.del(texts(words)).await),
        "sadd" => shown(connection.sadd(words[0].into(), texts(&words[1..])).await),
        "smembers" => shown(connection.smembers(words[0].into()).await),
        "srem" => shown(connection.srem(words[0].into(), texts(&words[1..])).await),
        "execute" => {
            shown(connection.execute(words[0].into(), words[1..].iter().map(parameter).collect::<Vec<_>>()).await)
        }
        _ => "unknown".into(),
    }
}

async fn mqtt(verb: &str, words: &[&str]) -> String {
    let open = || mqtt::Connection::open(words[0].into(), words[1].into(), words[2].into(), number(words[3]) as u64);
    match verb {
        "open" => return keep(open().await, |open| &mut open.mqtt),
        "open-many" => return many(words[4], open).await,
        _ => (),
    }
    let Some(connection) = OPEN.with_borrow(|open| open.mqtt.clone()) else { return "no connection".into() };
    let qos = match words[2] {
        "0" => Qos::AtMostOnce,
        "1" => Qos::AtLeastOnce,
        _ => Qos::ExactlyOnce,
    };
    shown(connection.publish(words[0].into(), bytes(words[1]), qos).await)
}

/// How many could be open at once, and what came of the next.
async fn many<T, E: Debug, F: Future<Output = Result<T, E>>>(count: &str, open: impl Fn() -> F) -> String {
    let mut opened = Vec::new();
    for _ in 0..number(count) {
        match open().await {
            Ok(connection) => opened.push(connection),
            Err(error) => return format!("{} {error:?}", opened.len()),
        }
    }
    opened.len().to_string()
}

/// `i` and a number, or `b` and bytes.
fn parameter(word: &&str) -> RedisParameter {
    match word.split_at(1) {
        ("i", digits) => RedisParameter::Int64(digits.parse().expect("a number")),
        (_, hexadecimal) => RedisParameter::Binary(bytes(hexadecimal)),
    }
}

fn texts(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn number(word: &str) -> usize {
    word.parse().expect("a number")
}

fn bytes(word: &str) -> Vec<u8> {
    (0..word.len()).step_by(2).map(|at| u8::from_str_radix(&word[at..at + 2], 16).expect("hexadecimal")).collect()
}
