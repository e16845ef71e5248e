//! Gets or sets one key of a `wasi:keyvalue` bucket `n` times and answers the nanoseconds that a call takes. It uses
//! nothing else of that interface, so that runtimes with an older draft of it can run it.

use kit::*;

mod bindings {
    wit_bindgen::generate!({
        path: "../../../../spinlab/bridge/wit",
        inline: "
            package spinlab:counting;
            world counting {
              import wasi:keyvalue/store@0.2.0-draft2;
            }
        ",
        generate_all,
    });
}

use bindings::wasi::keyvalue::store;

struct Counting;
kit::bindings::export!(Counting with_types_in kit::bindings);

impl kit::bindings::Guest for Counting {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let target = Target::of(&request);
        let bucket = store::open(target.get("label").unwrap_or("")).expect("the bucket");
        bucket.set("key", b"value").expect("set");
        let set = target.get("op") == Some("set");
        let count = target.number("n", 1);
        let began = kit::bindings::clocks::monotonic_clock::now();
        for _ in 0..count {
            if set {
                bucket.set("key", b"value").expect("set");
            } else {
                std::hint::black_box(bucket.get("key").expect("get"));
            }
        }
        let taken = kit::bindings::clocks::monotonic_clock::now() - began;
        text(out, &(taken / count.max(1)).to_string());
    }
}
