//! Requests to a URL that the query names (`?url=...`), in every way that a test or a benchmark wants.

use kit::bindings::clocks::monotonic_clock::now;
use kit::bindings::http::outgoing_handler;
use kit::bindings::http::types::{FutureIncomingResponse, IncomingResponse, OutgoingRequest, RequestOptions};
use kit::*;

struct Outbound;
kit::bindings::export!(Outbound with_types_in kit::bindings);

type Told = Result<String, String>;

impl kit::bindings::Guest for Outbound {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let target = Target::of(&request);
        let url = target.get("url").unwrap_or("");
        let told = match target.path.trim_start_matches("/outbound2") {
            "/get" => get(url),
            "/timed" => timed(url, &target),
            "/part" => part(url, target.number("n", 1)),
            "/many" => many(url, target.number("n", 8)),
            "/unread" => unread(url, target.number("n", 8)),
            "/series" => series(url, target.number("n", 10)),
            "/upload" => upload(url, target.number("n", 1)),
            "/talk" => talk(url, target.number("n", 3)),
            "/wrong-length" => wrong_length(url),
            _ => Err("get, timed, part, many, unread, series, upload, talk, wrong-length".into()),
        };
        text(out, &told.unwrap_or_else(|error| format!("error {error}")));
    }
}

fn request(method: &Method, url: &str, fields: Fields) -> Result<OutgoingRequest, String> {
    let request = OutgoingRequest::new(fields);
    request.set_method(method).map_err(|()| "method")?;
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let (authority, path) = match rest.split_once('/') {
        Some((authority, path)) => (authority, format!("/{path}")),
        None => (rest, String::new()),
    };
    if !scheme.is_empty() {
        let scheme = if scheme == "https" { Scheme::Https } else { Scheme::Http };
        request.set_scheme(Some(&scheme)).map_err(|()| "scheme")?;
        request.set_authority(Some(authority)).map_err(|()| "authority")?;
    }
    request.set_path_with_query(Some(&path)).map_err(|()| "path")?;
    Ok(request)
}

fn send(url: &str, options: Option<RequestOptions>) -> Result<FutureIncomingResponse, String> {
    outgoing_handler::handle(request(&Method::Get, url, Fields::new())?, options).map_err(|code| format!("{code:?}"))
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

fn tell(response: &IncomingResponse) -> Told {
    let body = response.consume().map_err(|()| "the body was taken")?;
    let bytes = read_all(&body.stream().map_err(|()| "the stream was taken")?)?;
    let mut told = format!("{} {}", response.status(), String::from_utf8_lossy(&bytes));
    for (name, value) in trailers(body)? {
        told.push_str(&format!(" [{name}: {}]", String::from_utf8_lossy(&value)));
    }
    Ok(told)
}

fn get(url: &str) -> Told {
    tell(&wait(&send(url, None)?)?)
}

/// With timeouts in milliseconds: connect, first byte, between bytes.
fn timed(url: &str, target: &Target) -> Told {
    let options = RequestOptions::new();
    let time = |name| Some(target.number(name, 600_000) * 1_000_000);
    options.set_connect_timeout(time("connect")).map_err(|()| "connect")?;
    options.set_first_byte_timeout(time("first")).map_err(|()| "first")?;
    options.set_between_bytes_timeout(time("between")).map_err(|()| "between")?;
    tell(&wait(&send(url, Some(options))?)?)
}

/// Reads no more than the first `count` bytes.
fn part(url: &str, count: u64) -> Told {
    let response = wait(&send(url, None)?)?;
    let body = response.consume().map_err(|()| "the body was taken")?;
    let stream = body.stream().map_err(|()| "the stream was taken")?;
    let mut read = 0;
    while read < count {
        read += stream.blocking_read(count - read).map_err(|error| format!("{error:?}"))?.len() as u64;
    }
    Ok(format!("{} {read}", response.status()))
}

/// At once; tells how many came and after how many milliseconds.
fn many(url: &str, count: u64) -> Told {
    let started = now();
    let open = (0..count).map(|_| send(url, None)).collect::<Result<Vec<_>, _>>()?;
    let mut came = 0;
    for future in &open {
        came += u64::from(tell(&wait(future)?).is_ok());
    }
    Ok(format!("{came} {}", (now() - started) / 1_000_000))
}

/// Opens them, and reads nothing of what comes.
fn unread(url: &str, count: u64) -> Told {
    let open: Vec<_> = (0..count).map(|_| send(url, None)).collect();
    sleep(50);
    Ok(format!("{}", open.iter().filter(|one| one.is_ok()).count()))
}

/// One after the other.
fn series(url: &str, count: u64) -> Told {
    for _ in 0..count {
        get(url)?;
    }
    Ok(format!("{count}"))
}

/// A body of `count` mebibytes.
fn upload(url: &str, count: u64) -> Told {
    let request = request(&Method::Post, url, Fields::new())?;
    let body = request.body().map_err(|()| "the body was taken")?;
    let future = outgoing_handler::handle(request, None).map_err(|code| format!("{code:?}"))?;
    let stream = body.write().map_err(|()| "the stream was taken")?;
    let piece = vec![b'x'; 1 << 20];
    for _ in 0..count {
        if write_all(&stream, &piece).is_err() {
            break;
        }
    }
    drop(stream);
    let _ = OutgoingBody::finish(body, None);
    tell(&wait(&future)?)
}

/// Says a line, hears it back, says the next.
fn talk(url: &str, count: u64) -> Told {
    let request = request(&Method::Post, url, Fields::new())?;
    let body = request.body().map_err(|()| "the body was taken")?;
    let future = outgoing_handler::handle(request, None).map_err(|code| format!("{code:?}"))?;
    let stream = body.write().map_err(|()| "the stream was taken")?;
    write_all(&stream, b"0\n").map_err(|error| format!("{error:?}"))?;
    let response = wait(&future)?;
    let incoming = response.consume().map_err(|()| "the body was taken")?;
    let source = incoming.stream().map_err(|()| "the stream was taken")?;
    let mut heard = String::new();
    for number in 1..=count {
        while heard.lines().count() < number as usize {
            let bytes = source.blocking_read(1024).map_err(|error| format!("{error:?}"))?;
            heard.push_str(&String::from_utf8_lossy(&bytes));
        }
        if number < count {
            write_all(&stream, format!("{number}\n").as_bytes()).map_err(|error| format!("{error:?}"))?;
        }
    }
    drop(stream);
    OutgoingBody::finish(body, None).map_err(|code| format!("{code:?}"))?;
    Ok(heard.replace('\n', " "))
}

/// Announces ten bytes and sends nine.
fn wrong_length(url: &str) -> Told {
    let fields =
        Fields::from_list(&[("content-length".into(), b"10".to_vec())]).map_err(|error| format!("{error:?}"))?;
    let request = request(&Method::Post, url, fields)?;
    let body = request.body().map_err(|()| "the body was taken")?;
    let future = outgoing_handler::handle(request, None).map_err(|code| format!("{code:?}"))?;
    let stream = body.write().map_err(|()| "the stream was taken")?;
    write_all(&stream, b"123456789").map_err(|error| format!("{error:?}"))?;
    drop(stream);
    let finished = OutgoingBody::finish(body, None);
    Ok(format!("{finished:?} {:?}", wait(&future).map(|response| response.status())))
}
