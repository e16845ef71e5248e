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
from spinlab.host.pack import Item, pack
from spinlab.host.pool import AT_ONCE, Again, Errand, Failed, Line, Pool
from spinlab.host.sqlite_file import LARGEST, TOO_LARGE, Place, is_busy
from spinlab.host.sqlite_guard import Guard

BYTES_AT_ONCE = 4 << 20
"""Bytes of rows in one part of a result; while there are more, the statement keeps its lock."""

_QUICK_BYTES, _QUICK_ROWS, _QUICK_SECONDS = 1 << 16, 200, 0.002
_QUICK_STEPS, _STEPS = 500, 50_000
"""Instructions of SQLite's machine after which it asks whether to go on."""

_SLICE = 100
"""Milliseconds that SQLite waits for a lock at once."""

_ROW, _CELL = 24, 32
"""Bytes that count for a row and a value beside its contents."""

_BY_NAME = sys.version_info >= (3, 12)  # names in a statement take no sequence of values any more
_NAME = re.compile(r"[:@$]\w")
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
                return _executed(connection, statement, parameters)
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


class Statement(Errand):
    """A statement and its rows, a part at a time: first the effect's own result, then what `next` gives."""

    def __init__(self, connection: Connection, statement: str, parameters: Sequence[Item], explain: Explain) -> None:
        super().__init__(self._first, explain, stream=True)
        self._on = connection
        self._statement = statement
        self._parameters = parameters
        self._cursor: sqlite3.Cursor | None = None
        self._columns: list[str] = []
        self._rows: list[Row] = []
        self._size = 0

    def attempt_at_once(self) -> bool:
        """Do it on the guest's own thread when that can't take long; False when a thread of the pool has to go on."""
        on = self._on
        if not on.line.turn.acquire(timeout=AT_ONCE):
            on.is_slow(self._statement)
            return False
        try:
            self._start(quick=True)
            with on.looking_up(self, quick=True):
                over = self._read(_QUICK_BYTES, _QUICK_ROWS)
        except sqlite3.OperationalError as error:
            if not (on.was_too_slow or is_busy(error)):
                self.finish(self._explain(error))
                return True
            return self._later()
        except sqlite3.DatabaseError as error:  # "not authorized" is none of the operational ones
            if not on.was_too_slow:
                self.finish(self._explain(error))
                return True
            return self._later()
        except Exception as error:  # noqa: BLE001 (whatever fails is the guest's error, not ours)
            self.finish(self._explain(error))
            return True
        finally:
            on.line.turn.release()
        if over:
            self.finish(self._answer(over))
        return over

    def _later(self) -> bool:
        self._on.is_slow(self._statement)
        self._cursor, self._rows, self._size = None, [], 0
        return False

    def next(self) -> Result | Effect:
        """Begin the next part."""
        errand = Errand(self._next, self._explain)
        self._on.line.add(errand)
        return errand

    def cancel(self) -> None:
        """Nobody wants it any more: it ends when SQLite looks up, and lets go of its rows."""
        super().cancel()
        cursor, self._cursor = self._cursor, None
        if cursor is not None:
            self._on.forget(cursor)

    def _first(self) -> Result:
        if self._cursor is None:
            self._start(quick=False)
        with self._on.looking_up(self):
            over = self._read(BYTES_AT_ONCE)
        return self._answer(over)

    def _start(self, *, quick: bool) -> None:
        self._cursor = self._on.run(self, self._statement, self._parameters, quick=quick)
        self._columns = [column[0] for column in self._cursor.description or ()]

    def _read(self, size: int, count: int | None = None) -> bool:
        """Take rows until there are so many bytes or rows; whether those were all."""
        cursor = self._cursor
        if cursor is None:
            raise Failed("the statement was cancelled")
        end = self._size + size
        for row in cursor:
            self._rows.append(row)
            self._size += _ROW + sum(_CELL + (len(x) if isinstance(x, (str, bytes)) else 0) for x in row)
            if self._size > LARGEST:
                raise Failed(TOO_LARGE)
            if self._size >= end or (count is not None and len(self._rows) >= count):
                return False
        self._cursor = None
        return True

    def _answer(self, over: bool) -> Result:
        rows, self._rows = self._rows, []
        self.stream = not over
        return Result(head="whole" if over else "more", data=pack([self._columns, rows]))

    def _next(self) -> Result:
        with self._on.looking_up(self):
            over = self._read(BYTES_AT_ONCE)
        rows, self._rows = self._rows, []
        return Result(head="whole" if over else "more", data=pack(rows))


def _executed(connection: sqlite3.Connection, statement: str, parameters: Sequence[Item]) -> sqlite3.Cursor:
    if not (_BY_NAME and parameters and _NAME.search(statement)):
        return connection.execute(statement, parameters)
    values = _InOrder(parameters)
    try:
        return connection.execute(statement, values)
    except sqlite3.ProgrammingError as error:
        if "has no name" not in str(error):
            raise
        return connection.execute(statement, parameters)


class _InOrder(dict[str, Any]):
    """Values for names in the order in which they are asked for, which is that of the statement's parameters."""

    def __init__(self, values: Sequence[Item]) -> None:
        super().__init__()
        self._values = iter(values)

    def __missing__(self, name: str) -> Item:
        for value in self._values:
            return value
        raise KeyError(name)
