"""Export, push, pull and start of a Python function, in each form of an export, with Debian's docker-registry.

Three applications of two Python functions: as new ones, and with one function changed. Bytes are those of the layers
that moved, with config and manifest. The registry is on this machine, so the seconds are those of reading, hashing and
sending without a network in between.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.figures import Table
from spinlab import App, Function
from spinlab.export import project
from spinlab.export.oci import Pushed, push, push_project
from spinlab.loading.registry import fetched, in_cache
from tests.export import official
from tests.loading.upping import Up
from tests.servers.registry import registry

SOURCE = "def handle(request):\n    return {text!r}\n"
FORMS = ("shared", "standalone", "official")
CONTAINER = 45.520747
"""Megabytes, compressed: the layers of `python:3.11-slim-trixie` for linux/amd64, with the digest
sha256:78b39ef14d8e2b4d71f8dc304f1328c37df95fe0ef99477c2ae6bd3d03784553, as docker-library/repo-info lists them
(``repos/python/remote/3.11-slim-trixie.md``). A framework for the web and the function come on top."""


def run() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory(prefix="spinlab-bench-") as place, registry(Path(place, "registry")) as port:
        for form in FORMS:
            _one(form, Path(place, form), f"localhost:{port}/bench/{form}:1.0")


def _one(form: str, folder: Path, where: str) -> None:
    table = Table(f"Registry: two Python functions, {form} form")
    with App("bench") as app:
        for name in ("one", "two"):
            app.add(Function(name, SOURCE.format(text=name), routes=(f"/{name}",)))
        began = time.perf_counter()
        exported = project(app, folder, components=form)
        table.row("export of the folder", time.perf_counter() - began, "s")
        if form == "official":
            table.row("build by its official commands", _built(folder), "s")
        first = _pushed(table, "a new app", app, form, folder, where)
        app.add(Function("two", SOURCE.format(text="changed"), routes=("/two",)))
        project(app, folder, components=form)
        if form == "official":
            table.row("build of the changed app", _built(folder), "s")
        second = _pushed(table, "a changed function", app, form, folder, where)
        table.note(f"first: {first.summary}\nthen:  {second.summary}\nneeds Spin {exported.needs.text}")
    _pulled(table, where)


def _built(folder: Path) -> float:
    began = time.perf_counter()
    official.build(folder)
    return time.perf_counter() - began


def _pushed(table: Table, what: str, app: App, form: str, folder: Path, where: str) -> Pushed:
    made = (
        push_project(folder, where, insecure=True)
        if form == "official"
        else push(app, where, components=form, insecure=True)
    )
    table.row(f"push of {what}", made.seconds, "s")
    table.row(f"push of {what}, moved", made.moved / 1e6, "MB", "layers of python:3.11-slim, without it", CONTAINER)
    return made


def _pulled(table: Table, where: str) -> None:
    with tempfile.TemporaryDirectory(prefix="spinlab-cache-") as cache, _cache(cache):
        began = time.perf_counter()
        got = fetched(where, insecure=True)
        table.row("pull, nothing in the cache", time.perf_counter() - began, "s")
        table.row("pull, moved", got.moved / 1e6, "MB")
        began = time.perf_counter()
        in_cache(where, insecure=True)
        table.row("pull, layers in the cache", time.perf_counter() - began, "s")
        for state in ("nothing compiled", "compiled before"):
            began = time.perf_counter()
            up = Up(Path(cache), "-f", where, "-k", environ={"SPINLAB_CACHE_DIR": cache})
            assert up.get("/two").text == "changed"
            table.row(f"`spinlab up -f REF` to the first answer, {state}", time.perf_counter() - began, "s")
            up.stop()


@contextmanager
def _cache(folder: str) -> Iterator[None]:
    """A cache of its own."""
    before = os.environ.get("SPINLAB_CACHE_DIR")
    os.environ["SPINLAB_CACHE_DIR"] = folder
    try:
        yield
    finally:
        if before is None:
            del os.environ["SPINLAB_CACHE_DIR"]
        else:
            os.environ["SPINLAB_CACHE_DIR"] = before
