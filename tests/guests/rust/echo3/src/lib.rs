//! WASI 0.3: answers with the body and the trailers of the request, as they come.
#![allow(unsafe_code)]

wit_bindgen::generate!({
    inline: "package guest:echo3;
        world echo {
            import wasi:http/types@0.3.0;
            export wasi:http/handler@0.3.0;
        }",
    path: "../../../../spinlab/bridge/wit",
    world: "guest:echo3/echo",
    generate_all,
});
export!(Echo);

use exports::wasi::http0_3_0::handler::Guest;
use wasi::http0_3_0::types::{ErrorCode, Fields, Request, Response};

struct Echo;

impl Guest for Echo {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let headers = Fields::new();
        if let Some(kind) = request.get_headers().get("content-type").first() {
            let _ = headers.append("content-type", kind);
        }
        let (body, trailers) = Request::consume_body(request, wit_future::new(|| Ok(())).1);
        Ok(Response::new(headers, Some(body), trailers).0)
    }
}
