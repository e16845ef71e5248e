"""Key-value stores in an SQLite file, with Spin's table (Spin: crates/key-value-spin)."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from spinlab.host.effect import Effect, Result
from spinlab.host.key_value_sql import OVERHEAD, READS, TABLE, WRITES, Connection, keys_after
from spinlab.host.pack import Item, pack
from spinlab.host.pool import AT_ONCE, Again, Errand, Failed, Line, Pool
from spinlab.host.sqlite_file import LARGEST, TOO_LARGE, Place, is_busy, trouble

_QUICK = 0.003
_SMALL = 1 << 20
POOL = Pool("spinlab-stores", 8)


Explain = Callable[[Exception], Result]


class Keys(Errand):
    """The keys of a store, a part at a time: first the effect's own result, then what `next` gives."""

    def __init__(self, store: SqliteStore, label: str, explain: Explain) -> None:
        super().__init__(self._part, explain, stream=True)
        self._store = store
        self._label = label
        self._last: str | None = None
        self._size = OVERHEAD

    def next(self) -> Result | Effect:
        """The next part."""
        errand = Errand(self._part, self._explain)
        return self._store.begin_errand(errand, quick=True)

    def _part(self) -> Result:
        keys, more = self._store.use(lambda con: keys_after(con, self._label, self._last), writes=False)
        self._size += sum(OVERHEAD + len(key) for key in keys)
        if self._size > LARGEST:
            raise Failed(TOO_LARGE)
        self._last = keys[-1] if keys else self._last
        self.stream = more
        return Result(head="more" if more else "whole", data=pack(keys))


class SqliteStore:
    """A file with key-value stores in it; labels share it, and kernels do.

    Parameters:
        place: Where it lives; made at the first write.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        self._line = Line(POOL)
        self._connection: Connection | None = None
        self._empty: Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._has_table = False
        self._writes_quickly = place.path is None

    def begin(self, label: str, op: str, arguments: Sequence[Item], explain: Explain) -> Result | Effect:
        """Begin an operation of the interface.

        Parameters:
            label: The store.
            op: Such as ``get``.
            arguments: What it takes.
            explain: The guest's error for an exception.
        """
        if op == "keys":
            return self.begin_errand(Keys(self, label, explain), quick=True)
        writes = op not in READS
        work = WRITES[op] if writes else READS[op]
        errand = Errand(lambda: self.use(lambda con: work(con, label, *arguments), writes=writes), explain)
        small = not writes or (self._writes_quickly and _size(arguments) < _SMALL)
        return self.begin_errand(errand, quick=small)

    def trouble(self, label: str, error: Exception) -> str:
        """A line for the user about what is wrong with the file; empty when it is the guest's own error."""
        return trouble(error, f"key-value store {label!r}", self.place, f"%spin reset --kv {label}")

    def words(self, error: Exception) -> str:
        """What an error says."""
        return getattr(error, "strerror", None) or str(error) or type(error).__name__

    def begin_errand(self, errand: Errand, *, quick: bool) -> Result | Effect:
        """Do it here when it is quick and nobody is in the way, else on a thread of the pool."""
        if quick and self._line.turn.acquire(timeout=AT_ONCE):
            try:
                done = errand.attempt()
            finally:
                self._line.turn.release()
            if done:
                return errand
        self._line.add(errand)
        return errand

    def use(self, work: Callable[[Connection], Any], *, writes: bool) -> Any:
        """Do something with the connection, in the turn of the caller.

        Raises:
            Again: Another program holds the file.
            Failed: The operation can't be done.
            sqlite3.Error, OSError: The file can't be used.
        """
        began = time.perf_counter()
        try:
            result = work(self._ready(writes))
        except sqlite3.Error as error:
            if is_busy(error):
                raise Again(str(error)) from error
            self._let_go()
            raise
        if writes and self.place.path is not None:
            self._writes_quickly = time.perf_counter() - began < _QUICK
        return result

    def _ready(self, writes: bool) -> Connection:
        identity = self.place.identity()
        if self._connection is None or identity != self._identity:
            self._let_go()
            if identity is None and not writes:
                return self._nothing()
            self._connection = self.place.connect()
            self._identity = identity
        if not self._has_table:
            if not writes and not _finds_table(self._connection):
                return self._nothing()
            self._connection.execute(TABLE)
            self._has_table = True
            self._identity = self.place.identity()
        return self._connection

    def _nothing(self) -> Connection:
        """What is read while there is no file or table yet: reading does not make one."""
        if self._empty is None:
            self._empty = Place.of(None).connect()
            self._empty.execute(TABLE)
        return self._empty

    def _let_go(self) -> None:
        """Forget the file, which may be another one by now. Memory would be lost."""
        if self._connection is not None and self.place.path is not None:
            connection, self._connection, self._has_table = self._connection, None, False
            with suppress(sqlite3.Error):
                connection.close()

    def close(self) -> None:
        """Close the file."""
        with self._line.turn:
            left = (self._connection, self._empty)
            self._connection, self._empty, self._has_table = None, None, False
        for connection in left:
            if connection is not None:
                connection.close()


def _size(arguments: Sequence[Item]) -> int:
    """Bytes that a write brings, with those that each value costs beside itself."""
    return sum(
        OVERHEAD + (_size(a) if isinstance(a, (list, tuple)) else len(a) if isinstance(a, (bytes, str)) else 0)
        for a in arguments
    )


def _finds_table(con: Connection) -> bool:
    return bool(con.execute("SELECT 1 FROM sqlite_master WHERE name = 'spin_key_value'").fetchone())
