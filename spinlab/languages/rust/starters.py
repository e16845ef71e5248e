"""First cells in Rust."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

STARTERS: Final[Mapping[str, str]] = {
    "http": """\
/// Answers /NAME/... with what was asked; what println! says comes with the answer.
fn handle(req: Request) -> String {
    let name = req.query("name").unwrap_or("world");
    println!("{} {}", req.method(), req.path());
    format!("Hello, {name}!\\n")
}
""",
    "kv": """\
/// Counts its visitors in a key-value store.
fn handle(req: Request) -> Result<String, Error> {
    let store = kv::open("default")?;
    let visits = store.text("visits")?.and_then(|text| text.parse().ok()).unwrap_or(0) + 1;
    store.set("visits", visits.to_string())?;
    Ok(format!("visit number {visits} of {}\\n", req.path()))
}
""",
    "sqlite": """\
/// Keeps what is posted in a database, and answers with all of it.
fn handle(req: Request) -> Result<String, Error> {
    let db = sqlite::open("default")?;
    db.execute("create table if not exists notes (id integer primary key, text text)", &[])?;
    if req.method() == "POST" {
        db.execute("insert into notes (text) values (?)", &[req.text().into()])?;
    }
    let found = db.execute("select id, text from notes order by id", &[])?;
    Ok(found.rows.iter().map(|row| format!("{}: {}\\n", row[0], row[1])).collect())
}
""",
    "fetch": """\
/// Asks another function of the app: itself here, with a query.
fn handle(req: Request) -> Result<String, Error> {
    if req.query("inner").is_some() {
        return Ok("the answer from inside\\n".to_string());
    }
    let answer = fetch(&format!("{}?inner=1", req.path()))?;
    Ok(format!("status {}: {}", answer.status(), answer.text()?))
}
""",
}

COMPONENT: Final = """\
use spin_sdk::http::{IntoResponse, Request, Response};
use spin_sdk::http_component;

#[http_component]
fn handle_request(req: Request) -> anyhow::Result<impl IntoResponse> {
    let text = format!("asked for {}\\n", req.path());
    Ok(Response::builder().status(200).header("content-type", "text/plain").body(text).build())
}
"""
"""A handler of spin-sdk 5."""

SERVICE: Final = """\
use spin_sdk::http::{IntoResponse, Request, Response};
use spin_sdk::http_service;

#[http_service]
async fn handle_request(req: Request) -> anyhow::Result<impl IntoResponse> {
    let text = format!("asked for {}\\n", req.uri().path());
    Ok(Response::builder().status(200).header("content-type", "text/plain").body(text)?)
}
"""
"""A handler of spin-sdk 6."""
