"""A cell in Rust whose handler is the SDK's own for Redis."""

from __future__ import annotations

from pathlib import Path

from spinlab import App, Function
from tests.servers.redis import redis
from tests.triggers.test_redis import publish, until

SOURCE = """\
use anyhow::{ensure, Result};
use bytes::Bytes;
use spin_sdk::redis_component;

#[redis_component]
fn on_message(message: Bytes) -> Result<()> {
    ensure!(!message.is_empty());
    println!("{}", std::str::from_utf8(&message)?);
    Ok(())
}
"""


def test_the_sdks_redis_component_runs_for_each_message(app: App, tmp_path: Path) -> None:
    with redis(tmp_path) as port:
        config = {"channel": "jobs", "address": f"redis://127.0.0.1:{port}"}
        app.add(
            Function("r", SOURCE, language="rust", requires=("anyhow==1", "bytes==1"), triggers={"redis": (config,)})
        )
        assert app.listeners[0].wait(60)
        publish(port, "jobs", b"hello from Redis")
        until(lambda: len(app.traces("r")) == 1)
        assert "hello from Redis" in [line.line.text for line in app.logs("r")]
        assert app.send("r", "").status == 500
