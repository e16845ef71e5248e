//! `fermyon:spin/key-value`.

use crate::bindings::spin2::key_value::{Error, Guest, GuestStore, Store};
use crate::host::refused;
use crate::{never, Nobody, Provider};

impl GuestStore for Nobody {
    fn open(label: String) -> Result<Store, Error> {
        let failure = refused("key-value.open", &label);
        Err(match failure.name.as_str() {
            "access-denied" => Error::AccessDenied,
            "no-such-store" => Error::NoSuchStore,
            "store-table-full" => Error::StoreTableFull,
            _ => Error::Other(failure.message),
        })
    }

    never! {
        get(String) -> Result<Option<Vec<u8>>, Error>;
        set(String, Vec<u8>) -> Result<(), Error>;
        delete(String) -> Result<(), Error>;
        exists(String) -> Result<bool, Error>;
        get_keys() -> Result<Vec<String>, Error>;
    }
}

impl Guest for Provider {
    type Store = Nobody;
}
