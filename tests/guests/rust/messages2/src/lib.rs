//! Does what the lines of the request's body say with Redis and MQTT, and answers a line for each: the result as Rust
//! shows it. What was opened stays open for the instance's next request.

mod run;

use kit::*;
use run::run;

mod bindings {
    wit_bindgen::generate!({
        path: "../../../../spinlab/bridge/wit",
        inline: "
            package spinlab:asking;
            world asking {
              import fermyon:spin/mqtt@2.0.0;
              import fermyon:spin/redis@2.0.0;
            }
        ",
        generate_all,
    });
}

struct Messages;
kit::bindings::export!(Messages with_types_in kit::bindings);

impl kit::bindings::Guest for Messages {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        report_panics();
        let (body, _) = read_body(&request).expect("the body");
        let lines = String::from_utf8(body).expect("text");
        text(out, &lines.lines().map(run).collect::<Vec<_>>().join("\n"));
    }
}
