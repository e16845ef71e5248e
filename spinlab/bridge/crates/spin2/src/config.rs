//! `wasi:config/store`: the same values as Spin's variables.

use crate::bindings::config::store::{Error, Guest};
use crate::host::{ask, text, Failure};
use crate::Provider;
use flat::pack::unpack;

impl Guest for Provider {
    fn get(key: String) -> Result<Option<String>, Error> {
        match text("config.get", &key) {
            Ok(value) => Ok(Some(value)),
            Err(failure) if failure.name == "undefined" => Ok(None),
            Err(failure) => Err(error(failure)),
        }
    }

    fn get_all() -> Result<Vec<(String, String)>, Error> {
        match ask("config.get-all", "", "") {
            Ok(answer) => pairs(&answer.data).ok_or_else(|| error(Failure::unreadable())),
            Err(failure) if failure.name == "undefined" => Ok(Vec::new()),
            Err(failure) => Err(error(failure)),
        }
    }
}

fn pairs(data: &[u8]) -> Option<Vec<(String, String)>> {
    unpack(data)?.each(|pair| {
        let [key, value] = pair.array()?;
        Some((key.text()?.to_owned(), value.text()?.to_owned()))
    })
}

fn error(failure: Failure) -> Error {
    match failure.name.as_str() {
        "io" => Error::Io(failure.message),
        _ => Error::Upstream(failure.message),
    }
}
