"""Rust sources of Spin's and WASI's own kits run as they are: nothing says which kit it is but the source."""

from __future__ import annotations

import pytest

from spinlab import Request
from spinlab.languages.rust.starters import COMPONENT, SERVICE
from tests.languages.compiled import serving

pytestmark = pytest.mark.toolchain

STORE_AND_VARIABLE = """\
use spin_sdk::http::{IntoResponse, Request, Response};
use spin_sdk::{http_component, key_value::Store, variables};

#[http_component]
async fn visits(req: Request) -> anyhow::Result<impl IntoResponse> {
    let store = Store::open_default()?;
    store.set("path", req.path().as_bytes())?;
    let text = format!("{} {:?}\\n", variables::get("greeting")?, store.get("path")?.map(|value| value.len()));
    Ok(Response::builder().status(201).header("x-a", "b").body(text).build())
}
"""
SERVICE_STORE = """\
use spin_sdk::http::{IntoResponse, Request, Response};
use spin_sdk::{http_service, key_value::Store};

#[http_service]
async fn visits(req: Request) -> anyhow::Result<impl IntoResponse> {
    let store = Store::open_default().await?;
    store.set("path", req.uri().path().as_bytes().to_vec()).await?;
    let kept = store.get("path").await?.map(|value| value.len());
    Ok(Response::builder().status(201).header("x-a", "b").body(format!("{kept:?}\\n"))?)
}
"""
BOTH = """\
use spin_sdk::key_value::Store;

fn handle(req: Request) -> Result<String, Box<dyn std::error::Error>> {
    Store::open_default()?.set("a", req.path().as_bytes())?;
    Ok(format!("{:?}", kv::open("default")?.text("a")?))
}
"""
WASI = """\
use wasi::exports::http::incoming_handler::Guest;
use wasi::http::types::{Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam};

struct Handler;

impl Guest for Handler {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let response = OutgoingResponse::new(Fields::new());
        let body = response.body().unwrap();
        ResponseOutparam::set(out, Ok(response));
        let stream = body.write().unwrap();
        stream.blocking_write_and_flush(request.path_with_query().unwrap().as_bytes()).unwrap();
        drop(stream);
        OutgoingBody::finish(body, None).unwrap();
    }
}

wasi::http::proxy::export!(Handler);
"""
WSTD = """\
use wstd::http::{Body, Error, Request, Response};

#[wstd::http_server]
async fn main(req: Request<Body>) -> Result<Response<Body>, Error> {
    Ok(Response::new(req.uri().path().to_owned().into()))
}
"""


@pytest.mark.parametrize(
    ("source", "wasi", "body"),
    [
        (COMPONENT, "0.2", "asked for /f\n"),
        (SERVICE, "0.3", "asked for /f\n"),
        (WASI, "0.2", "/f?a=1"),
        (WSTD, "0.2", "/f"),
    ],
    ids=["http_component", "http_service", "wasi", "wstd"],
)
def test_a_source_of_any_kit_answers(source: str, wasi: str, body: str) -> None:
    with serving("rust", source) as app:
        answer = app.handle(Request("GET", "/f?a=1"))
        assert (answer.status, answer.text) == (200, body)
        assert app.functions["f"].prepared.wasi == wasi
        assert not app.functions["f"].build.warnings


def test_the_kit_for_wasi_3_reaches_stores() -> None:
    with serving("rust", SERVICE_STORE, key_value_stores=("default",)) as app:
        answer = app.get("/f")
        assert (answer.status, answer.headers.get("x-a"), answer.text) == (201, "b", "Some(2)\n")
        assert [call.operation for call in answer.calls]


def test_the_kit_for_wasi_2_reaches_stores_and_variables() -> None:
    variables = {"greeting": "hello"}
    with serving("rust", STORE_AND_VARIABLE, key_value_stores=("default",), variables=variables) as app:
        answer = app.get("/f")
        assert (answer.status, answer.headers.get("x-a"), answer.text) == (201, "b", "hello Some(2)\n")


def test_the_short_form_may_use_the_kit() -> None:
    with serving("rust", BOTH, key_value_stores=("default",)) as app:
        assert app.get("/f").text == 'Some("/f")'
