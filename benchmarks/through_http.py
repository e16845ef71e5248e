"""Through HTTP with wrk, beside `wasmtime serve` on the same components, and `spin up` where it is installed."""

from __future__ import annotations

import re
import shutil
import socket
import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

from benchmarks import functions
from benchmarks.figures import Table
from benchmarks.inprocess import python_loop
from spinlab import App, Function
from spinlab.engine import wat_to_wasm
from spinlab.export import project
from spinlab.manifest import load
from spinlab.server import Server
from tests.export import official as tools
from tests.guests import folder as guests
from tests.peer.wasmtime_serve import closed, serve

RATE = re.compile(r"Requests/sec:\s+([\d.]+)")
MEDIAN = re.compile(r"50%\s+([\d.]+)(us|ms|s)")


def run() -> None:
    """Print the table; needs wrk."""
    table = Table("Through HTTP")
    if not shutil.which("wrk"):
        table.note("wrk is not here: apt-get install wrk")
        return
    work = functions.ROOT / ".make"
    for label, function, component in subjects(work):
        app = App("bench")
        app.add(function)
        server = Server(lambda _label, app=app: app, port=0)
        server.start()
        ours = server.url + function.routes[0]
        try:
            with serve(component) as theirs:
                compare(table, label, ours, theirs + function.routes[0])
            if shutil.which("spin"):
                with spin_up(app, work / "bench-spin") as theirs:
                    rates(table, label, ours, theirs + function.routes[0], "spin up")
        finally:
            server.stop()
            app.close()


def subjects(work: Path) -> list[tuple[str, Function, Path]]:
    """Label, function for us, component for the peer."""
    found = []
    plain = work / "bench-wat.wasm"
    plain.write_bytes(wat_to_wasm(functions.WAT))
    found.append(("wat", functions.wat(), plain))
    found.append(("rust", functions.rust("echo2"), guests() / "echo2.wasm"))
    path = official(work)
    ready = Function("official", path.read_bytes(), language="wasm", routes=("/official",))
    found.append(("official Python", ready, closed(path)))
    return found


def official(work: Path, source: str = functions.SDK, name: str = "bench-official") -> Path:
    """A Python component built by Spin's own command, from the official form of an export."""
    app = App("bench")
    app.add(functions.python(source=source))
    folder = work / name
    project(app, folder, components="official", force=True)
    app.close()
    tools.build(folder)
    component = next(iter(load(folder / "spin.toml").components.values()))
    return folder / str(component.source)


def compare(table: Table, label: str, ours: str, theirs: str) -> None:
    """One component: rates at 1 and 8 connections, p50 with requests apart, and while Python is busy."""
    rates(table, label, ours, theirs, "wasmtime serve")
    table.row(f"{label}, requests apart, p50", apart(ours), "ms", "wasmtime serve", apart(theirs))
    with python_loop():
        table.row(f"{label}, one connection, while a Python loop runs, p50", wrk(ours, 1)[1], "ms")


def rates(table: Table, label: str, ours: str, theirs: str, name: str) -> None:
    """Requests per second and p50 at 1 and 8 connections, back to back."""
    for connections in (1, 8):
        peer, peer_p50 = wrk(theirs, connections)
        mine, mine_p50 = wrk(ours, connections)
        table.row(f"{label}, {connections} connection(s), requests per second", mine, "/s", name, peer)
        table.row(f"{label}, {connections} connection(s), p50", mine_p50, "ms", name, peer_p50)


@contextmanager
def spin_up(app: App, folder: Path) -> Iterator[str]:
    """The exported app under the Spin that is installed here, its code compiled before it counts."""
    project(app, folder, force=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    process = subprocess.Popen(["spin", "up", "--quiet", "-f", str(folder), "--listen", address])
    try:
        for _ in range(600):
            with suppress(httpx.HTTPError):
                httpx.get(f"http://{address}/.well-known/spin/health").raise_for_status()
                break
            time.sleep(0.1)
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait(30)


def wrk(url: str, connections: int, seconds: int = 4) -> tuple[float, float]:
    """Requests per second and median milliseconds."""
    out = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", url],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    value, unit = MEDIAN.search(out).groups()  # type: ignore[union-attr]
    if "Non-2xx" in out:
        raise SystemExit(f"{url} failed under wrk:\n{out}")
    return float(RATE.search(out)[1]), float(value) * {"us": 1e-3, "ms": 1, "s": 1e3}[unit]  # type: ignore[index]


def apart(url: str, count: int = 100, pause: float = 0.02) -> float:
    """Median milliseconds of requests with a pause between them, on one connection."""
    taken = []
    with httpx.Client() as client:
        for _ in range(count):
            began = time.perf_counter()
            client.get(url).raise_for_status()
            taken.append(time.perf_counter() - began)
            time.sleep(pause)
    return 1e3 * statistics.median(taken)
