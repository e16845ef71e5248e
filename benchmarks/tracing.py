"""What the record of host calls costs: a call of a guest with it and without it, in turns."""

from __future__ import annotations

import statistics
from collections.abc import Callable

from benchmarks import functions
from benchmarks.figures import Table
from spinlab import App, Function, Headers, Request

ROUNDS, CALLS, REQUESTS = 25, 1000, 50

PYTHON = """\
import time
from spin_sdk import key_value

def handle(request):
    with key_value.open_default() as store:
        store.set("key", b"value")
        began = time.perf_counter_ns()
        for _ in range(1000):
            store.get("key")
        return str((time.perf_counter_ns() - began) // 1000)
"""


def run() -> None:
    """Print the table."""
    table = Table("The record of host calls, on against off in turns")
    with App("bench") as app:
        app.add(Function("gets", PYTHON, routes=("/gets",), key_value_stores=("default",)))
        rust = functions.rust("stores2")
        app.add(Function("asks", rust.source, language="wasm", routes=("/loop",), key_value_stores=("default",)))
        app.add(functions.wat())
        lines = b"kv open\tdefault\nkv set\tkey\tvalue\nkv get\tkey"
        row(table, app, "a key-value get in memory, Python, one of 1000", lambda: nanoseconds(app, "GET", "/gets"))
        target = f"/loop?n={CALLS}"
        row(table, app, "a key-value get in memory, Rust, one of 1000", lambda: nanoseconds(app, "POST", target, lines))
        row(table, app, "a request without a call", lambda: requests(app))


def row(table: Table, app: App, what: str, measure: Callable[[], float]) -> None:
    """Medians in microseconds; on and off by turns, so that what else the machine does falls on both."""
    taken: dict[bool, list[float]] = {True: [], False: []}
    for number in range(2 * ROUNDS + 4):
        app.tracing = number % 2 == 0
        found = measure()
        if number >= 4:
            taken[app.tracing].append(found / 1e3)
    table.row(what, statistics.median(taken[True]), "us", "without", statistics.median(taken[False]))


def nanoseconds(app: App, method: str, target: str, body: bytes = b"") -> float:
    """What the guest itself measured of one call."""
    response = app.request(method, target, body=body)
    assert response.status == 200, response
    return float(response.text)


def requests(app: App) -> float:
    """Nanoseconds of a request, out of several one after the other."""
    request = Request("GET", "/wat", Headers([("host", "localhost")]))
    return 1e9 * statistics.median(app.handle(request).elapsed for _ in range(REQUESTS))
