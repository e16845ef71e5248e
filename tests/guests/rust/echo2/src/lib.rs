//! Answers with what it was asked: the body, with `?status=`; `/describe` tells all but the body.

use kit::bindings::http::types::Headers;
use kit::*;

struct Echo;
kit::bindings::export!(Echo with_types_in kit::bindings);

impl kit::bindings::Guest for Echo {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let target = Target::of(&request);
        match target.path.as_str() {
            "/describe" => text(out, &describe(&request)),
            "/splice" => splice(&request, out),
            "/trailers" => echo_trailers(&request, out),
            "/unread" => text(out, "the body was not read"),
            _ => echo(&request, out, u16::try_from(target.number("status", 200)).unwrap_or(200)),
        }
    }
}

fn describe(request: &IncomingRequest) -> String {
    let scheme = match request.scheme() {
        Some(Scheme::Http) => "http".into(),
        Some(Scheme::Https) => "https".into(),
        Some(Scheme::Other(other)) => other,
        None => "none".into(),
    };
    let mut lines = vec![
        format!("{} {}", method_name(&request.method()), request.path_with_query().unwrap_or_default()),
        format!("{scheme} {}", request.authority().unwrap_or_default()),
    ];
    for (name, value) in request.headers().entries() {
        lines.push(format!("{name}: {}", value.iter().map(|byte| char::from(*byte)).collect::<String>()));
    }
    lines.join("\n")
}

fn content_type(headers: &Headers) -> String {
    let values = headers.get("content-type");
    values.first().map(|value| String::from_utf8_lossy(value).into_owned()).unwrap_or_else(|| "text/plain".into())
}

fn echo(request: &IncomingRequest, out: ResponseOutparam, status: u16) {
    let kind = content_type(&request.headers());
    match read_body(request) {
        Ok((bytes, _)) => respond(out, status, &[("content-type", &kind)], &bytes),
        Err(error) => respond(out, 400, &[], error.as_bytes()),
    }
}

/// The body goes from stream to stream without passing through this guest's memory.
fn splice(request: &IncomingRequest, out: ResponseOutparam) {
    let incoming = request.consume().expect("the body");
    let source = incoming.stream().expect("the stream");
    let body = begin(out, 200, &[]);
    let sink = body.write().expect("the stream");
    while !matches!(sink.blocking_splice(&source, 1 << 20), Err(StreamError::Closed)) {}
    drop((source, sink));
    OutgoingBody::finish(body, None).expect("a complete body");
}

fn echo_trailers(request: &IncomingRequest, out: ResponseOutparam) {
    let (bytes, trailers) = read_body(request).expect("the body");
    let body = begin(out, 200, &[]);
    let stream = body.write().expect("the stream");
    write_all(&stream, &bytes).expect("room for the body");
    drop(stream);
    let fields = Fields::from_list(&trailers).expect("valid trailers");
    OutgoingBody::finish(body, Some(fields)).expect("a complete body");
}
