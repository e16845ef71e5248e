//! Does what the lines of the request's body say with stores, databases, variables and models, and answers a line for
//! each: the result as Rust shows it. What was opened stays open for the instance's next request.

mod run;

use kit::*;
use run::run;

mod bindings {
    wit_bindgen::generate!({
        path: "../../../../spinlab/bridge/wit",
        inline: "
            package spinlab:asking;
            world asking {
              import fermyon:spin/key-value@2.0.0;
              import fermyon:spin/llm@2.0.0;
              import fermyon:spin/sqlite@2.0.0;
              import fermyon:spin/variables@2.0.0;
              import spin:sqlite/sqlite@3.0.0;
              import wasi:config/store@0.2.0-draft-2024-09-27;
              import wasi:keyvalue/store@0.2.0-draft2;
              import wasi:keyvalue/atomics@0.2.0-draft2;
              import wasi:keyvalue/batch@0.2.0-draft2;
            }
        ",
        generate_all,
    });
}

struct Stores;
kit::bindings::export!(Stores with_types_in kit::bindings);

impl kit::bindings::Guest for Stores {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        report_panics();
        let target = Target::of(&request);
        let (body, _) = read_body(&request).expect("the body");
        let lines = String::from_utf8(body).expect("text");
        match target.path.as_str() {
            "/events" => events(out, &lines),
            "/loop" => text(out, &timed(target.number("n", 1000), &lines)),
            _ => text(out, &lines.lines().map(run).collect::<Vec<_>>().join("\n")),
        }
    }
}

/// One event before the lines are run, one after.
fn events(out: ResponseOutparam, lines: &str) {
    let body = begin(out, 200, &[("content-type", "text/event-stream")]);
    let stream = body.write().expect("the stream");
    write_all(&stream, b"data: first\n\n").expect("room");
    for line in lines.lines() {
        run(line);
    }
    write_all(&stream, b"data: second\n\n").expect("room");
    drop(stream);
    OutgoingBody::finish(body, None).expect("a complete body");
}

/// Nanoseconds that the last line takes on average; those before it are run once.
fn timed(count: u64, lines: &str) -> String {
    let mut lines: Vec<&str> = lines.lines().collect();
    let last = lines.pop().expect("a line");
    lines.into_iter().for_each(|line| drop(run(line)));
    let before = kit::bindings::clocks::monotonic_clock::now();
    for _ in 0..count {
        std::hint::black_box(run(last));
    }
    ((kit::bindings::clocks::monotonic_clock::now() - before) / count.max(1)).to_string()
}
