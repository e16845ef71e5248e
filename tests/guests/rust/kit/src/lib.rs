//! What the guests of WASI 0.2 share: bindings, reading a request, writing a response.

pub mod bindings {
    wit_bindgen::generate!({
        path: "../../../../spinlab/bridge/wit",
        inline: "
            package spinlab:guests;
            world guest {
              include wasi:cli/imports@0.2.12;
              import wasi:http/outgoing-handler@0.2.12;
              export wasi:http/incoming-handler@0.2.12;
            }
        ",
        generate_all,
        pub_export_macro: true,
        default_bindings_module: "kit::bindings",
    });

    pub use exports::wasi::http0_2_12::incoming_handler::Guest;
    pub use wasi::{
        cli0_2_12 as cli, clocks0_2_12 as clocks, filesystem0_2_12 as filesystem, http0_2_12 as http, io,
        random0_2_12 as random, sockets0_2_12 as sockets,
    };
}

pub use bindings::http::types::{
    ErrorCode, Fields, IncomingBody, IncomingRequest, Method, OutgoingBody, OutgoingResponse, ResponseOutparam, Scheme,
};
pub use bindings::io::streams::{InputStream, OutputStream, StreamError};
use bindings::{cli, clocks, http, io};

/// Parts of a request's target.
pub struct Target {
    pub path: String,
    query: String,
}

impl Target {
    pub fn of(request: &IncomingRequest) -> Self {
        let target = request.path_with_query().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        Self { path: path.to_owned(), query: query.to_owned() }
    }

    /// The value of `name` in the query, as it is written.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.query.split('&').filter_map(|pair| pair.split_once('=')).find(|(n, _)| *n == name).map(|(_, value)| value)
    }

    /// The same as a number, or `default`.
    pub fn number(&self, name: &str, default: u64) -> u64 {
        self.get(name).and_then(|text| text.parse().ok()).unwrap_or(default)
    }
}

pub fn method_name(method: &Method) -> String {
    match method {
        Method::Other(name) => name.clone(),
        known => format!("{known:?}").trim_start_matches("Method::").to_uppercase(),
    }
}

/// Everything that a stream gives.
pub fn read_all(stream: &InputStream) -> Result<Vec<u8>, String> {
    let mut all = Vec::new();
    loop {
        match stream.blocking_read(65536) {
            Ok(bytes) => all.extend(bytes),
            Err(StreamError::Closed) => return Ok(all),
            Err(StreamError::LastOperationFailed(error)) => return Err(explain(&error)),
        }
    }
}

/// The `wasi:http` code behind a stream's error.
pub fn explain(error: &io::error::Error) -> String {
    match http::types::http_error_code(error) {
        Some(code) => format!("{code:?}"),
        None => error.to_debug_string(),
    }
}

/// The entries of `fields`.
pub type Entries = Vec<(String, Vec<u8>)>;

/// The body of a request, and its trailers.
pub fn read_body(request: &IncomingRequest) -> Result<(Vec<u8>, Entries), String> {
    let body = request.consume().map_err(|()| "the body was taken")?;
    let bytes = read_all(&body.stream().map_err(|()| "the stream was taken")?)?;
    Ok((bytes, trailers(body)?))
}

/// The trailers after a body.
pub fn trailers(body: IncomingBody) -> Result<Entries, String> {
    let future = IncomingBody::finish(body);
    loop {
        match future.get() {
            Some(Ok(Ok(fields))) => return Ok(fields.map(|fields| fields.entries()).unwrap_or_default()),
            Some(Ok(Err(code))) => return Err(format!("{code:?}")),
            Some(Err(())) => return Err("the trailers were taken".into()),
            None => future.subscribe().block(),
        }
    }
}

/// Write everything as its reader makes room, then flush.
pub fn write_all(stream: &OutputStream, mut bytes: &[u8]) -> Result<(), StreamError> {
    while !bytes.is_empty() {
        stream.subscribe().block();
        let room = usize::try_from(stream.check_write()?).unwrap_or(usize::MAX);
        let (now, later) = bytes.split_at(room.min(bytes.len()));
        stream.write(now)?;
        bytes = later;
    }
    stream.blocking_flush()
}

/// Begin a response; answers its body.
pub fn begin(out: ResponseOutparam, status: u16, headers: &[(&str, &str)]) -> OutgoingBody {
    let fields = Fields::new();
    for (name, value) in headers {
        fields.append(name, value.as_bytes()).expect("a valid header");
    }
    let response = OutgoingResponse::new(fields);
    response.set_status_code(status).expect("a valid status");
    let body = response.body().expect("the body");
    ResponseOutparam::set(out, Ok(response));
    body
}

/// Answer with a whole body.
pub fn respond(out: ResponseOutparam, status: u16, headers: &[(&str, &str)], bytes: &[u8]) {
    let body = begin(out, status, headers);
    let stream = body.write().expect("the stream");
    write_all(&stream, bytes).expect("room for the body");
    drop(stream);
    OutgoingBody::finish(body, None).expect("a complete body");
}

/// Answer with text.
pub fn text(out: ResponseOutparam, text: &str) {
    respond(out, 200, &[("content-type", "text/plain; charset=utf-8")], text.as_bytes());
}

/// Write to stdout.
pub fn print(text: &str) {
    write_all(&cli::stdout::get_stdout(), text.as_bytes()).expect("stdout");
}

pub fn sleep(milliseconds: u64) {
    clocks::monotonic_clock::subscribe_duration(milliseconds * 1_000_000).block();
}

/// Panics are told on stderr, as a toolchain for WASI does.
pub fn report_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let _ = write_all(&cli::stderr::get_stderr(), format!("{panic}\n").as_bytes());
    }));
}
