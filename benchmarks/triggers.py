"""Redis messages through functions, beside a plain subscriber in Python that calls a function of its own process."""

from __future__ import annotations

import itertools
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from benchmarks.figures import Table
from spinlab import App, Function
from spinlab.changes import REQUESTS
from spinlab.host.resp import command
from spinlab.http import Request
from tests.servers.redis import redis
from tests.triggers.guests import KEEPING

MESSAGES = 1000
ROUNDS = 3
PAYLOAD = b'{"id": 1, "task": "resize", "width": 640}'

PYTHON = """\
def handle(message):
    return message.json()["width"]
"""
RUST = """\
use anyhow::Result;
use bytes::Bytes;
use spin_sdk::redis_component;

#[redis_component]
fn on_message(message: Bytes) -> Result<()> {
    anyhow::ensure!(message.len() > 3);
    Ok(())
}
"""
PLAIN = """\
import json, socket, sys

def handle(payload):
    return json.loads(payload)["width"]

link = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
link.sendall(b"SUBSCRIBE plain\\r\\n")
answers = link.makefile("rb")

def reply():
    line = answers.readline()
    if line[:1] == b"*":
        return [reply() for _ in range(int(line[1:]))]
    if line[:1] == b"$":
        return answers.read(int(line[1:]) + 2)[:-2]
    return line

reply()
print("listening", flush=True)
for _ in range(int(sys.argv[2])):
    handle(reply()[2])
print("done", flush=True)
"""
"""A subscriber without a client library: what Redis and Python themselves cost."""


def run() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder, redis(Path(folder)) as port:
        through(port)


def through(port: int) -> None:
    """The time of many messages that are published at once, each through a function of its own kind."""
    table = Table(f"{MESSAGES} Redis messages of {len(PAYLOAD)} bytes, until the last has run; best of {ROUNDS}")
    base = min(plain(port) for _ in range(ROUNDS))
    name = "a plain subscriber"
    table.row("a plain subscriber in Python, in one process", base, "ms")
    by_http = requests()
    table.row("as many requests of a function in Python, WASI 0.2", by_http, "ms", name, base)
    for what, function in functions(port):
        app = App("messages")
        try:
            app.add(function)
            assert app.listeners[0].wait(60)
            assert app.send(function.name, PAYLOAD).status == 200
            app.engine.settle()
            table.row(what, min(live(app, function.name, port) for _ in range(ROUNDS)), "ms", name, base)
        finally:
            app.close()


def functions(port: int) -> list[tuple[str, Function]]:
    """Each with a channel of its own."""

    def of(name: str, source: str, language: str, **options: object) -> Function:
        name = f"in-{name}"
        triggers = {"redis": ({"channel": name, "address": f"redis://127.0.0.1:{port}"},)}
        return Function(name, source, language=language, triggers=triggers, **options)  # type: ignore[arg-type]

    return [
        ("a function in WAT, a key-value write each", of("wat", KEEPING, "wat", key_value_stores=("default",))),
        ("a function in Rust", of("rust", RUST, "rust", requires=("anyhow==1", "bytes==1"))),
        ("a function in Python, WASI 0.2", of("python", PYTHON, "python")),
        ("a function in Python, WASI 0.3", of("python3", PYTHON, "python", wasi="0.3")),
    ]


def requests() -> float:
    """Milliseconds of as many requests, one after the other as messages come, of a function that HTTP starts."""
    app = App("requests")
    try:
        source = "def handle(request):\n    return str(request.json()['width'])\n"
        app.add(Function("by-http", source, routes=("/by-http",)))
        app.engine.settle()
        asked = Request("POST", "/by-http", body=PAYLOAD)
        assert app.handle(asked).status == 200
        began = time.perf_counter()
        for _ in range(MESSAGES):
            app.handle(asked)
        return 1e3 * (time.perf_counter() - began)
    finally:
        app.close()


def live(app: App, name: str, port: int) -> float:
    """Milliseconds until as many more runs have ended."""
    ended = threading.Event()
    left = itertools.count(MESSAGES - 1, -1)

    def told(what: str) -> None:
        if what == REQUESTS and next(left) == 0:
            ended.set()

    forget = app.changes.listen(told)
    try:
        began = time.perf_counter()
        publish(port, name)
        assert ended.wait(300)
        return 1e3 * (time.perf_counter() - began)
    finally:
        forget()


def plain(port: int) -> float:
    """The same for the subscriber, in a process of its own."""
    words = [sys.executable, "-c", PLAIN, str(port), str(MESSAGES)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "listening\n"
        began = time.perf_counter()
        publish(port, "plain")
        assert process.stdout.readline() == "done\n"
        return 1e3 * (time.perf_counter() - began)


def publish(port: int, channel: str) -> None:
    """All messages at once, in one pipeline."""
    with socket.create_connection(("127.0.0.1", port), 10) as link, link.makefile("rb") as answers:
        link.sendall(command((b"PUBLISH", channel.encode(), PAYLOAD)) * MESSAGES)
        for _ in range(MESSAGES):
            assert answers.readline() == b":1\r\n"
