"""One connection of a guest to an SQLite database, and the statements on it."""

from __future__ import annotations

import re
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Protocol

from spinlab.host.effect import Effect, Result
from spinlab.host.pack import Item
from spinlab.host.pool import AT_ONCE, Again, Errand, Failed, Line, Pool
from spinlab.host.sqlite_file import LARGEST, Place, is_busy
from spinlab.host.sqlite_guard import Guard
from spinlab.host.sqlite_statement import Statement, executed

_QUICK_SECONDS = 0.002
_QUICK_STEPS, _STEPS = 500, 50_000
"""Instructions of SQLite's machine after which it asks whether to go on."""

_SLICE = 100
"""Milliseconds that SQLite waits for a lock at once."""

_MAY_BE_QUICK = re.compile(r"\s*(?:select|values|with)\b", re.IGNORECASE)

POOL = Pool("spinlab-sqlite", 32)

Explain = Callable[[Exception], Result]
Row = tuple[Any, ...]


class Files(Protocol):
    """Counts the databases that are open."""

    def opens(self) -> None:
        """One more; raises `Failed` when there are too many."""
        ...

    def closes(self) -> None:
        """One less."""
        ...


class Connection(Effect):
    """A guest's connection: an effect that is there at once, and goes on until it is cancelled.

    Parameters:
        place: Where the database lives; opened at the first statement.
        label: What the guest calls it.
        attach_files: Whether files may be attached.
        owner: Whom threads are counted for.
        files: Counts the databases that are open.
        gone: Called once when the guest has let go.
    """

    def __init__(
        self,
        place: Place,
        label: str,
        *,
        attach_files: bool,
        owner: int,
        files: Files,
        gone: Callable[[], None],
    ) -> None:
        super().__init__(stream=True)
        self.place = place
        self.label = label
        self.guard = Guard(attach_files=attach_files)
        self.line = Line(POOL, owner)
        self._files = files
        self._gone = gone
        self._connection: sqlite3.Connection | None = None
        self._over = False
        self._told = False
        self._running: Statement | None = None
        self._quick_until: float | None = None
        self._too_slow = False
        self._waits = 0
        self._slow: set[str] = set()
        self.finish(Result())

    def execute(self, statement: str, parameters: Sequence[Item], explain: Explain) -> Effect:
        """Begin a statement."""
        begun = Statement(self, statement, parameters, explain)
        if not (self._may_be_quick(statement) and begun.attempt_at_once()):
            self.line.add(begun)
        return begun

    def number(self, function: str, explain: Explain) -> Effect:
        """Begin to ask for ``last_insert_rowid`` or ``changes``."""
        errand = Errand(lambda: Result(head=str(self._number(function))), explain)
        if not self.line.turn.acquire(timeout=AT_ONCE):
            self.line.add(errand)
            return errand
        try:
            errand.attempt()
        finally:
            self.line.turn.release()
        return errand

    def cancel(self) -> None:
        """Close it; what runs on it is interrupted."""
        self._over = True
        connection = self._connection
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.interrupt()
        self._when_free(self._close)

    def forget(self, cursor: sqlite3.Cursor) -> None:
        """Let go of a statement whose rows nobody wants."""
        self._when_free(cursor.close)

    def _when_free(self, work: Callable[[], None]) -> None:
        if not self.line.turn.acquire(blocking=False):
            self.line.add(_unasked(work))
            return
        try:
            with suppress(sqlite3.Error):
                work()
        finally:
            self.line.turn.release()

    # In the caller's turn.

    def run(self, running: Statement, statement: str, parameters: Sequence[Item], *, quick: bool) -> sqlite3.Cursor:
        """Begin a statement.

        Raises:
            Again: Another connection is in the way; nothing has changed.
            Failed: The database can't be opened for this guest any more.
            sqlite3.Error, OSError: It failed.
        """
        with self.looking_up(running, quick=quick) as connection:
            self._wait_for_locks(connection, 0 if quick else _SLICE)
            began = time.perf_counter()
            try:
                return executed(connection, statement, parameters)
            except sqlite3.OperationalError as error:
                # SQLite does not wait where both would wait for each other; then only giving up helps.
                waits = time.perf_counter() - began > _SLICE / 2000
                if is_busy(error) and not quick and (waits or not connection.in_transaction):
                    raise Again(str(error)) from error
                raise

    @contextmanager
    def looking_up(self, running: Statement, *, quick: bool = False) -> Iterator[sqlite3.Connection]:
        """While this lasts, SQLite asks now and then whether `running` is still wanted, and quick enough."""
        connection = self._ready()
        self._running = running
        self._too_slow = self.guard.refused_as_slow = False
        self.guard.quick = quick
        self._quick_until = time.perf_counter() + _QUICK_SECONDS if quick else None
        connection.set_progress_handler(self._look_up, _QUICK_STEPS if quick else _STEPS)
        try:
            yield connection
        finally:
            self.guard.quick = False
            self._running = None

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction was begun that nobody has committed."""
        return self._connection is not None and self._connection.in_transaction

    @property
    def was_too_slow(self) -> bool:
        """Whether the last quick attempt ended because it was none."""
        return self._too_slow or self.guard.refused_as_slow

    def is_slow(self, statement: str) -> None:
        """Don't attempt it quickly any more: SQLite keeps it prepared and would not ask the guard again."""
        if len(self._slow) < 1000:
            self._slow.add(statement)

    def _may_be_quick(self, statement: str) -> bool:
        return _MAY_BE_QUICK.match(statement) is not None and len(self._slow) < 1000 and statement not in self._slow

    def _look_up(self) -> int:
        running = self._running
        if self._over or (running is not None and running.cancelled):
            return 1
        if self._quick_until is not None and time.perf_counter() > self._quick_until:
            self._too_slow = True
            return 1
        return 0

    def _ready(self) -> sqlite3.Connection:
        if self._over:
            raise Failed("the connection is closed")
        if self._connection is None:
            self._files.opens()
            try:
                connection = self.place.connect()
            except BaseException:
                self._files.closes()
                raise
            if sys.version_info >= (3, 11):
                connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LARGEST)
            connection.set_authorizer(self.guard)
            self._connection = connection
        return self._connection

    def _wait_for_locks(self, connection: sqlite3.Connection, milliseconds: int) -> None:
        if self._waits != milliseconds:
            self._ours(connection, f"PRAGMA busy_timeout = {milliseconds}")
            self._waits = milliseconds

    def _number(self, function: str) -> int:
        if self._connection is None:
            return 0
        found = self._ours(self._connection, f"SELECT {function}()")
        return int(found[0])

    def _ours(self, connection: sqlite3.Connection, statement: str) -> Row:
        self.guard.off = True
        try:
            found: Row = connection.execute(statement).fetchone()
            return found
        finally:
            self.guard.off = False

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()
            self._files.closes()
        if not self._told:
            self._told = True
            self._gone()


def _unasked(work: Callable[[], None]) -> Errand:
    def do() -> Result:
        work()
        return Result()

    return Errand(do, lambda _: Result())
