"""Bodies, memory and density: 1 MB echoed, an idle function, thousands of functions, a runaway guest."""

from __future__ import annotations

import os
import time
from dataclasses import replace

import psutil

from benchmarks import functions
from benchmarks.figures import Table, median_ms
from spinlab import App, Function, Headers, Limits, Request

HOST = Headers([("host", "localhost")])
HANG = "def handle(request):\n    while True: pass\n"


def run() -> None:
    """Print the tables."""
    echo()
    density(int(os.environ.get("SPINLAB_BENCH_FUNCTIONS", "5000")))
    runaway()


def echo() -> None:
    """1 MB there and back through a Rust guest."""
    table = Table("1 MB echoed by a Rust guest")
    function = functions.rust("echo2")
    app = App("bench")
    app.add(function)
    for what, body in (("random bytes", os.urandom(1 << 20)), ("text", b"a" * (1 << 20))):
        request = Request("POST", "/echo2", Headers([("host", "localhost")]), body)
        copied = median_ms(lambda body=body: bytes(bytearray(body)))
        table.row(what, median_ms(lambda request=request: app.handle(request)), "ms", "a copy in Python", copied)
    app.close()


def density(count: int) -> None:
    """Functions of three kinds in one kernel, a fifth of them distinct binaries, each answering."""
    table = Table(f"{count} functions in one process")
    app = App("dense")
    rust = functions.rust("echo2")
    process = psutil.Process()
    app.add(functions.python())
    app.get("/py")
    before = process.memory_info().rss
    began = time.perf_counter()
    for n in range(count):
        app.add(nth(n, count, rust))
    made = time.perf_counter() - began
    registered = process.memory_info().rss
    wrong = sum(app.handle(Request("GET", f"/f{n}", HOST)).status != 200 for n in range(count))
    table.row("register one", 1e3 * made / count, "ms")
    table.row("memory per function, registered", (registered - before) / count / 1e3, "KB")
    table.row("memory per function, after each has answered", (process.memory_info().rss - before) / count / 1e3, "KB")
    table.row("resident memory of the whole process", process.memory_info().rss / 1e6, "MB")
    table.row("open descriptors", process.num_fds(), "")
    table.row("wrong answers", wrong, "")
    app.close()


def nth(n: int, count: int, rust: Function) -> Function:
    """The n-th function: distinct WAT, Rust, or Python."""
    route = (f"/f{n}",)
    if n % 5 == 0:
        text = functions.WAT.replace("Hello from WAT", f"Hello {n:>8}")
        return Function(f"f{n}", text, language="wat", routes=route)
    if n % 5 == 1:
        return replace(rust, name=f"f{n}", routes=route)
    return Function(f"f{n}", f"def handle(request):\n    return 'python {n}'\n", routes=route)


def runaway() -> None:
    """How long after its deadline a guest that never ends is stopped."""
    table = Table("A runaway guest with a limit of 0.5 s")
    app = App("bench")
    app.add(Function("hang", HANG, routes=("/hang",), limits=replace(Limits(), timeout=0.5)))
    began = time.perf_counter()
    response = app.get("/hang")
    table.row(f"answered {response.status} after", time.perf_counter() - began, "s", "the limit", 0.5)
    app.close()
