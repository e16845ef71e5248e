"""The files of a deployment, between who deploys and the keeper. All are for their owner only.

``record.json`` says what runs; the keeper writes it. ``order.json`` says what shall run, secrets included; the keeper
reads it and takes it away. ``answer.json`` says what became of an order. ``log.txt`` is what was written.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Final

from spinlab.deploying.local.processes import NOBODY, Process

RECORD: Final = "record.json"
ORDER: Final = "order.json"
ANSWER: Final = "answer.json"
LOG: Final = "log.txt"
VERSIONS: Final = "versions"
STATE: Final = "state"


@dataclass(frozen=True)
class Record:
    """What is known of a deployment.

    Attributes:
        app: The application's name.
        owner: The notebook or folder that it belongs to.
        version: The application's version.
        digest: Of its files.
        folder: The version that runs, below `VERSIONS`.
        listen: ADDR:PORT.
        url: Where it answers.
        state: ``running``, ``starting`` or ``failing``.
        since: When that began, in seconds since the epoch.
        reasons: Why it fails.
        restarts: How often what runs ended by itself.
        scripts: Digests of the SQL scripts that its databases have seen.
        serial: Of the last order that was carried out.
        keeper, child: The processes.
    """

    app: str
    owner: str = ""
    version: str = ""
    digest: str = ""
    folder: str = ""
    listen: str = ""
    url: str = ""
    state: str = "starting"
    since: float = 0.0
    reasons: tuple[str, ...] = ()
    restarts: int = 0
    scripts: tuple[str, ...] = ()
    serial: int = 0
    keeper: Process = NOBODY
    child: Process = NOBODY


@dataclass(frozen=True)
class Order:
    """What shall run.

    Attributes:
        record: What will be known of it.
        command: What serves it.
        first: More options of the command, for its first start only.
        environment: All of it.
    """

    record: Record
    command: tuple[str, ...]
    first: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Answer:
    """What became of an order: nothing is said when it runs.

    Attributes:
        serial: Of the order.
        error: Why it does not run.
        said: The last lines of what was started.
    """

    serial: int
    error: str = ""
    said: tuple[str, ...] = ()


def write(folder: Path, name: str, value: Record | Order | Answer) -> None:
    """Put a file in its place at once, for its owner only."""
    descriptor, aside = tempfile.mkstemp(dir=folder, prefix=f".{name}-")  # mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(asdict(value), file)
        os.replace(aside, folder / name)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(aside)
        raise


def read(folder: Path) -> Record | None:
    """The record; None when there is none that can be read."""
    found = _read(folder / RECORD)
    return None if found is None else _record(found)


def take_order(folder: Path) -> Order | None:
    """The order, which is gone then; None when there is none."""
    taken = folder / f"{ORDER}.taken"
    with contextlib.suppress(OSError):  # at once, so that what is withdrawn is either taken or not
        os.replace(folder / ORDER, taken)
    found = _read(taken)
    taken.unlink(missing_ok=True)
    record = _record(found.get("record")) if found is not None else None
    if found is None or record is None:
        return None
    return Order(
        record, tuple(found.get("command", ())), tuple(found.get("first", ())), dict(found.get("environment", {}))
    )


def withdraw(folder: Path) -> bool:
    """Whether an order was still there; nobody will take it any more."""
    try:
        (folder / ORDER).unlink()
    except OSError:
        return False
    return True


def answer(folder: Path, serial: int) -> Answer | None:
    """The answer to an order; None as long as there is none."""
    found = _read(folder / ANSWER)
    if found is None or found.get("serial") != serial:
        return None
    return Answer(serial, str(found.get("error", "")), tuple(map(str, found.get("said", ()))))


def _record(found: Any) -> Record | None:
    try:
        known = {one.name: found[one.name] for one in fields(Record)}
        for name in ("keeper", "child"):
            known[name] = Process(int(known[name]["pid"]), str(known[name]["started"]))
        for name in ("reasons", "scripts"):
            known[name] = tuple(map(str, known[name]))
        return Record(**known)
    except (KeyError, TypeError, ValueError):
        return None


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
