//! `fermyon:spin/postgres`, `spin:postgres@3.0.0` and `@4.0.0`.

use crate::bindings::{postgres3, postgres4, spin2::postgres as postgres2};
use crate::host::refused;
use crate::rdbms::connection_error;
use crate::{never, Nobody, Provider};

/// The interface of the version with this module.
macro_rules! version {
    ($version:ident, $executed:ty) => {
        impl $version::GuestConnection for Nobody {
            fn open(address: String) -> Result<$version::Connection, $version::Error> {
                use $version::Error;
                Err(connection_error!(Error, refused("postgres.open", &address)))
            }

            never! {
                query(String, Vec<$version::ParameterValue>) -> Result<$version::RowSet, $version::Error>;
                execute(String, Vec<$version::ParameterValue>) -> Result<$executed, $version::Error>;
            }
        }

        impl $version::Guest for Provider {
            type Connection = Nobody;
        }
    };
}

version!(postgres2, u64);
version!(postgres3, u64);
version!(postgres4, u64);
