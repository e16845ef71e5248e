//! Requests of its own: several at once, with streamed bodies, trailers, timeouts.

use kit::bindings::clocks::monotonic_clock::now;
use kit::bindings::http::outgoing_handler;
use kit::bindings::http::types::{FutureIncomingResponse, IncomingResponse, OutgoingRequest, RequestOptions};
use kit::bindings::io::poll;
use kit::*;

struct Fetch;
kit::bindings::export!(Fetch with_types_in kit::bindings);

impl kit::bindings::Guest for Fetch {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let target = Target::of(&request);
        let answer = match target.path.as_str() {
            "/all" => all(target.number("n", 3)),
            "/post" => post(target.number("n", 3)),
            "/empty" => empty(),
            "/self" => own(),
            "/options" => options(),
            "/drop" => drop_future(),
            "/break" => break_off(),
            "/rules" => rules(),
            "/proxy" => return proxy(out),
            _ => "all, post, empty, self, options, drop, break, rules, proxy".into(),
        };
        text(out, &answer);
    }
}

fn prepare(method: Method, path: &str) -> OutgoingRequest {
    let fields = Fields::from_list(&[("x-test".into(), b"1".to_vec())]).expect("valid headers");
    let request = OutgoingRequest::new(fields);
    request.set_method(&method).expect("a valid method");
    request.set_scheme(Some(&Scheme::Http)).expect("a valid scheme");
    request.set_authority(Some("example.test:8080")).expect("a valid authority");
    request.set_path_with_query(Some(path)).expect("a valid path");
    request
}

fn wait(future: &FutureIncomingResponse) -> Result<IncomingResponse, String> {
    loop {
        match future.get() {
            Some(Ok(response)) => return response.map_err(|code| format!("{code:?}")),
            Some(Err(())) => return Err("the response was taken".into()),
            None => future.subscribe().block(),
        }
    }
}

fn tell(response: Result<IncomingResponse, String>) -> String {
    let told = response.and_then(|response| {
        let status = response.status();
        let body = response.consume().map_err(|()| "the body was taken")?;
        let bytes = read_all(&body.stream().map_err(|()| "the stream was taken")?)?;
        let mut told = format!("{status} {}", String::from_utf8_lossy(&bytes));
        for (name, value) in trailers(body)? {
            told.push_str(&format!(" [{name}: {}]", String::from_utf8_lossy(&value)));
        }
        Ok(told)
    });
    told.unwrap_or_else(|error| format!("error {error}"))
}

/// `count` requests at once; the answers in the order in which they come.
fn all(count: u64) -> String {
    let started = now();
    let mut open: Vec<(u64, FutureIncomingResponse)> = (0..count)
        .filter_map(|n| Some((n, outgoing_handler::handle(prepare(Method::Get, &format!("/{n}")), None).ok()?)))
        .collect();
    let mut lines = Vec::new();
    while !open.is_empty() {
        let pollables: Vec<_> = open.iter().map(|(_, future)| future.subscribe()).collect();
        let mut ready = poll::poll(&pollables.iter().collect::<Vec<_>>());
        drop(pollables);
        ready.sort_unstable();
        for index in ready.into_iter().rev() {
            let (n, future) = open.remove(index as usize);
            lines.push(format!("{n}: {}", tell(wait(&future))));
        }
    }
    print(&format!("{} ms\n", (now() - started) / 1_000_000));
    lines.join("\n")
}

/// A body that is written after the request was handed over.
fn post(pieces: u64) -> String {
    let request = prepare(Method::Post, "/post");
    let body = request.body().expect("the body");
    let future = match outgoing_handler::handle(request, None) {
        Ok(future) => future,
        Err(code) => return format!("refused {code:?}"),
    };
    let stream = body.write().expect("the stream");
    for number in 0..pieces {
        if write_all(&stream, format!("piece {number}\n").as_bytes()).is_err() {
            drop(stream);
            return format!("closed, {}", tell(wait(&future)));
        }
        sleep(5);
    }
    drop(stream);
    let fields = Fields::from_list(&[("x-pieces".into(), pieces.to_string().into_bytes())]).expect("valid trailers");
    OutgoingBody::finish(body, Some(fields)).expect("a complete body");
    tell(wait(&future))
}

/// A body that is complete before the request is handed over.
fn empty() -> String {
    let request = prepare(Method::Put, "/whole");
    let body = request.body().expect("the body");
    let stream = body.write().expect("the stream");
    write_all(&stream, b"all of it").expect("room for the body");
    drop(stream);
    OutgoingBody::finish(body, None).expect("a complete body");
    outgoing_handler::handle(request, None).map_or_else(|code| format!("refused {code:?}"), |f| tell(wait(&f)))
}

/// A request to the app itself has no authority.
fn own() -> String {
    let request = prepare(Method::Get, "/other");
    request.set_authority(None).expect("no authority");
    outgoing_handler::handle(request, None).map_or_else(|code| format!("refused {code:?}"), |f| tell(wait(&f)))
}

fn options() -> String {
    let options = RequestOptions::new();
    options.set_connect_timeout(Some(1_000)).expect("a timeout");
    options.set_between_bytes_timeout(Some(3_000)).expect("a timeout");
    let request = prepare(Method::Other("PURGE".into()), "/options?a=b");
    outgoing_handler::handle(request, Some(options)).map_or_else(|code| format!("{code:?}"), |f| tell(wait(&f)))
}

fn drop_future() -> String {
    drop(outgoing_handler::handle(prepare(Method::Get, "/unwanted"), None));
    "dropped".into()
}

/// Drops the body before it is finished.
fn break_off() -> String {
    let request = prepare(Method::Post, "/broken");
    let body = request.body().expect("the body");
    let future = outgoing_handler::handle(request, None).expect("a request");
    drop(body);
    tell(wait(&future))
}

/// What the setters refuse.
fn rules() -> String {
    let request = prepare(Method::Get, "/");
    let body = request.body();
    let refused = [
        ("method", request.set_method(&Method::Other("A B".into())).is_err()),
        ("path", request.set_path_with_query(Some("/a b")).is_err()),
        ("scheme", request.set_scheme(Some(&Scheme::Other("1x".into()))).is_err()),
        ("authority", request.set_authority(Some("a/b")).is_err()),
        ("port", request.set_authority(Some("a:99999")).is_err()),
        ("second body", body.is_ok() && request.body().is_err()),
        ("headers", request.headers().append("a", b"1").is_err()),
    ];
    refused.map(|(what, refused)| format!("{what}: {}", if refused { "refused" } else { "taken" })).join("\n")
}

/// The body of a response goes on as it comes.
fn proxy(out: ResponseOutparam) {
    let future = outgoing_handler::handle(prepare(Method::Get, "/source"), None).expect("a request");
    match wait(&future) {
        Err(error) => respond(out, 502, &[], error.as_bytes()),
        Ok(response) => {
            let incoming = response.consume().expect("the body");
            let source = incoming.stream().expect("the stream");
            let body = begin(out, response.status(), &[]);
            let sink = body.write().expect("the stream");
            while sink.blocking_splice(&source, 1 << 16).is_ok() {}
            drop((source, sink));
            OutgoingBody::finish(body, None).expect("a complete body");
        }
    }
}
