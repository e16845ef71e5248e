"""Asynchronous handlers of messages, on WASI 0.3."""

from __future__ import annotations

from pathlib import Path

from spinlab import App, Function, Limits
from tests.servers.redis import redis
from tests.triggers.test_redis import publish, until

REDIS = """\
use anyhow::{ensure, Result};
use bytes::Bytes;
use spin_sdk::{key_value::Store, redis_subscriber};

#[redis_subscriber]
async fn on_message(message: Bytes) -> Result<()> {
    if message.as_ref() == b"for ever" {
        std::future::pending::<()>().await;
    }
    Store::open_default().await?.set("last", &message).await?;
    ensure!(!message.is_empty(), "it is empty");
    println!("{} bytes", message.len());
    Ok(())
}
"""
CRON = """\
wit_bindgen::generate!({
    inline: "
        package spin:cron@3.0.0;
        interface cron-types {
          record metadata { timestamp: u64 }
          variant error { other(string) }
        }
        world spin-cron {
          use cron-types.{metadata, error};
          export handle-cron-event: async func(metadata: metadata) -> result<_, error>;
        }
    ",
});

struct Clock;
export!(Clock);

impl Guest for Clock {
    async fn handle_cron_event(metadata: Metadata) -> Result<(), Error> {
        println!("before {}", metadata.timestamp);
        wasip3::clocks::monotonic_clock::wait_for(20_000_000).await;
        println!("after {}", metadata.timestamp);
        if metadata.timestamp == 13 {
            return Err(Error::Other("thirteen".into()));
        }
        Ok(())
    }
}
"""


def subscriber(address: str = "redis://127.0.0.1:1") -> Function:
    triggers = {"redis": ({"channel": "jobs", "address": address},)}
    requires = ("anyhow==1", "bytes==1")
    return Function("r", REDIS, language="rust", requires=requires, triggers=triggers, key_value_stores=("default",))


def said(app: App) -> list[str]:
    return [line.line.text for line in app.logs("r")]


def test_an_asynchronous_handler_runs_for_each_message_byte_for_byte(app: App, tmp_path: Path) -> None:
    payload = bytes(range(256)) * 2000
    with redis(tmp_path) as port:
        app.add(subscriber(f"redis://127.0.0.1:{port}"))
        assert app.functions["r"].prepared.wasi == "0.3"
        assert app.listeners[0].wait(60)
        publish(port, "jobs", b"one", payload)
        until(lambda: len(app.traces("r")) == 2)
    assert app.kv("default").get("last") == payload
    assert [trace.status for trace in app.traces("r")] == [200, 200]
    assert "512000 bytes" in said(app)


def test_its_error_is_that_of_the_run_with_its_text(app: App) -> None:
    app.add(subscriber())
    answer = app.send("r", "")
    assert (answer.status, answer.error and answer.error.details) == (500, "it is empty")
    assert app.send("r", "x").status == 200


def test_one_that_waits_for_ever_is_stopped(app: App) -> None:
    from dataclasses import replace

    app.add(replace(subscriber(), limits=Limits(timeout=2.0)))
    assert app.send("r", "for ever").status in (500, 504)
    assert app.send("r", "x").status == 200


def test_crons_handler_may_wait_and_fail(app: App) -> None:
    app.add(Function("r", CRON, language="rust", triggers={"cron": ({"cron_expression": "0 0 0 1 1 *"},)}))
    assert app.functions["r"].prepared.wasi == "0.3"
    assert app.send("r", "7").status == 200
    assert [line for line in said(app) if line.startswith(("before", "after"))] == ["before 7", "after 7"]
    answer = app.send("r", "13")
    assert (answer.status, answer.error and answer.error.details) == (500, "thirteen")
