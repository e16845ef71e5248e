//! `wasi:config/store`: the same values as Spin's variables.

use crate::bindings::config::store::{Error, Guest};
use crate::host::text;
use crate::Provider;

impl Guest for Provider {
    fn get(key: String) -> Result<Option<String>, Error> {
        match text("config.get", &key) {
            Ok(value) => Ok(Some(value)),
            Err(failure) if failure.name == "undefined" => Ok(None),
            Err(failure) if failure.name == "io" => Err(Error::Io(failure.message)),
            Err(failure) => Err(Error::Upstream(failure.message)),
        }
    }

    fn get_all() -> Result<Vec<(String, String)>, Error> {
        Ok(Vec::new())
    }
}
