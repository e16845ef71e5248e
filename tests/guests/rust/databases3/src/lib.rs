//! Does what the lines of the request's body say with relational databases by the asynchronous interfaces, and answers
//! a line for each: the result as Rust shows it. What was opened stays open for the instance's next request.

wit_bindgen::generate!({
    path: "../../../../spinlab/bridge/wit",
    inline: "
        package spinlab:asking;
        world asking {
          import spin:mysql/mysql@3.0.0;
          import spin:postgres/postgres@4.2.0;
          import wasi:http/types@0.3.0;
          export wasi:http/handler@0.3.0;
        }
    ",
    generate_all,
});
export!(Databases);

mod run;
mod words;

use exports::wasi::http0_3_0::handler::Guest;
use run::run;
use wasi::http0_3_0::types::{ErrorCode, Fields, Request, Response};
use wit_bindgen::spawn_local;

struct Databases;

impl Guest for Databases {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let target = request.get_path_with_query().unwrap_or_default();
        let (body, _trailers) = Request::consume_body(request, wit_future::new(|| Ok(())).1);
        let lines = String::from_utf8(body.collect().await).expect("text");
        let answer = if target == "/together" { together(&lines).await } else { one_by_one(&lines).await };
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
        results.push(run(line.to_owned()).await);
    }
    results.join("\n")
}

/// All lines at once, but the first.
async fn together(lines: &str) -> String {
    let (first, rest) = lines.split_once('\n').expect("two lines");
    let mut results = vec![run(first.to_owned()).await];
    let tasks: Vec<_> = rest.lines().map(|line| spawn_local(run(line.to_owned()))).collect();
    for task in tasks {
        results.push(task.await.unwrap_or_default());
    }
    results.join("\n")
}
