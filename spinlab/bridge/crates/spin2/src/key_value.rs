//! `fermyon:spin/key-value`.

use crate::bindings::spin2::key_value::{Error, Guest, GuestStore, Store};
use crate::host::Failure;
use crate::stores::Label;
use crate::Provider;

fn error(failure: Failure) -> Error {
    match failure.name.as_str() {
        "access-denied" => Error::AccessDenied,
        "no-such-store" => Error::NoSuchStore,
        "store-table-full" => Error::StoreTableFull,
        _ => Error::Other(failure.message),
    }
}

impl GuestStore for Label {
    fn open(label: String) -> Result<Store, Error> {
        Label::open(&label).map(Store::new).map_err(error)
    }

    fn get(&self, key: String) -> Result<Option<Vec<u8>>, Error> {
        Label::get(self, &key).map_err(error)
    }

    fn set(&self, key: String, value: Vec<u8>) -> Result<(), Error> {
        Label::set(self, &key, &value).map_err(error)
    }

    fn delete(&self, key: String) -> Result<(), Error> {
        Label::delete(self, &key).map_err(error)
    }

    fn exists(&self, key: String) -> Result<bool, Error> {
        Label::exists(self, &key).map_err(error)
    }

    fn get_keys(&self) -> Result<Vec<String>, Error> {
        self.keys().map_err(error)
    }
}

impl Guest for Provider {
    type Store = Label;
}
