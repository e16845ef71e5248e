"""What an app keeps between requests: where it lives, how much there is, emptying it and taking it along."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from spinlab.errors import ExportError, SpinError, StoreError
from spinlab.host import key_value, sqlite
from spinlab.host.key_value_sqlite import SqliteStore
from spinlab.host.pool import PATIENCE
from spinlab.host.sqlite_file import Place, is_broken
from spinlab.sql import Sql, no_label
from spinlab.stores import KeyValueStore

if TYPE_CHECKING:
    from spinlab.app import App
    from spinlab.host.services import Services

_BUSY, _LOCKED = 5, 6  # SQLite's result codes; the module has names for them from Python 3.11 on
RECORD = ".spinlab-export.json"
KEY_VALUE, SQLITE = "key-value store", "SQLite database"


@dataclass(frozen=True)
class Kept:
    """One store or database.

    Attributes:
        kind: `KEY_VALUE` or `SQLITE`.
        label: What functions call it.
        place: A path, ``memory`` or a server's address.
        size: Bytes of its file; None when it has none.
        contents: Number of keys, or the names of its tables; None when it can't be read.
        functions: Who may open it.
        problem: Why it can't be read.
    """

    kind: str
    label: str
    place: str
    size: int | None
    contents: int | tuple[str, ...] | None
    functions: tuple[str, ...]
    problem: str = ""


def kept(app: App) -> tuple[Kept, ...]:
    """Every store and database that functions of an app can be granted."""
    services = app.services
    stores = [_store(app, label) for label in services.stores.labels]
    return (*stores, *(_database(app, label) for label in services.databases.labels))


def _store(app: App, label: str) -> Kept:
    store = app.services.stores.find(label)
    place = store.place if isinstance(store, SqliteStore) else None
    size = place.size() if place is not None else None
    functions = tuple(n for n, live in app.functions.items() if label in live.function.key_value_stores)
    where = str(getattr(store, "place", ""))
    try:
        return Kept(KEY_VALUE, label, where, size, len(KeyValueStore(app.services, label)), functions)
    except SpinError as error:
        return Kept(KEY_VALUE, label, where, size, None, functions, error.message)


def _database(app: App, label: str) -> Kept:
    place = _place(app.services, label)
    functions = tuple(n for n, live in app.functions.items() if label in live.function.sqlite_databases)
    if place.identity() is None:
        return Kept(SQLITE, label, str(place), None, (), functions)
    try:
        with Sql(app.services, label) as sql:
            tables = sql.run(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
            )
        names = tuple(str(row[0]) for row in tables)
        return Kept(SQLITE, label, str(place), place.size(), names, functions)
    except SpinError as error:
        return Kept(SQLITE, label, str(place), place.size(), None, functions, error.message)


def _place(services: Services, label: str) -> Place:
    database = services.databases.find(label)
    if database is None:
        raise no_label("database", label, services.databases.labels)
    return database.place


def empty_store(services: Services, label: str) -> None:
    """Delete every key of a store. A damaged file is removed, with the other labels in it.

    Raises:
        SpinError: Nothing stands behind the label, or it can't be written.
    """
    try:
        KeyValueStore(services, label).clear()
    except StoreError:
        store = services.stores.find(label)
        if not isinstance(store, SqliteStore) or not _is_damaged(store.place):
            raise
        store.close()
        _remove(store.place)


def empty_database(services: Services, label: str) -> None:
    """Drop everything that a database holds. Kernels that have it open see an empty one.

    Raises:
        SpinError: Nothing stands behind the label, or it can't be written.
    """
    place = _place(services, label)
    if place.identity() is None:
        return
    try:
        with closing(sqlite3.connect(":memory:")) as nothing, closing(place.connect()) as target:
            _copy(nothing, target)
    except (sqlite3.Error, OSError) as error:
        if not _is_damaged(place):
            raise StoreError(f"{SQLITE} {label!r} can't be emptied: {error}") from None
        _remove(place)


def _is_damaged(place: Place) -> bool:
    if place.path is None or place.identity() is None:
        return False
    try:
        with closing(place.connect()) as found:
            found.execute("SELECT count(*) FROM sqlite_master").fetchone()
            return str(found.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok"
    except sqlite3.Error as error:
        return is_broken(error)


def _remove(place: Place) -> None:
    try:
        for path in place.files():
            path.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"{place} can't be removed: {error.strerror}") from None


def copies(services: Services, folder: Path, *, force: bool = False) -> dict[str, Place]:
    """What of the ``default`` store and database is to be copied into a state folder: file name -> where it is now.

    Parameters:
        services: The app's.
        folder: The state folder, such as ``.spin`` of a project.
        force: Go on although there are other contents.

    Raises:
        ExportError: There is data of somebody else's.
    """
    store = services.stores.find("default")
    found = {sqlite.FILE: _place(services, "default")}
    if isinstance(store, SqliteStore):
        found[key_value.FILE] = store.place
    wanted = {}
    recorded = _recorded(folder)
    for name, place in found.items():
        target = folder / name
        if place.identity() is None or (place.path is not None and _is_same(place.path, target)):
            continue
        if target.exists() and not force and _digest(target) != recorded.get(name):
            raise ExportError(f"{target} has data of its own", hint="give another folder, or --force to replace it")
        wanted[name] = place
    return wanted


def save(wanted: Mapping[str, Place], folder: Path) -> tuple[str, ...]:
    """Copy databases into a folder, each as it is at one moment; answers the names of the files.

    Raises:
        ExportError: One can't be read or written.
    """
    for name, place in wanted.items():
        _save(place, folder / name)
    if wanted:
        digests = {**_recorded(folder), **{name: _digest(folder / name) for name in wanted}}
        (folder / RECORD).write_text(json.dumps(digests, indent=1) + "\n")
    return tuple(wanted)


def _is_same(path: Path, target: Path) -> bool:
    return target.exists() and os.path.samefile(path, target)


def _recorded(folder: Path) -> dict[str, str]:
    """Digests of what an earlier export wrote there: as long as they fit, it is nobody else's."""
    try:
        return {str(name): str(digest) for name, digest in json.loads((folder / RECORD).read_bytes()).items()}
    except (OSError, ValueError, AttributeError):
        return {}


def _digest(path: Path) -> str:
    found = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            found.update(chunk)
    return found.hexdigest()


def _save(place: Place, target: Path) -> None:
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with closing(place.connect()) as source, closing(sqlite3.connect(partial)) as copy:
            _copy(source, copy)
        os.replace(partial, target)
    except (sqlite3.Error, OSError) as error:
        raise ExportError(f"the data of {place} can't be copied: {error}") from None
    finally:
        partial.unlink(missing_ok=True)


def _copy(source: sqlite3.Connection, target: sqlite3.Connection) -> None:
    """Copy a whole database in steps, between which an interrupt is heard."""
    until = time.monotonic() + PATIENCE

    def stepped(status: int, remaining: int, total: int) -> None:
        nonlocal until
        if status in (_BUSY, _LOCKED):
            if time.monotonic() > until:
                raise sqlite3.OperationalError("another program or kernel has it locked")
        else:
            until = time.monotonic() + PATIENCE

    source.backup(target, pages=2000, progress=stepped, sleep=0.02)
