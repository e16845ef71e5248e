"""The listener alone: what it adds to a bare uvicorn, with an answer made on its loop and with a hop to a worker."""

from __future__ import annotations

import asyncio
import shutil
import socket
import statistics
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import uvicorn

from benchmarks.figures import Table
from benchmarks.inprocess import python_loop
from benchmarks.through_http import wrk
from spinlab.engine import Outcome
from spinlab.http import Headers, Request
from spinlab.server import Jupyter, Server

ROUNDS = 3
BODY = b"Hello from WAT\n"


class Direct:
    """An app that has its answer at once."""

    def submit(self, _request: Request, sink: Any) -> None:
        sink.whole(200, Headers([("content-type", "text/plain")]), BODY)
        sink.end(Outcome())


class Hop:
    """An app that answers from a worker thread, as a sandbox does."""

    def __init__(self) -> None:
        self.workers = ThreadPoolExecutor(8)

    def submit(self, request: Request, sink: Any) -> None:
        self.workers.submit(Direct().submit, request, sink)


async def bare(_scope: Any, _receive: Any, send: Callable[[Any], Awaitable[None]]) -> None:
    """The least that an ASGI application can do."""
    head = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(BODY))]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": BODY})


workers = ThreadPoolExecutor(8)


async def bare_hop(scope: Any, receive: Any, send: Any) -> None:
    """The same after a hop to a worker thread and back."""
    await asyncio.get_running_loop().run_in_executor(workers, bytes)
    await bare(scope, receive, send)


@contextmanager
def uvicorn_server(application: Any) -> Iterator[str]:
    """A bare uvicorn in a thread, as fast as it gets."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.bind(("127.0.0.1", 0))
    config = uvicorn.Config(
        application, http="httptools", ws="none", loop="asyncio", lifespan="off", log_config=None, access_log=False
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
    thread.start()
    while not server.started:
        threading.Event().wait(0.01)
    try:
        yield f"http://127.0.0.1:{bound.getsockname()[1]}/"
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def ours(app: Any) -> Iterator[str]:
    """Our listener around `app`."""
    server = Server(lambda _label: app, port=0, jupyter=Jupyter())
    server.start()
    try:
        yield server.url + "/hello?x=1"
    finally:
        server.stop()


def run() -> None:
    """Print the table; needs wrk."""
    table = Table("The listener alone")
    if not shutil.which("wrk"):
        table.note("wrk is not here: apt-get install wrk")
        return
    with (
        uvicorn_server(bare) as plain,
        uvicorn_server(bare_hop) as plain_hop,
        ours(Direct()) as direct,
        ours(Hop()) as hop,
    ):
        pairs = [("answered on the loop", direct, plain), ("with a hop", hop, plain_hop)]
        for connections in (1, 8):
            for label, mine, theirs in pairs:
                row(table, f"{label}, {connections} connection(s)", mine, theirs, connections)
        with python_loop():
            for label, mine, theirs in pairs:
                busy_row(table, f"{label}, while a Python loop runs", mine, theirs)


def row(table: Table, label: str, mine: str, theirs: str, connections: int) -> None:
    """Medians over interleaved rounds."""
    figures: dict[str, list[tuple[float, float]]] = {mine: [], theirs: []}
    for _ in range(ROUNDS):
        for url in (theirs, mine):
            figures[url].append(wrk(url, connections, seconds=2))
    for n, (what, unit) in enumerate((("requests per second", "/s"), ("p50", "ms"))):
        value, base = (statistics.median(f[n] for f in figures[url]) for url in (mine, theirs))
        table.row(f"{label}, {what}", value, unit, "bare uvicorn", base)


def busy_row(table: Table, label: str, mine: str, theirs: str) -> None:
    """Milliseconds of a request, the mean: some wait for the lock of Python and some do not, so a median jumps."""
    figures: dict[str, list[float]] = {mine: [], theirs: []}
    for _ in range(ROUNDS):
        for url in (theirs, mine):
            figures[url].append(1e3 / wrk(url, 1, seconds=1)[0])
    value, base = (statistics.mean(figures[url]) for url in (mine, theirs))
    table.row(label, value, "ms", "bare uvicorn", base)


if __name__ == "__main__":
    run()
