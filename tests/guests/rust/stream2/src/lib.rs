//! Answers piece by piece.

use kit::bindings::clocks::monotonic_clock::{now, subscribe_duration};
use kit::*;

struct Stream;
kit::bindings::export!(Stream with_types_in kit::bindings);

impl kit::bindings::Guest for Stream {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let target = Target::of(&request);
        match target.path.as_str() {
            "/events" => events(out, target.number("n", 3), target.number("ms", 20)),
            "/cpu" => busy(out, target.number("n", 3), target.number("ms", 20)),
            "/large" => large(out, target.number("kb", 1024)),
            "/upload" => upload(&request, out),
            "/after" => after(out, target.number("ms", 50)),
            "/head-first" => head_first(out, target.number("ms", 50)),
            "/trailers" => with_trailers(out),
            "/drop" => drop_body(out, target.get("flush").is_some()),
            "/leak" => leak(out),
            _ => text(out, "events, cpu, large, upload, after, head-first, trailers, drop, leak"),
        }
    }
}

const EVENTS: &[(&str, &str)] = &[("content-type", "text/event-stream")];

fn finish(body: OutgoingBody, stream: OutputStream) {
    drop(stream);
    OutgoingBody::finish(body, None).expect("a complete body");
}

/// Server-sent events, apart in time.
fn events(out: ResponseOutparam, count: u64, milliseconds: u64) {
    let body = begin(out, 200, EVENTS);
    let stream = body.write().expect("the stream");
    for number in 0..count {
        if write_all(&stream, format!("data: {number}\n\n").as_bytes()).is_err() {
            print("the client left\n");
            return;
        }
        subscribe_duration(milliseconds * 1_000_000).block();
    }
    finish(body, stream);
}

/// The same without ever waiting.
fn busy(out: ResponseOutparam, count: u64, milliseconds: u64) {
    let body = begin(out, 200, EVENTS);
    let stream = body.write().expect("the stream");
    for number in 0..count {
        write_all(&stream, format!("data: {number}\n\n").as_bytes()).expect("room for the body");
        let until = now() + milliseconds * 1_000_000;
        while now() < until {}
    }
    finish(body, stream);
}

fn large(out: ResponseOutparam, kilobytes: u64) {
    let body = begin(out, 200, &[("content-type", "application/octet-stream")]);
    let stream = body.write().expect("the stream");
    for number in 0..kilobytes {
        write_all(&stream, &[(number % 251) as u8; 1024]).expect("room for the body");
    }
    finish(body, stream);
}

/// Tells the size of each piece of the request's body as it comes.
fn upload(request: &IncomingRequest, out: ResponseOutparam) {
    let incoming = request.consume().expect("the body");
    let source = incoming.stream().expect("the stream");
    let body = begin(out, 200, &[]);
    let stream = body.write().expect("the stream");
    while let Ok(bytes) = source.blocking_read(1 << 20) {
        write_all(&stream, format!("{} ", bytes.len()).as_bytes()).expect("room for the body");
    }
    finish(body, stream);
}

/// Goes on after its response is complete.
fn after(out: ResponseOutparam, milliseconds: u64) {
    text(out, "done");
    sleep(milliseconds);
    print("after the response\n");
}

/// The head goes out before the body is there.
fn head_first(out: ResponseOutparam, milliseconds: u64) {
    let body = begin(out, 202, EVENTS);
    let stream = body.write().expect("the stream");
    sleep(milliseconds);
    write_all(&stream, b"late").expect("room for the body");
    finish(body, stream);
}

fn with_trailers(out: ResponseOutparam) {
    let body = begin(out, 200, &[]);
    let stream = body.write().expect("the stream");
    write_all(&stream, b"counted").expect("room for the body");
    drop(stream);
    let fields = Fields::from_list(&[("x-count".into(), b"7".to_vec())]).expect("valid trailers");
    OutgoingBody::finish(body, Some(fields)).expect("a complete body");
}

/// Drops a body that is not finished: nobody may take it for the whole.
fn drop_body(out: ResponseOutparam, flush: bool) {
    let body = begin(out, 200, &[]);
    let stream = body.write().expect("the stream");
    write_all(&stream, b"half").expect("room for the body");
    if flush {
        sleep(1);
    }
    drop(stream);
    drop(body);
}

/// Never finishes its body, and never drops it either.
fn leak(out: ResponseOutparam) {
    let body = begin(out, 200, &[]);
    let stream = body.write().expect("the stream");
    write_all(&stream, b"leaked").expect("room for the body");
    std::mem::forget((body, stream));
}
