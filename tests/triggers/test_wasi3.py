"""Asynchronous handlers of messages, on WASI 0.3."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from spinlab import App, Function, Limits
from spinlab.errors import HandlerError, SourceError
from tests.servers.redis import redis
from tests.triggers.guests import CLOCK, KEEPING
from tests.triggers.test_redis import publish, until

Triggers: TypeAlias = Mapping[str, tuple[Mapping[str, Any], ...]]
EVERY_YEAR: Triggers = {"cron": ({"cron_expression": "0 0 0 1 1 *"},)}
JOBS: Triggers = {"redis": ({"channel": "jobs"},)}

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
    app.add(replace(subscriber(), limits=Limits(timeout=2.0)))
    assert app.send("r", "for ever").status in (500, 504)
    assert app.send("r", "x").status == 200


def test_crons_handler_may_wait_and_fail(app: App) -> None:
    app.add(Function("r", CRON, language="rust", triggers=EVERY_YEAR))
    assert app.functions["r"].prepared.wasi == "0.3"
    assert app.send("r", "7").status == 200
    assert [line for line in said(app) if line.startswith(("before", "after"))] == ["before 7", "after 7"]
    answer = app.send("r", "13")
    assert (answer.status, answer.error and answer.error.details) == (500, "thirteen")


@pytest.mark.parametrize(
    ("source", "triggers", "told", "hint"),
    [
        ("\n#[redis_component]\nfn on(m: Bytes) {}\n", {}, "#[redis_component] takes messages", "add --redis CHANNEL"),
        ("\n#[redis_subscriber]\nasync fn on(m: Bytes) {}\n", EVERY_YEAR, "not --cron", "not --cron"),
        ("\n#[http_service]\nasync fn h(r: Request) {}\n", JOBS, "#[http_service] answers", "#[redis_subscriber]"),
        ("\nfn handle(req: Request) -> u8 { 1 }\n", EVERY_YEAR, "fn handle(req: Request) answers", "take --cron away"),
    ],
)
def test_a_handler_that_does_not_fit_its_trigger_is_refused_before_it_is_compiled(
    app: App, source: str, triggers: Triggers, told: str, hint: str
) -> None:
    with pytest.raises(SourceError) as caught:
        app.add(Function("r", source, language="rust", triggers=triggers))
    assert told in f"{caught.value.message} {caught.value.hint}"
    assert hint in caught.value.hint
    assert caught.value.location is not None
    assert caught.value.location.line == 2
    assert not app.functions


@pytest.mark.parametrize(("source", "option"), [(KEEPING, "--redis"), (CLOCK, "--cron")])
def test_a_component_that_takes_messages_is_refused_with_the_option_that_it_lacks(
    app: App, source: str, option: str
) -> None:
    with pytest.raises(HandlerError) as caught:
        app.add(Function("r", source, language="wat", routes=("/r",)))
    assert caught.value.hint == f"it takes messages: say what starts it with {option}"
