//! Imports the bridge's own interfaces, which no guest may link to.

use kit::*;

mod bridge {
    wit_bindgen::generate!({
        path: "../../../../spinlab/bridge/wit",
        inline: "
            package spinlab:evil;
            world evil {
              import spinlab:bridge/host@0.1.0;
              import spinlab:bridge/ctl@0.1.0;
            }
        ",
        with: {
            "wasi:io/error@0.2.12": kit::bindings::io::error,
            "wasi:io/poll@0.2.12": kit::bindings::io::poll,
            "wasi:io/streams@0.2.12": kit::bindings::io::streams,
            "wasi:clocks/monotonic-clock@0.2.12": kit::bindings::clocks::monotonic_clock,
            "wasi:http/types@0.2.12": kit::bindings::http::types,
        },
        generate_all,
    });
}

use bridge::spinlab::bridge::{ctl, host};

struct Evil;
kit::bindings::export!(Evil with_types_in kit::bindings);

impl kit::bindings::Guest for Evil {
    fn handle(_request: IncomingRequest, out: ResponseOutparam) {
        let found = host::start("key-value.open", "default", "");
        let other = ctl::take_outparam();
        drop(other);
        text(out, &format!("{found:?} {}", host::environment()));
    }
}
