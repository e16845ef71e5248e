"""One language in a process of its own: its first cell, and what instances hold that wait for their body.

``python -m benchmarks.alive LANGUAGE`` prints two figures: milliseconds, and bytes per instance.
"""

from __future__ import annotations

import sys
import time

import psutil

from benchmarks.cells import READS_NOTHING, hello
from spinlab import App, Headers, Request
from spinlab.engine import Collector
from spinlab.http import Body

FEW, LIVE = 8, 24
"""Instances that wait; no more than there are workers. What is made once is there with the few."""


def main(language: str, edit: int) -> None:
    """Measure, and print the figures."""
    app = App("alive")
    began = time.perf_counter()
    app.add(hello(language, edit))
    assert app.get("/").status == 200, app.get("/").error
    print(1e3 * (time.perf_counter() - began))
    print(0.0 if language in READS_NOTHING else held(app))
    app.close()


def held(app: App) -> float:
    """Bytes of this process for each further instance in the middle of a request, with the thread that it runs on."""
    app.engine.settle()
    few, many = (together(app, count) for count in (FEW, LIVE))
    return (many - few) / (LIVE - FEW)


def together(app: App, count: int) -> int:
    """Bytes that are this process's own while so many guests wait for the rest of their body."""
    bodies, sinks = [Body() for _ in range(count)], [Collector() for _ in range(count)]
    fields = Headers([("host", "localhost"), ("content-type", "text/plain")])
    calls = [
        app.submit(Request("POST", "/", fields.copy(), body), sink) for body, sink in zip(bodies, sinks, strict=True)
    ]
    time.sleep(1)  # each has begun to read
    used = int(psutil.Process().memory_full_info().uss)
    for body, call, sink in zip(bodies, calls, sinks, strict=True):
        body.feed(b"abc")
        body.end()
        assert call is not None
        call.wait()
        assert sink.status == 200, sink.outcome
    return used


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
