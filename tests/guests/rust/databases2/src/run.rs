//! The lines: words with tabs between.

use std::cell::RefCell;
use std::fmt::Debug;

use crate::bindings::fermyon::spin::{mysql, postgres as postgres2, rdbms_types};
use crate::bindings::spin::postgres3_0_0::postgres as postgres3;
use crate::bindings::spin::postgres4_0_0::postgres as postgres4;
use crate::words;

thread_local! {
    static MYSQL: RefCell<Option<mysql::Connection>> = RefCell::default();
    static POSTGRES2: RefCell<Option<postgres2::Connection>> = RefCell::default();
    static POSTGRES3: RefCell<Option<postgres3::Connection>> = RefCell::default();
    static POSTGRES4: RefCell<Option<postgres4::Connection>> = RefCell::default();
}

fn shown(result: impl Debug) -> String {
    format!("{result:?}")
}

/// What the words after the verb ask of the connection in `$place`.
macro_rules! database {
    ($place:ident, $module:ident, $read:ident, $verb:expr, $words:expr) => {{
        let words: &[&str] = $words;
        match $verb {
            "open" => match $module::Connection::open(words[0]) {
                Ok(connection) => {
                    $place.replace(Some(connection));
                    "opened".into()
                }
                Err(error) => shown(Err::<(), _>(error)),
            },
            "drop" => shown($place.take().is_some()),
            verb => $place.with_borrow(|open| {
                let Some(connection) = open else { return "not open".into() };
                let parameters: Vec<_> = words[1..].iter().map(|word| $read(word)).collect();
                match verb {
                    "query" => shown(connection.query(words[0], &parameters)),
                    "count" => shown(connection.query(words[0], &parameters).map(|found| found.rows.len())),
                    "execute" => shown(connection.execute(words[0], &parameters)),
                    _ => "unknown".into(),
                }
            }),
        }
    }};
}

words::scalars!(read2, rdbms_types, unsigned);
words::scalars!(read3, postgres3, dates);
words::scalars!(read4, postgres4, all);

pub fn run(line: &str) -> String {
    let words: Vec<&str> = line.split('\t').collect();
    let (family, verb) = words[0].split_once(' ').unwrap_or((words[0], ""));
    match family {
        "mysql" => database!(MYSQL, mysql, read2, verb, &words[1..]),
        "pg2" => database!(POSTGRES2, postgres2, read2, verb, &words[1..]),
        "pg3" => database!(POSTGRES3, postgres3, read3, verb, &words[1..]),
        "pg4" => database!(POSTGRES4, postgres4, read4, verb, &words[1..]),
        _ => "unknown".into(),
    }
}
