//! Does what the lines of the request's body say with relational databases, and answers a line for each: the result as
//! Rust shows it. What was opened stays open for the instance's next request.

mod run;
#[path = "../../databases3/src/words.rs"]
mod words;

use kit::*;
use run::run;

mod bindings {
    wit_bindgen::generate!({
        path: "../../../../spinlab/bridge/wit",
        inline: "
            package spinlab:asking;
            world asking {
              import fermyon:spin/mysql@2.0.0;
              import fermyon:spin/postgres@2.0.0;
              import spin:postgres/postgres@3.0.0;
              import spin:postgres/postgres@4.0.0;
            }
        ",
        generate_all,
    });
}

struct Databases;
kit::bindings::export!(Databases with_types_in kit::bindings);

impl kit::bindings::Guest for Databases {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        report_panics();
        let (body, _) = read_body(&request).expect("the body");
        let lines = String::from_utf8(body).expect("text");
        text(out, &lines.lines().map(run).collect::<Vec<_>>().join("\n"));
    }
}
