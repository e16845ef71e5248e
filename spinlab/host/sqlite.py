"""SQLite databases: ``fermyon:spin/sqlite`` and ``spin:sqlite``.

A grant is a label: ``default`` is Spin's file in the state folder, other labels are what the runtime config says. Each
connection that a guest opens is one of SQLite's own, closed at the end of the request, so that transactions and
temporary tables of different requests stay apart.
"""

from __future__ import annotations

import re
import sqlite3
import threading
from collections import Counter
from functools import partial

from spinlab.errors import ManifestError
from spinlab.function import Function
from spinlab.host import denied
from spinlab.host.effect import Caller, Effect, Record, Result
from spinlab.host.key_value import InParts
from spinlab.host.notes import Notes
from spinlab.host.pack import unpack
from spinlab.host.pool import Failed
from spinlab.host.services import Services
from spinlab.host.sqlite_connection import Connection
from spinlab.host.sqlite_file import Place, is_full, trouble
from spinlab.manifest.ids import kebab

MANIFEST = ("sqlite_databases",)
RUNTIME = ("sqlite_database",)
IMPORTS = ("fermyon:spin/sqlite", "spin:sqlite/")

FILE = "sqlite_db.db"
"""Spin's file in the state folder."""

CONNECTIONS = 256
"""Connections that one request may have open (Spin: crates/factor-sqlite)."""

FILES = 128
"""Databases that are open at once in one app: each takes a descriptor, of which a process has few."""

_WORD = re.compile(r"[A-Za-z]+")
_BINDINGS = re.compile(r"uses (\d+), and there (?:are|is) (\d+) supplied")
_FULL = "too many connections opened"  # Spin's words


class Database:
    """One database.

    Attributes:
        place: Where it lives.
        attach_files: Whether guests may attach files.
    """

    def __init__(self, place: Place, *, attach_files: bool = False) -> None:
        self.place = place
        self.attach_files = attach_files
        # A database in memory lives as long as somebody has it open.
        self._keeper = place.connect() if place.path is None else None

    def close(self) -> None:
        """Let it go; memory is lost."""
        if self._keeper is not None:
            self._keeper.close()


class Databases:
    """The databases of an app by label; each is made when it is first used.

    Parameters:
        services: Whose state folder and runtime config.
    """

    def __init__(self, services: Services) -> None:
        self._state_dir = services.state_dir
        self._configured = services.runtime.sqlite_databases
        self._lock = threading.Lock()
        self._databases: dict[str, Database] = {}
        self._open = 0

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that have a database behind them, ``default`` first."""
        return ("default", *sorted(set(self._configured) - {"default"}))

    def find(self, label: str) -> Database | None:
        """The database behind a label; None when nothing stands behind it."""
        found = self._databases.get(label)
        if found is None and label in self.labels:
            with self._lock:
                found = self._databases.get(label) or self._made(label)
                self._databases[label] = found
        return found

    def _made(self, label: str) -> Database:
        configured = self._configured.get(label)
        if configured is not None:
            return Database(Place.of(configured.path), attach_files=configured.allow_attach_file)
        return Database(Place.of(None if self._state_dir is None else self._state_dir / FILE))

    def opens(self) -> None:
        """Count one more that is open.

        Raises:
            Failed: There are too many.
        """
        with self._lock:
            if self._open >= FILES:
                raise Failed(_FULL)
            self._open += 1

    def closes(self) -> None:
        """Count one less that is open."""
        with self._lock:
            self._open -= 1

    def close(self) -> None:
        """Let go of what is in memory; a guest's own connections go with its request."""
        with self._lock:
            databases, self._databases = list(self._databases.values()), {}
        for database in databases:
            database.close()


class Sqlite:
    """SQLite databases as one function sees them.

    Parameters:
        function: Whose grants hold.
        services: What stands behind them.
    """

    def __init__(self, function: Function, services: Services) -> None:
        self._granted = frozenset(function.sqlite_databases)
        self._services = services
        self._notes = Notes()
        self._lock = threading.Lock()
        self._open: Counter[int] = Counter()

    def start(self, op: str, args: str, data: bytes, call: Caller) -> Result | Effect:
        """Begin ``sqlite.open`` of a label, or another operation on what has the number `args`."""
        name = op.partition(".")[2]
        if name == "open":
            return self._opened(op, args, call)
        found = call.effect(int(args)) if args.isascii() and args.isdigit() else None
        if name == "next":
            return found.next() if isinstance(found, InParts) else Result.error("gone")
        if not isinstance(found, Connection):
            return Result.error("gone")
        explain = partial(self._explain, found, call)
        if name == "execute":
            statement, parameters = unpack(data)  # type: ignore[misc]
            record = _record(found.label, str(statement), len(data))
            call.record(record)
            begun = found.execute(str(statement), list(parameters), explain)  # type: ignore[arg-type]
            begun.record = record
            result = begun.peek()
            if result is not None:
                record.close(result)
            return begun
        if name in ("last-insert-rowid", "changes"):
            return found.number(name.replace("-", "_"), explain)
        return Result.error("io", f"{op} is not available")

    def describe(self, op: str, args: str, data: bytes) -> tuple[str, str, str] | None:
        """Opening is told here, statements when their connection is known (`_record`)."""
        if op != "sqlite.open":
            return None
        if args in self._granted:
            return "SQLite database", "open", args
        refusal = denied.refuse(op, args)
        return "SQLite database", "open", refusal.denied.target if refusal.denied else ""

    @staticmethod
    def check(function: Function, services: Services) -> None:
        """Whether something stands behind each label that is granted.

        Raises:
            ManifestError: Nothing does (Spin: crates/factor-sqlite).
        """
        configured = services.runtime.sqlite_databases
        missing = [x for x in function.sqlite_databases if x != "default" and x not in configured]
        if missing:
            own = kebab(function.name)
            listed = "\n".join(f"- Component {own} uses database '{label}'" for label in missing)
            error = ManifestError(
                f"One or more components use SQLite databases which are not defined.\n{listed}",
                hint='use "default", which is always there, or define the database in the runtime config: '
                f'[sqlite_database.{missing[0]}] with type = "spin" and a path',
            )
            error.subject = ("sqlite_database", missing[0])
            raise error

    def _opened(self, op: str, label: str, call: Caller) -> Result | Effect:
        if label not in self._granted:
            return Result.refused(denied.refuse(op, label))
        databases = self._services.databases
        try:
            database = databases.find(label)
        except sqlite3.Error:
            return Result.error("invalid-connection")
        if database is None:
            return Result.error("no-such-database")
        with self._lock:
            if self._open[id(call)] >= CONNECTIONS:
                return Result.error("io", _FULL)
            self._open[id(call)] += 1
        return Connection(
            database.place,
            label,
            attach_files=database.attach_files,
            owner=id(self),
            files=databases,
            gone=partial(self._gone, id(call)),
        )

    def _gone(self, request: int) -> None:
        with self._lock:
            self._open[request] -= 1
            if self._open[request] <= 0:
                del self._open[request]

    def _explain(self, connection: Connection, call: Caller, error: Exception) -> Result:
        """The error in the guest's interface, and a line for the user where the file itself is in the way."""
        what = f"SQLite database {connection.label!r}"
        reset = f"%spin reset --sqlite {connection.label}"
        self._notes.tell(call, trouble(error, what, connection.place, reset))
        if is_full(error):
            return Result.error("database-full")
        return Result.error("io", _words(error))


def _words(error: Exception) -> str:
    """The message, in Spin's words where Python has its own."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    if "one statement at a time" in text:
        return "Multiple statements provided"
    bindings = _BINDINGS.search(text)
    if bindings:
        return f"Wrong number of parameters passed to query. Got {bindings[2]}, needed {bindings[1]}"
    return text


def _record(label: str, statement: str, sent: int) -> Record:
    """A statement as the trace tells it: by its first word; the rest may hold what is nobody's business."""
    word = _WORD.search(statement)
    return Record("SQLite database", word[0].upper() if word else "execute", label, sent)
