//! Does what the lines of the request's body say with stores, databases and variables of the asynchronous interfaces,
//! and answers a line for each: the result as Rust shows it. What was opened stays open for the instance's next
//! request.

wit_bindgen::generate!({
    path: "../../../../spinlab/bridge/wit",
    inline: "
        package spinlab:asking;
        world asking {
          import fermyon:spin/key-value@2.0.0;
          import spin:key-value/key-value@3.0.0;
          import spin:sqlite/sqlite@3.1.0;
          import spin:variables/variables@3.0.0;
          import wasi:clocks/monotonic-clock@0.3.0;
          import wasi:http/types@0.3.0;
          export wasi:http/handler@0.3.0;
        }
    ",
    generate_all,
});
export!(Stores);

mod run;

use exports::wasi::http0_3_0::handler::Guest;
use run::run;
use wasi::clocks0_3_0::monotonic_clock::now;
use wasi::http0_3_0::types::{ErrorCode, Fields, Request, Response};
use wit_bindgen::spawn_local;

struct Stores;

impl Guest for Stores {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let target = request.get_path_with_query().unwrap_or_default();
        let (body, _trailers) = Request::consume_body(request, wit_future::new(|| Ok(())).1);
        let lines = String::from_utf8(body.collect().await).expect("text");
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let number = query.split_once('=').and_then(|(_, value)| value.parse().ok());
        let answer = match path {
            "/together" => together(&lines).await,
            "/loop" => timed(number.unwrap_or(1000), &lines).await,
            "/events" => return Ok(events(lines)),
            "/after" => return Ok(after(lines)),
            _ => one_by_one(&lines).await,
        };
        let (mut to, stream) = wit_stream::new();
        spawn_local(async move {
            to.write_all(answer.into_bytes()).await;
        });
        Ok(Response::new(Fields::new(), Some(stream), wit_future::new(|| Ok(None)).1).0)
    }
}

async fn one_by_one(lines: &str) -> String {
    let mut results = Vec::new();
    for line in lines.lines() {
        results.push(run(line).await);
    }
    results.join("\n")
}

/// All lines at once, but the first.
async fn together(lines: &str) -> String {
    let (first, rest) = lines.split_once('\n').expect("two lines");
    let mut results = vec![run(first).await];
    let tasks: Vec<_> = rest.lines().map(|line| line.to_owned()).map(|line| spawn_local(run_owned(line))).collect();
    for task in tasks {
        results.push(task.await.unwrap_or_default());
    }
    results.join("\n")
}

async fn run_owned(line: String) -> String {
    run(&line).await
}

/// Nanoseconds that the last line takes on average; those before it are run once.
async fn timed(count: u64, lines: &str) -> String {
    let (first, last) = lines.rsplit_once('\n').expect("two lines");
    one_by_one(first).await;
    let before = now();
    for _ in 0..count {
        std::hint::black_box(run(last).await);
    }
    ((now() - before) / count.max(1)).to_string()
}

/// One event before the lines are run, one after.
fn events(lines: String) -> Response {
    let (mut to, stream) = wit_stream::new();
    spawn_local(async move {
        to.write_all(b"data: first\n\n".to_vec()).await;
        one_by_one(&lines).await;
        to.write_all(b"data: second\n\n".to_vec()).await;
    });
    let fields = Fields::new();
    fields.append("content-type", b"text/event-stream").expect("a valid header");
    Response::new(fields, Some(stream), wit_future::new(|| Ok(None)).1).0
}

/// The lines are run when the answer is out.
fn after(lines: String) -> Response {
    spawn_local(async move { one_by_one(&lines).await });
    Response::new(Fields::new(), None, wit_future::new(|| Ok(None)).1).0
}
