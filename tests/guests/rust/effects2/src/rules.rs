//! The rules of `fields` and of body lengths, told one a line.

use kit::bindings::http::types::HeaderError;
use kit::*;

fn told(result: Result<(), HeaderError>) -> String {
    result.map_or_else(|error| format!("{error:?}"), |()| "taken".into())
}

pub fn fields(request: &IncomingRequest) -> String {
    let fields = Fields::new();
    let lines = [
        ("append", told(fields.append("X-One", b"1"))),
        ("again", told(fields.append("x-one", b"2"))),
        ("name", told(fields.append("x one", b"1"))),
        ("value", told(fields.append("x-two", b"a\nb"))),
        ("forbidden", told(fields.set("Transfer-Encoding", &[b"chunked".to_vec()]))),
        ("immutable", told(request.headers().append("x-one", b"1"))),
        ("immutable delete", told(request.headers().delete("x-one"))),
        (
            "from-list",
            Fields::from_list(&[("host".into(), b"a".to_vec())]).err().map_or("taken".into(), |e| format!("{e:?}")),
        ),
        ("clone", told(request.headers().clone().append("x-one", b"1"))),
        ("get", format!("{:?}", fields.get("X-ONE"))),
        ("has", format!("{} {}", fields.has("x-ONE"), fields.has("x-two"))),
        ("entries", format!("{:?}", fields.entries().iter().map(|(name, _)| name.clone()).collect::<Vec<_>>())),
        ("delete", told(fields.delete("x-one"))),
        ("left", fields.entries().len().to_string()),
    ];
    lines.map(|(what, how)| format!("{what}: {how}")).join("\n")
}

fn sized(length: &str) -> Result<OutgoingResponse, ()> {
    let fields = Fields::from_list(&[("content-length".into(), length.as_bytes().to_vec())]).map_err(|_| ())?;
    Ok(OutgoingResponse::new(fields))
}

fn finished(length: &str, bytes: &[u8]) -> String {
    // Some runtimes refuse a wrong length as a header, others as a body.
    let Ok(response) = sized(length) else {
        return "no body".into();
    };
    let Ok(body) = response.body() else {
        return "no body".into();
    };
    let stream = body.write().expect("the stream");
    let written = match stream.blocking_write_and_flush(bytes) {
        Ok(()) => "written".into(),
        Err(StreamError::Closed) => "closed".into(),
        Err(StreamError::LastOperationFailed(error)) => explain(&error),
    };
    drop(stream);
    let end = OutgoingBody::finish(body, None).map_or_else(|code| format!("{code:?}"), |()| "complete".into());
    format!("{written}, {end}")
}

/// A body whose response is gone.
fn orphan() -> String {
    let body = OutgoingResponse::new(Fields::new()).body().expect("the body");
    let stream = body.write().expect("the stream");
    if stream.check_write().is_err() {
        "closed".into()
    } else {
        "open".into()
    }
}

pub fn lengths() -> String {
    let response = OutgoingResponse::new(Fields::new());
    let _body = response.body();
    let lines = [
        ("right", finished("3", b"abc")),
        ("short", finished("3", b"ab")),
        ("long", finished("3", b"abcd")),
        ("wrong", finished("x", b"abc")),
        ("orphan", orphan()),
        ("second body", if response.body().is_err() { "refused".into() } else { "taken".to_owned() }),
        ("status", if response.set_status_code(99).is_err() { "refused".into() } else { "taken".to_owned() }),
    ];
    lines.map(|(what, how)| format!("{what}: {how}")).join("\n")
}
