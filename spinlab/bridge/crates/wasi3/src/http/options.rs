//! Timeouts of an outgoing request.

use std::cell::Cell;

use crate::bindings::exports::wasi::http0_3_0::types::{
    Duration, GuestRequestOptions, RequestOptions, RequestOptionsError,
};

/// Connecting, the first byte, between two bytes; in nanoseconds.
pub type Nanoseconds = [Option<Duration>; 3];

#[derive(Default)]
pub struct Timeouts {
    values: Cell<Nanoseconds>,
    immutable: bool,
}

impl Timeouts {
    pub fn view(values: Nanoseconds) -> RequestOptions {
        RequestOptions::new(Self { values: Cell::new(values), immutable: true })
    }

    pub fn values(&self) -> Nanoseconds {
        self.values.get()
    }

    fn set(&self, index: usize, value: Option<Duration>) -> Result<(), RequestOptionsError> {
        if self.immutable {
            return Err(RequestOptionsError::Immutable);
        }
        let mut values = self.values.get();
        values[index] = value;
        self.values.set(values);
        Ok(())
    }
}

/// The line of an `http` effect.
pub fn print(values: Nanoseconds) -> String {
    values.map(|value| value.map_or_else(|| "-".to_owned(), |nanoseconds| nanoseconds.to_string())).join(" ")
}

impl GuestRequestOptions for Timeouts {
    fn new() -> Self {
        Self::default()
    }

    fn get_connect_timeout(&self) -> Option<Duration> {
        self.values()[0]
    }

    fn set_connect_timeout(&self, duration: Option<Duration>) -> Result<(), RequestOptionsError> {
        self.set(0, duration)
    }

    fn get_first_byte_timeout(&self) -> Option<Duration> {
        self.values()[1]
    }

    fn set_first_byte_timeout(&self, duration: Option<Duration>) -> Result<(), RequestOptionsError> {
        self.set(1, duration)
    }

    fn get_between_bytes_timeout(&self) -> Option<Duration> {
        self.values()[2]
    }

    fn set_between_bytes_timeout(&self, duration: Option<Duration>) -> Result<(), RequestOptionsError> {
        self.set(2, duration)
    }

    fn clone(&self) -> RequestOptions {
        RequestOptions::new(Self { values: self.values.clone(), immutable: false })
    }
}
