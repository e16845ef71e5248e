"""Every language that is here, in one table: the edit loop, sizes, requests, memory; then a computation beside native.

Languages whose tool is missing are named and left out.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from jupyter_client.manager import start_new_kernel

from benchmarks.cells import ENDINGS, KERNELS, READS_NOTHING, cell, hello, native
from benchmarks.editing import timed
from benchmarks.figures import Grid, Table, median_ms
from benchmarks.through_http import wrk
from spinlab import App, Headers, Request
from spinlab.errors import SpinError
from spinlab.export import project
from spinlab.manifest import load
from spinlab.server import Server
from tests.export.running import folders
from tests.peer.wasmtime_serve import closed, serve

EDITS = 20
SIZES = {"sieve": 2_000_000, "nbody": 20_000}
"""Numbers that are sieved; steps of five bodies."""
ROUNDS = 5
SECONDS = 2


def run() -> None:
    """Print the tables."""
    here = list(_here())
    grid = Grid(
        "Languages: ms unless it says KB",
        ("edit", "worst", "first", "KB", "gzip KB", "code KB", "fresh", "HTTP", "wasmtime", "ratio", "live KB"),
    )
    for language in here:
        grid.row(language, _one(language))
    grid.note(
        "edit, worst: a changed cell to its first answer, median and worst of 20. first: a new cell in a new process"
    )
    grid.note(
        "on a warm machine. fresh: a request in process, a new instance for each. HTTP, wasmtime: p50 of wrk on one"
    )
    grid.note(
        "connection, here and in `wasmtime serve`; ratio of the two. live: what an instance in mid-request holds."
    )
    _in_a_kernel([language for language in ("python", "javascript") if language in here])
    _computing([language for language in KERNELS if language in here])


def _here() -> Iterator[str]:
    for language in ENDINGS:
        with App("bench") as app:
            try:
                app.add(hello(language))
                yield language
            except SpinError as error:
                print(f"{language} is left out: {error.message}; {error.hint}", flush=True)


def _one(language: str) -> Sequence[float | None]:
    """The figures of a language, in the order of the table."""
    edits = _edits(language)
    first, live = (float(line) for line in _alone(language).split())
    with App("bench") as app:
        app.add(hello(language))
        assert app.get("/").status == 200
        app.engine.settle()
        sizes = app["hello"].sizes
        request = Request("GET", "/", Headers([("host", "localhost")]))
        fresh = median_ms(lambda: app.handle(request), seconds=1)
        ours, theirs = _through_http(app)
    return (
        statistics.median(edits),
        max(edits),
        first,
        sizes.component / 1e3,
        sizes.compressed / 1e3,
        sizes.compiled / 1e3,
        fresh,
        ours,
        theirs,
        ours / theirs,
        None if language in READS_NOTHING else live / 1e3,
    )


def _edits(language: str) -> list[float]:
    """Milliseconds of each edit, from the changed source to its first answer."""
    taken = []
    with App("bench") as app:
        app.add(hello(language))
        app.get("/")
        for edit in range(1, EDITS + 1):
            function = hello(language, edit)
            began = time.perf_counter()
            app.add(function)
            answer = app.get("/")
            taken.append(1e3 * (time.perf_counter() - began))
            assert str(10000 + edit) in answer.text, answer
    return taken


def _alone(language: str) -> str:
    """The first cell, never seen before, and the memory of live instances, in a process of its own."""
    edit = time.time_ns() % 80_000
    command = [sys.executable, "-m", "benchmarks.alive", language, str(edit)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _through_http(app: App) -> tuple[float, float]:
    """Milliseconds of a request on one connection: here, and the exported component in `wasmtime serve`."""
    server = Server(lambda _label: app, port=0)
    server.start()
    try:
        with _peer(app) as theirs:
            peer = wrk(f"{theirs}/", 1, SECONDS)[1]
            return wrk(f"{server.url}/", 1, SECONDS)[1], peer
    finally:
        server.stop()


@contextmanager
def _peer(app: App) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as files:
        project(app, folder)
        component = load(Path(folder) / "spin.toml").components["hello"]
        mounts = folders(Path(folder), component, Path(files))
        with serve(closed(Path(folder) / str(component.source)), dirs=mounts) as url:
            yield url


def _in_a_kernel(languages: Sequence[str]) -> None:
    """The edit loop through the magics of a real kernel."""
    table = Table("The same edit in a real kernel, through the magics")
    manager, client = start_new_kernel(kernel_name="python3")
    try:
        timed(client, "%load_ext spinlab")
        nothing = statistics.median(timed(client, "pass") + timed(client, "pass") for _ in range(EDITS))
        for language in languages:
            edits = []
            for edit in range(EDITS + 1):
                text = f"%%spin {language} edited-{language} --route /{language}\n{hello(language, edit).source}"
                edits.append(timed(client, text) + timed(client, f"%spin get /{language}"))
            table.row(f"{language}, median of {EDITS}", statistics.median(edits[1:]), "ms", "empty cells", nothing)
            table.row(f"{language}, worst of {EDITS}", max(edits[1:]), "ms", "empty cells", nothing)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def _computing(languages: Sequence[str]) -> None:
    """A computation as a cell, and as the native program of the same source."""
    grid = Grid(
        "The same computation as a native program and as a cell: ms",
        ("native", "cell", "ratio", "to C"),
    )
    for kind, size in SIZES.items():
        best = 0.0
        for language in languages:
            try:
                program, guest = _both(language, kind, size)
            except SpinError as error:
                grid.note(f"{language} is left out: {error.message}; {error.hint}")
                continue
            best = best or program
            name = f"{kind}, {language} ({KERNELS[language].title})"
            grid.row(name, (program, guest, guest / program, guest / best))
    grid.note(
        f"sieve: primes below {SIZES['sieve']:,}. nbody: {SIZES['nbody']:,} steps of five bodies. A cell's time is"
    )
    grid.note("that of a request with a fresh instance. ratio: to the native program; to C: to that of C.")


def _both(language: str, kind: str, size: int) -> tuple[float, float]:
    """Milliseconds of one computation: in the native program, and as a request to the cell."""
    times = KERNELS[language].times
    with App("bench") as app, tempfile.TemporaryDirectory() as folder:
        app.add(cell(language))
        app.engine.settle()
        command = [*native(language, Path(folder)), kind, str(size), str(times)]
        programs, guests = [], []
        for _ in range(ROUNDS):
            nanoseconds, found = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
            programs.append(float(nanoseconds) / 1e6)
            began = time.perf_counter()
            answer = app.get(f"/?kind={kind}&size={size}&times={times}")
            guests.append(1e3 * (time.perf_counter() - began))
            assert abs(float(answer.text or "nan") - float(found)) < 1e-6, (language, kind, answer, found)
    return statistics.median(programs) / times, statistics.median(guests) / times
