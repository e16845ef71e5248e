"""Deployments that a test makes, ended at its end whatever became of it."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx

from spinlab import App
from spinlab.deploying import deploying, release
from spinlab.deploying.destination import Deployed, Destination
from spinlab.deploying.local import record
from spinlab.deploying.local.destination import Local
from spinlab.deploying.local.record import Record

PATIENCE = 60.0
CLI = (sys.executable, "-m", "spinlab.cli")


def local(folder: Path, name: str = "tests", owner: str = "calc.ipynb", **options: Any) -> Local:
    """The deployment of a name beside a notebook of a folder."""
    place = deploying.destination("local", name, folder, owner=owner, options=options)
    assert isinstance(place, Local)
    return place


def put(app: App, place: Destination, values: Mapping[str, str] | None = None, **options: Any) -> Deployed:
    """Deploy an app."""
    with release.of_app(app, values) as made:
        return deploying.deploy(made, place, **options)


def get(place: Local, path: str = "/hello") -> str:
    """What it answers."""
    answer = httpx.get(place.url() + path, timeout=PATIENCE, trust_env=False)
    assert answer.status_code == 200, answer.text
    return answer.text


def known(place: Local) -> Record:
    """Its record."""
    found = record.read(place.folder)
    assert found is not None
    return found


def until(true: Callable[[], object], told: str = "") -> None:
    """Wait for something that has to come."""
    ends = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < ends, told or "it did not come"
        time.sleep(0.05)


@contextmanager
def cleared(folder: Path) -> Iterator[Path]:
    """A folder whose deployments are ended after the block."""
    try:
        yield folder
    finally:
        for one in folder.rglob(".spin/deployed/*/record.json"):
            found = record.read(one.parent)
            for process in (found.keeper, found.child) if found is not None else ():
                process.send(signal.SIGKILL)


def environment_of(pid: int) -> str:
    """What a process got, of a system that says it."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/environ").read_bytes().replace(b"\0", b"\n").decode("utf-8", "replace")
    return os.linesep
