//! Guests that misbehave.

use kit::*;

pub fn behave(path: &str, out: ResponseOutparam) {
    match path {
        "/panic" => panic!("on purpose"),
        "/nothing" => drop(out),
        "/leak-outparam" => std::mem::forget(out),
        "/error-code" => ResponseOutparam::set(out, Err(ErrorCode::InternalError(Some("on purpose".into())))),
        "/denied-code" => ResponseOutparam::set(out, Err(ErrorCode::HttpRequestDenied)),
        "/loop" => endless(),
        "/memory" => fill_memory(),
        "/recursion" => text(out, &recurse(1).to_string()),
        "/output" => loop {
            print("again and again\n");
        },
        "/long-line" => loop {
            print("again and again ");
        },
        "/body" => endless_body(out),
        "/budget" => too_much(out),
        "/at-once" => too_much_at_once(out),
        "/order" => wrong_order(out),
        "/empty-poll" => {
            kit::bindings::io::poll::poll(&[]);
        }
        "/wait" => sleep(3_600_000),
        _ => text(out, "nothing here"),
    }
}

fn endless() {
    loop {
        std::hint::black_box(());
    }
}

fn fill_memory() {
    let mut all: Vec<Vec<u8>> = Vec::new();
    loop {
        all.push(vec![1; 1 << 20]);
        std::hint::black_box(&all);
    }
}

#[allow(unconditional_recursion)]
fn recurse(depth: u64) -> u64 {
    std::hint::black_box([depth; 16])[3] + recurse(std::hint::black_box(depth + 1))
}

fn endless_body(out: ResponseOutparam) {
    let body = begin(out, 200, &[]);
    let stream = body.write().expect("the stream");
    while write_all(&stream, &[b'x'; 65536]).is_ok() {}
}

fn too_much(out: ResponseOutparam) {
    let body = begin(out, 200, &[]);
    let stream = body.write().expect("the stream");
    let _ = stream.write(&vec![0; 2 << 20]);
}

fn too_much_at_once(out: ResponseOutparam) {
    let body = begin(out, 200, &[]);
    let stream = body.write().expect("the stream");
    let _ = stream.blocking_write_and_flush(&[0; 4097]);
}

/// The body is finished while its stream is open.
fn wrong_order(out: ResponseOutparam) {
    let body = begin(out, 200, &[]);
    let stream = body.write().expect("the stream");
    let _ = OutgoingBody::finish(body, None);
    drop(stream);
}
