"""A statement of a guest's and its rows."""

from __future__ import annotations

import re
import sqlite3
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from spinlab.host.effect import Effect, Result
from spinlab.host.pack import Item, pack
from spinlab.host.pool import AT_ONCE, Errand, Failed
from spinlab.host.sqlite_file import LARGEST, TOO_LARGE, is_busy

if TYPE_CHECKING:
    from spinlab.host.sqlite_connection import Connection

BYTES_AT_ONCE = 4 << 20
"""Bytes of rows in one part of a result; while there are more, the statement keeps its lock."""

_QUICK_BYTES, _QUICK_ROWS = 1 << 16, 200
_ROW, _CELL = 24, 32
"""Bytes that count for a row and a value beside its contents."""

_BY_NAME = sys.version_info >= (3, 12)  # names in a statement take no sequence of values any more
_NAME = re.compile(r"[:@$]\w")

Explain = Callable[[Exception], Result]
Row = tuple[Any, ...]


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


def executed(connection: sqlite3.Connection, statement: str, parameters: Sequence[Item]) -> sqlite3.Cursor:
    """Run a statement; parameters stand for their places, named or not."""
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
