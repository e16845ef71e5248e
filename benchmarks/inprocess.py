"""A request in process, a fresh instance for each, against the usual ways to run a small function."""

from __future__ import annotations

import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from benchmarks import functions
from benchmarks.figures import Table, median_ms
from benchmarks.python_host import PythonHost
from spinlab import App, Function, Headers, Request
from spinlab.engine import Engine, wat_to_wasm
from spinlab.engine.threads import Threads, use

HOST = Headers([("host", "localhost")])


def run() -> None:
    """Print the table."""
    table = Table("A request in process, fresh instance (0.3: also reused)")
    host = PythonHost(wat_to_wasm(functions.WAT))
    plain = median_ms(host)
    process = median_ms(lambda: subprocess.run([sys.executable, "-c", "print('Hello')"], capture_output=True), least=10)
    table.row("a new python -c process", process, "ms")
    table.row("WAT under a plain Python wasi:http host", plain, "ms")
    one(table, functions.wat(), "plain Python host", plain)
    for name in ("echo2", "echo3"):
        function = functions.rust(name)
        if name == "echo3":
            one(table, function, "python -c", process)
            function = Function("echo3-fresh", function.source, language="wasm", routes=("/echo3-fresh",), reuse=1)
        one(table, function, "python -c", process)
    one(table, functions.python(), "python -c", process)
    one(table, functions.python("0.3", functions.ASYNC), "python -c", process)
    ready_and_on_demand(table, "python -c", process)
    busy(table)


def one(table: Table, function: Function, baseline: str, base: float) -> None:
    """One function: requests one after the other."""
    app = App("bench")
    app.add(function)
    request = Request("GET", function.routes[0], HOST)
    assert app.handle(request).status == 200, app.handle(request)
    table.row(
        f"{function.name} ({function.language} {function.wasi if function.language == 'python' else ''})".replace(
            " )", ")"
        ),
        median_ms(lambda: app.handle(request)),
        "ms",
        baseline,
        base,
    )
    app.close()


def ready_and_on_demand(table: Table, baseline: str, base: float) -> None:
    """Python for WASI 0.2: an instance that waits for its request, and one that is made for it."""
    function = functions.python()
    request = Request("GET", "/py", HOST)
    app = App("bench")
    app.add(function)
    app.handle(request)
    table.row("ready, requests apart", apart(lambda: app.handle(request)), "ms", baseline, base)
    app.close()
    engine = Engine()
    use(engine, Threads(engine, ready=0))
    app = App("bench", engine=engine)
    app.add(function)
    engine.settle()
    app.handle(request)
    table.row("on demand", median_ms(lambda: app.handle(request)), "ms", baseline, base)
    table.row("on demand, requests apart", apart(lambda: app.handle(request)), "ms", baseline, base)
    app.close()
    engine.close()


def apart(action: Callable[[], object], count: int = 100, pause: float = 0.02) -> float:
    """Median milliseconds with a pause before each time."""
    taken = []
    for _ in range(count):
        time.sleep(pause)
        began = time.perf_counter()
        action()
        taken.append(time.perf_counter() - began)
    return 1e3 * statistics.median(taken)


def busy(table: Table) -> None:
    """The same while a pure-Python loop runs, as a cell would."""
    app = App("bench")
    app.add(functions.wat())
    request = Request("GET", "/wat", HOST)
    idle = median_ms(lambda: app.handle(request))
    with python_loop():
        table.row("wat while a pure-Python loop runs", median_ms(lambda: app.handle(request)), "ms", "idle", idle)
    app.close()


@contextmanager
def python_loop() -> Iterator[None]:
    """A thread that keeps Python's lock as busy as a cell can."""
    stop = threading.Event()

    def spin() -> None:
        n = 0
        while not stop.is_set():
            for _ in range(10_000):
                n += 1

    thread = threading.Thread(target=spin)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
