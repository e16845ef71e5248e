//! What a function asks of the host: stores, databases, variables and other servers. Each has to be granted.

use std::fmt::Display;
use std::io::Write;

use crate::abi::{self, interface, into_text, list_at, owned_bytes, owned_list, Handle, Results};
use crate::request::{find, Reader};
use crate::response::{written, IntoResponse, Response};
use crate::Error;

type Bytes = *const u8;
type Area = *mut u8;

/// The error of an interface: its case at `offset` by name, and the text of the cases that have one.
fn error(what: impl Display, results: &Results, offset: usize, names: &[&str], with_text: &[u8]) -> Error {
    let case = results.case(offset);
    let name = names.get(usize::from(case)).copied().unwrap_or("error");
    if with_text.contains(&case) {
        let text = unsafe { results.text(offset + 4) };
        return Error::new(500, format_args!("{what}: {name}: {text}"));
    }
    Error::new(500, format_args!("{what}: {name}"))
}

/// Key-value stores: `kv::open("default")?.set("name", "value")?`.
pub mod kv {
    use super::*;

    interface! { "fermyon:spin/key-value@2.0.0":
        "[static]store.open" fn store_open(label: Bytes, length: usize, area: Area);
        "[method]store.get" fn store_get(store: i32, key: Bytes, length: usize, area: Area);
        "[method]store.set" fn store_set(
            store: i32, key: Bytes, length: usize, value: Bytes, value_length: usize, area: Area
        );
        "[method]store.delete" fn store_delete(store: i32, key: Bytes, length: usize, area: Area);
        "[method]store.exists" fn store_exists(store: i32, key: Bytes, length: usize, area: Area);
        "[method]store.get-keys" fn store_keys(store: i32, area: Area);
        "[resource-drop]store" fn drop_store(store: i32);
    }

    const NAMES: [&str; 4] = ["too many stores are open", "no such store", "access denied", "other"];

    /// An open store.
    pub struct Store(Handle, String);

    /// Opens the store with that label.
    pub fn open(label: &str) -> Result<Store, Error> {
        let results = Results::of(|area| unsafe { store_open(label.as_ptr(), label.len(), area) });
        if results.case(0) != 0 {
            return Err(error(format_args!("key-value store {label:?}"), &results, 4, &NAMES, &[3]));
        }
        Ok(Store(Handle::new(results.handle(4), drop_store), label.to_string()))
    }

    impl Store {
        /// The value under a key; None when there is none.
        pub fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Error> {
            let found = self.ask(|area| unsafe { store_get(self.0 .0, key.as_ptr(), key.len(), area) })?;
            Ok((found.case(4) == 1).then(|| unsafe { found.bytes(8) }))
        }

        /// The same as text; what is no UTF-8 in it is replaced.
        pub fn text(&self, key: &str) -> Result<Option<String>, Error> {
            Ok(self.get(key)?.map(into_text))
        }

        /// Puts a value under a key.
        pub fn set(&self, key: &str, value: impl AsRef<[u8]>) -> Result<(), Error> {
            let value = value.as_ref();
            self.ask(|area| unsafe {
                store_set(self.0 .0, key.as_ptr(), key.len(), value.as_ptr(), value.len(), area)
            })?;
            Ok(())
        }

        /// Takes a key away; it need not be there.
        pub fn delete(&self, key: &str) -> Result<(), Error> {
            self.ask(|area| unsafe { store_delete(self.0 .0, key.as_ptr(), key.len(), area) })?;
            Ok(())
        }

        /// Whether there is a value under a key.
        pub fn exists(&self, key: &str) -> Result<bool, Error> {
            let found = self.ask(|area| unsafe { store_exists(self.0 .0, key.as_ptr(), key.len(), area) })?;
            Ok(found.case(4) != 0)
        }

        /// All keys.
        pub fn keys(&self) -> Result<Vec<String>, Error> {
            let found = self.ask(|area| unsafe { store_keys(self.0 .0, area) })?;
            Ok(unsafe { texts(found.list(4)) })
        }

        fn ask(&self, call: impl FnOnce(Area)) -> Result<Results, Error> {
            let results = Results::of(call);
            match results.case(0) {
                0 => Ok(results),
                _ => Err(error(format_args!("key-value store {:?}", self.1), &results, 4, &NAMES, &[3])),
            }
        }
    }
}

/// A list of texts that the host has made.
unsafe fn texts(list: (*mut u8, usize)) -> Vec<String> {
    unsafe {
        owned_list(list, 8, 4, |at| {
            let (address, length) = list_at(at);
            into_text(owned_bytes(address, length))
        })
    }
}

/// The variables of the component: `variables::get("name")?`.
pub mod variables {
    use super::*;

    interface! { "fermyon:spin/variables@2.0.0":
        "get" fn variable_get(name: Bytes, length: usize, area: Area);
    }

    /// The value of a variable.
    pub fn get(name: &str) -> Result<String, Error> {
        let results = Results::of(|area| unsafe { variable_get(name.as_ptr(), name.len(), area) });
        if results.case(0) != 0 {
            let names = ["invalid name", "undefined", "provider", "other"];
            return Err(error(format_args!("variable {name:?}"), &results, 4, &names, &[0, 1, 2, 3]));
        }
        Ok(unsafe { results.text(4) })
    }
}

/// SQLite databases: `sqlite::open("default")?.execute("select ?", &[1.into()])?`.
pub mod sqlite {
    use super::*;

    interface! { "fermyon:spin/sqlite@2.0.0":
        "[static]connection.open" fn connection_open(label: Bytes, length: usize, area: Area);
        "[method]connection.execute" fn connection_execute(
            connection: i32, statement: Bytes, length: usize, values: Bytes, count: usize, area: Area
        );
        "[resource-drop]connection" fn drop_connection(connection: i32);
    }

    const NAMES: [&str; 5] = ["no such database", "access denied", "invalid connection", "database full", "io"];

    /// An open database.
    pub struct Connection(Handle, String);

    /// A value of a row, or for a question mark in a statement.
    #[derive(Clone, Debug, PartialEq)]
    pub enum Value {
        Integer(i64),
        Real(f64),
        Text(String),
        Blob(Vec<u8>),
        Null,
    }

    /// What a statement gave.
    #[derive(Clone, Debug, PartialEq)]
    pub struct Rows {
        /// Names of the columns.
        pub columns: Vec<String>,
        /// The rows: a value for each column.
        pub rows: Vec<Vec<Value>>,
    }

    /// Opens the database with that label.
    pub fn open(label: &str) -> Result<Connection, Error> {
        let results = Results::of(|area| unsafe { connection_open(label.as_ptr(), label.len(), area) });
        if results.case(0) != 0 {
            return Err(error(format_args!("database {label:?}"), &results, 4, &NAMES, &[4]));
        }
        Ok(Connection(Handle::new(results.handle(4), drop_connection), label.to_string()))
    }

    impl Connection {
        /// Runs one statement; the values stand for its question marks.
        pub fn execute(&self, statement: &str, values: &[Value]) -> Result<Rows, Error> {
            let lowered: Vec<Lowered> = values.iter().map(Lowered::of).collect();
            let results = Results::of(|area| unsafe {
                let list = lowered.as_ptr().cast();
                connection_execute(self.0 .0, statement.as_ptr(), statement.len(), list, lowered.len(), area)
            });
            if results.case(0) != 0 {
                return Err(error(format_args!("database {:?}", self.1), &results, 4, &NAMES, &[4]));
            }
            let rows = unsafe {
                owned_list(results.list(12), 8, 4, |row| owned_list(list_at(row), 16, 8, |value| lifted(value)))
            };
            Ok(Rows { columns: unsafe { texts(results.list(4)) }, rows })
        }
    }

    /// A value as it lies in memory: the number of its case, and eight bytes.
    #[repr(C, align(8))]
    struct Lowered(u64, u64);

    impl Lowered {
        fn of(value: &Value) -> Self {
            let bytes = |data: &[u8]| data.as_ptr() as usize as u64 | (data.len() as u64) << 32;
            match value {
                Value::Integer(number) => Self(0, *number as u64),
                Value::Real(number) => Self(1, number.to_bits()),
                Value::Text(text) => Self(2, bytes(text.as_bytes())),
                Value::Blob(data) => Self(3, bytes(data)),
                Value::Null => Self(4, 0),
            }
        }
    }

    unsafe fn lifted(at: *mut u8) -> Value {
        unsafe {
            let data = at.add(8);
            let taken = || {
                let (address, length) = list_at(data);
                owned_bytes(address, length)
            };
            match at.read() {
                0 => Value::Integer(data.cast::<i64>().read()),
                1 => Value::Real(data.cast::<f64>().read()),
                2 => Value::Text(into_text(taken())),
                3 => Value::Blob(taken()),
                _ => Value::Null,
            }
        }
    }

    impl std::fmt::Display for Value {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            match self {
                Self::Integer(number) => number.fmt(f),
                Self::Real(number) => number.fmt(f),
                Self::Text(text) => text.fmt(f),
                Self::Blob(data) => write!(f, "{data:02x?}"),
                Self::Null => f.write_str("NULL"),
            }
        }
    }

    macro_rules! value_from {
        ($($type:ty => $case:ident),*) => {
            $(impl From<$type> for Value {
                fn from(value: $type) -> Self {
                    Self::$case(value.into())
                }
            })*
        };
    }
    value_from!(i64 => Integer, i32 => Integer, u32 => Integer, bool => Integer, f64 => Real);
    value_from!(&str => Text, String => Text, Vec<u8> => Blob, &[u8] => Blob);

    impl<T: Into<Value>> From<Option<T>> for Value {
        fn from(value: Option<T>) -> Self {
            value.map_or(Self::Null, Into::into)
        }
    }
}

/// What another server answers to a GET request, or another function of the app when `url` is only a path.
pub fn fetch(url: &str) -> Result<Fetched, Error> {
    Fetch::new("GET", url).send()
}

/// A request to another server.
///
/// ```
/// Fetch::new("POST", "https://example.com/").header("content-type", "text/plain").body("hello").send()?
/// ```
pub struct Fetch {
    method: String,
    url: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

const METHODS: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];

impl Fetch {
    /// A request without headers and body. A URL that is only a path asks another function of the app.
    pub fn new(method: &str, url: &str) -> Self {
        Self { method: method.to_ascii_uppercase(), url: url.to_string(), headers: Vec::new(), body: Vec::new() }
    }

    /// The same with one more header field.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The same with a body.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Sends it, and waits for the head of the answer.
    pub fn send(mut self) -> Result<Fetched, Error> {
        let failed = |why: &dyn Display| Error::new(500, format_args!("{} {}: {why}", self.method, self.url));
        let (given, scheme, rest) = match self.url.split_once("://") {
            _ if self.url.starts_with('/') => (0, 0, self.url.as_str()),
            Some(("http", rest)) => (1, 0, rest),
            Some(("https", rest)) => (1, 1, rest),
            _ => {
                return Err(failed(
                    &"a URL begins with http:// or https://, and with / for another function of the app",
                ))
            }
        };
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let path = path.split('#').next().unwrap_or_default();
        let path = if path.starts_with('/') { path.to_string() } else { format!("/{path}") };
        if !self.body.is_empty() && find_bytes(&self.headers, "content-length").is_none() {
            self.headers.push(("content-length".to_string(), self.body.len().to_string().into_bytes()));
        }
        let Some(fields) = abi::new_fields(&self.headers) else {
            return Err(failed(&"one of the headers can't be sent"));
        };
        let known = METHODS.iter().position(|method| *method == self.method);
        let method = known.unwrap_or(METHODS.len()) as i32;
        let results = unsafe {
            let request = Handle::new(abi::outgoing_new(fields), abi::drop_outgoing);
            let wrong = abi::outgoing_method(request.0, method, self.method.as_ptr(), self.method.len())
                | abi::outgoing_scheme(request.0, given, scheme, std::ptr::null(), 0)
                | abi::outgoing_authority(request.0, given, authority.as_ptr(), authority.len())
                | abi::outgoing_path(request.0, 1, path.as_ptr(), path.len());
            if wrong != 0 {
                return Err(failed(&"its method or URL can't be sent"));
            }
            let body = Results::of(|area| abi::outgoing_body(request.0, area)).handle(4);
            let request = request.give();
            let started = Results::of(|area| abi::outgoing_handle(request, 0, 0, area));
            if started.case(0) != 0 {
                abi::drop_outgoing_body(body);
                return Err(failed(&abi::error_code(&started, 8)));
            }
            let future = Handle::new(started.handle(8), abi::drop_future);
            // A server may answer before it has read all: then its answer counts, not the rest that was not sent.
            match written(body, |out| out.write_all(&self.body)) {
                Ok(()) => drop(Results::of(|area| abi::body_finish(body, 0, 0, area))),
                Err(_) => abi::drop_outgoing_body(body),
            }
            abi::wait(abi::future_subscribe(future.0));
            Results::of(|area| abi::future_get(future.0, area))
        };
        if results.case(0) != 1 || results.case(8) != 0 {
            return Err(failed(&"no answer came"));
        }
        if results.case(16) != 0 {
            return Err(failed(&abi::error_code(&results, 24)));
        }
        let response = Handle::new(results.handle(24), abi::drop_incoming_response);
        let (status, headers) =
            unsafe { (abi::incoming_status(response.0) as u16, abi::fields(abi::incoming_headers(response.0))) };
        let consumed = Results::of(|area| unsafe { abi::incoming_consume(response.0, area) });
        let body = Reader::from_body(&consumed).map_err(|error| failed(&error))?.owned_by(response);
        Ok(Fetched { status, headers, body })
    }
}

fn find_bytes<'a>(headers: &'a [(String, Vec<u8>)], name: &str) -> Option<&'a [u8]> {
    headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_slice())
}

/// What another server answers. Returned by a handler it is passed on as it comes.
pub struct Fetched {
    status: u16,
    headers: Vec<(String, String)>,
    body: Reader,
}

impl Fetched {
    /// Its status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The first header field of that name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    /// All header fields, in their order.
    pub fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    /// The whole body.
    pub fn body(self) -> Result<Vec<u8>, Error> {
        self.body.all().map_err(|error| Error::new(500, format_args!("the answer broke off: {error}")))
    }

    /// The whole body as text; what is no UTF-8 in it is replaced.
    pub fn text(self) -> Result<String, Error> {
        self.body().map(into_text)
    }

    /// The body as it comes.
    pub fn into_reader(self) -> Reader {
        self.body
    }
}

/// Headers that are about one connection, or about a body as it was sent there.
const OWN: [&str; 8] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

impl IntoResponse for Fetched {
    fn into_response(self) -> Response {
        let passed = self.headers.into_iter().filter(|(name, _)| !OWN.iter().any(|own| name.eq_ignore_ascii_case(own)));
        let answer = self.body.into_response().status(self.status);
        passed.fold(answer, |answer, (name, value)| answer.header(name, value))
    }
}
