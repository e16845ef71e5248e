"""What recording costs, off and on, and how long a replay takes: by turns with the same request without."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks import functions
from benchmarks.figures import Table
from spinlab import App, Function
from spinlab.client import request
from spinlab.engine import Engine
from spinlab.engine.calls import HOST_FUNCTIONS
from spinlab.http import Request

ROUNDS = 60

CLOCK = """\
import time

def handle(request):
    began = time.perf_counter_ns()
    for _ in range(1000):
        time.time()
    return str(time.perf_counter_ns() - began)
"""
STORE = """\
from spin_sdk import key_value

def handle(request):
    with key_value.open_default() as store:
        for n in range(10):
            store.set(f"key {n}", b"value")
        return b" ".join(store.get(f"key {n}") for n in range(10))
"""


def run() -> None:
    """Print the table."""
    table = Table("Recording and replaying, by turns with the same request not recorded")
    off(table)
    with tempfile.TemporaryDirectory() as folder, App("bench", state_dir=Path(folder)) as app:
        app.add(functions.wat())
        app.add(Function("plain", "def handle(request):\n    return 'hello'\n", routes=("/plain",)))
        app.add(Function("stores", STORE, routes=("/stores",), key_value_stores=("default",)))
        for what, path in (("WAT", "/wat"), ("Python", "/plain"), ("Python, 21 effects on a store", "/stores")):
            row(table, app, what, request("GET", path, host="localhost"))


def off(table: Table) -> None:
    """What it costs to look whether there is a tape: a clock reading beside one that does not look."""
    bare: Mapping[str, Callable[..., Any]] = {**HOST_FUNCTIONS, "wall": lambda _context: time.time_ns()}
    with App("bench") as looking, App("bench", engine=Engine(functions=bare)) as blind:
        taken: dict[App, list[float]] = {looking: [], blind: []}
        for app in taken:
            app.add(Function("clock", CLOCK, routes=("/clock",)))
            app.engine.settle()
        for number in range(ROUNDS + 4):
            for app, found in taken.items():
                nanoseconds = float(app.get("/clock").text)
                if number >= 4:
                    found.append(nanoseconds / 1e6)
        table.row(
            "off: a clock reading of Python, one of 1000",
            statistics.median(taken[looking]),
            "us",
            "without the look for a tape",
            statistics.median(taken[blind]),
        )
        blind.engine.close()


def row(table: Table, app: App, what: str, sent: Request) -> None:
    """Milliseconds of a request recorded, and of its replay, against the same one alone."""
    taken: dict[str, list[float]] = {"recorded": [], "replayed": [], "alone": []}
    sizes = []
    for number in range(ROUNDS + 4):
        began = time.perf_counter()
        assert app.handle(sent).ok
        plain = time.perf_counter()
        _, recording = app.record(sent)
        recorded = time.perf_counter()
        assert recording is not None
        assert app.replay(recording.id).same
        replayed = time.perf_counter()
        if number >= 4:
            taken["alone"].append(1e3 * (plain - began))
            taken["recorded"].append(1e3 * (recorded - plain))
            taken["replayed"].append(1e3 * (replayed - recorded))
            sizes.append(len(recording.crossings))
    alone = statistics.median(taken["alone"])
    table.row(f"recorded: {what}", statistics.median(taken["recorded"]), "ms", "not recorded", alone)
    table.row(f"replayed: {what}", statistics.median(taken["replayed"]), "ms", "not recorded", alone)


if __name__ == "__main__":
    run()
