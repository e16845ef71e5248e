"""What is measured, in an app of its own that is gone afterwards; nothing of the notebook's is touched."""

from __future__ import annotations

import binascii
import ctypes
import gc
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

import psutil

from spinlab.app import App
from spinlab.engine import Collector
from spinlab.function import MIB, Function, Limits
from spinlab.http import Body, Headers, Request
from spinlab.traits import guests

FUNCTIONS: Final = 1000
OWN: Final = 16
STEPS: Final = 10
REQUESTS: Final = 200
ROUNDS: Final = 32
HELD: Final = (0, 0, 1, 4)
"""Mebibytes that the functions of one group hold."""
GROUPS: Final = 6
_PROCESSES: Final = 7
_PATIENCE: Final = 20.0
"""Seconds for what the notebook has under way to be compiled; then the figures are those of first code."""


def density(functions: int = FUNCTIONS, own: int = OWN) -> dict[str, float]:
    """Functions that share one component, and some with a binary of their own, each asked: bytes and seconds of one."""
    one = guests.numbered(0)
    sharing = [replace(one, name=f"shares{n}", routes=(f"/shares{n}",)) for n in range(functions)]
    with _app() as app:
        app.add(one)
        _ask(app, one.routes[0], "0")
        bytes_shared, seconds_shared = _added(app, sharing, ["0"] * functions, min(STEPS, functions))
        bytes_own, seconds_own = _added(
            app, [guests.numbered(n) for n in range(1, own + 1)], map(str, range(1, own + 1)), own
        )
    return {
        "functions": functions,
        "bytes_each": bytes_shared,
        "seconds_each": seconds_shared,
        "own_binaries": own,
        "bytes_each_own": bytes_own,
        "seconds_each_own": seconds_own,
    }


def _added(app: App, functions: list[Function], answers: Iterable[str], steps: int) -> tuple[float, float]:
    """What registering a function, and its answer, take: bytes and seconds.

    It is done in steps, and the median counts: what the notebook's own functions let go meanwhile is in few of them.
    """
    _give_back()
    began, size, grown = time.perf_counter(), len(functions) // steps, []
    expected = list(answers)
    for at in range(0, size * steps, size):
        before = _resident()
        app.add_all(functions[at : at + size])
        for function, answer in zip(functions[at : at + size], expected[at : at + size], strict=True):
            _ask(app, function.routes[0], answer)
        grown.append((_resident() - before) / size)
    return max(0.0, statistics.median(grown)), (time.perf_counter() - began) / (size * steps)


def performance(rounds: int = ROUNDS) -> dict[str, float]:
    """Bytes a second of one loop, as WebAssembly and as the machine code of this Python."""
    data = bytes(n * 31 & 0xFF for n in range(guests.CHECKED))
    crc = str(_native(data, rounds))
    with _app() as app:
        app.add(guests.checksum())
        app.engine.settle(_PATIENCE)
        best = [float("inf")] * 3
        for _ in range(5):  # one after the other, so that a busy machine is busy for each
            taken = (
                _seconds(lambda: app.get("/checksum/0")),
                _seconds(lambda: _ask(app, f"/checksum/{rounds}", crc)),
                _seconds(lambda: _native(data, rounds)),
            )
            best = [min(pair) for pair in zip(best, taken, strict=True)]
    inside, outside, size = best[1] - best[0], best[2], rounds * guests.CHECKED
    return {"wasm_rate": size / inside, "native_rate": size / outside, "ratio": inside / outside}


def _native(data: bytes, rounds: int) -> int:
    crc = 0
    for _ in range(rounds):
        crc = binascii.crc_hqx(data, crc)
    return crc


def switching(requests: int = REQUESTS) -> dict[str, float]:
    """Seconds of a request whose instance is made for it and thrown away, and of new processes."""
    with _app() as app:
        app.add(guests.numbered(7))
        app.engine.settle(_PATIENCE)
        _ask(app, "/number7", "7")
        taken = sorted(_seconds(lambda: _ask(app, "/number7", "7")) for _ in range(requests))
        found = {"requests": requests, "median": taken[requests // 2], "slowest": taken[requests * 99 // 100]}
    found["python"] = _process([sys.executable, "-c", "pass"])
    smallest = shutil.which("true")
    if smallest is not None:
        found["process"] = _process([smallest])
    return found


def soft_allocation(groups: int = GROUPS) -> dict[str, float]:
    """Requests held in the middle, their functions entitled to far more memory than they touch: bytes of all."""
    functions = [guests.holds(size) for size in dict.fromkeys(HELD)]
    names = [f"/holds{size}" for size in HELD] * groups
    with _app() as app:
        app.add_all(functions)
        app.engine.settle(_PATIENCE)
        with _held(app, [names[0]] * len(names)):  # so many threads are started once, and keep what they need
            pass
        before = _resident()
        with _held(app, names):
            during = _resident()
        after = _resident()
    return {
        "instances": len(names),
        "entitled": float(len(names) * Limits().memory),
        "touched": float(sum(HELD) * groups * MIB),
        "used": max(1.0, during - before),
        "after": max(0.0, after - before),
    }


@contextmanager
def _held(app: App, paths: list[str]) -> Iterator[None]:
    """A request to each path that has begun, and ends with the block."""
    bodies, sinks = [Body() for _ in paths], [Collector() for _ in paths]
    fields = Headers([("host", "localhost"), ("content-type", "text/plain")])
    calls = [
        app.submit(Request("POST", path, fields, body), sink)
        for path, body, sink in zip(paths, bodies, sinks, strict=True)
    ]
    try:
        _stand_still()
        yield
    finally:
        for body, call in zip(bodies, calls, strict=True):
            body.end()
            if call is not None:
                call.wait()
    failed = next((sink.outcome for sink in sinks if sink.status != 200), None)
    if failed is not None:
        raise failed.error or AssertionError(f"a request that was held was not answered: {failed}")


def _stand_still(timeout: float = 5.0) -> None:
    """Until this process's memory no longer grows: what was begun has touched what it will."""
    ends, same, before = time.monotonic() + timeout, 0, -1.0
    while same < 3 and time.monotonic() < ends:
        time.sleep(0.05)
        now = _resident()
        same, before = (same + 1 if abs(now - before) < 1 << 16 else 0), now


@contextmanager
def _app() -> Iterator[App]:
    app = App("scorecard", tracing=False)
    try:
        yield app
    finally:
        app.close()


def _ask(app: App, path: str, expected: str) -> None:
    answer = app.get(path)
    if answer.status != 200 or answer.text != expected:
        raise answer.error or AssertionError(f"{path} answered {answer.status} {answer.text!r} instead of {expected!r}")


def _give_back() -> None:
    """Give freed memory back to the system, where the C library can: what takes its place would not be counted."""
    gc.collect()
    if os.name == "posix":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)


def _resident() -> float:
    """Bytes of memory that this process has taken. Not those it has for itself alone: others change that number."""
    return float(psutil.Process().memory_info().rss)


def _seconds(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def _process(command: list[str]) -> float:
    return statistics.median(
        _seconds(lambda: subprocess.run(command, check=True, stdin=subprocess.DEVNULL)) for _ in range(_PROCESSES)
    )
