"""Key-value stores in an SQLite file, with Spin's table (Spin: crates/key-value-spin)."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from spinlab.host.effect import Effect, Result
from spinlab.host.pack import Item, pack
from spinlab.host.pool import AT_ONCE, Again, Errand, Failed, Line, Pool
from spinlab.host.sqlite_file import LARGEST, TOO_LARGE, Place, is_busy, trouble

TABLE = (
    "CREATE TABLE IF NOT EXISTS spin_key_value (\n"
    "    store TEXT NOT NULL,\n    key   TEXT NOT NULL,\n    value BLOB NOT NULL,\n\n    PRIMARY KEY (store, key)\n)"
)
KEYS_AT_ONCE = 1000
BYTES_AT_ONCE = 1 << 20
"""Bytes of keys in one part of a list."""

_GET = "SELECT CASE WHEN length(value) <= ?3 THEN value END FROM spin_key_value WHERE store = ?1 AND key = ?2"
_SET = (
    "INSERT INTO spin_key_value (store, key, value) VALUES (?1, ?2, ?3)"
    " ON CONFLICT (store, key) DO UPDATE SET value = excluded.value"
)
_DELETE = "DELETE FROM spin_key_value WHERE store = ?1 AND key = ?2"
_QUICK = 0.003
_SMALL = 1 << 20
_OVERHEAD = 24
"""Bytes that Spin counts for a value or key beside its contents."""

POOL = Pool("spinlab-stores", 8)


Connection = sqlite3.Connection


@contextmanager
def _transaction(con: Connection) -> Iterator[None]:
    con.execute("BEGIN IMMEDIATE")
    try:
        yield
        con.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            con.execute("ROLLBACK")
        raise


def _value(con: Connection, label: str, key: str) -> bytes | None:
    row = con.execute(_GET, (label, key, LARGEST - _OVERHEAD)).fetchone()
    if row is None:
        return None
    value = row[0]
    if value is None:
        raise Failed(TOO_LARGE)
    # Spin writes blobs; somebody with another program may have written text.
    return value if isinstance(value, bytes) else str(value).encode()


def _open(con: Connection, label: str) -> Result:
    con.execute("SELECT 1 FROM spin_key_value LIMIT 1")
    return Result()


def _get(con: Connection, label: str, key: str) -> Result:
    value = _value(con, label, key)
    return Result(head="none") if value is None else Result(head="some", data=value)


def _set(con: Connection, label: str, key: str, value: bytes) -> Result:
    con.execute(_SET, (label, key, value))
    return Result()


def _delete(con: Connection, label: str, key: str) -> Result:
    con.execute(_DELETE, (label, key))
    return Result()


def _exists(con: Connection, label: str, key: str) -> Result:
    row = con.execute("SELECT 1 FROM spin_key_value WHERE store = ? AND key = ?", (label, key)).fetchone()
    return Result(head="true" if row else "false")


def _increment(con: Connection, label: str, key: str, delta: int) -> Result:
    with _transaction(con):
        value = _value(con, label, key)
        if value is not None and len(value) != 8:
            raise Failed(f"the value is no number: it has {len(value)} bytes, and a counter has 8")
        number = (int.from_bytes(value, "little", signed=True) if value is not None else 0) + delta
        if not -(1 << 63) <= number < 1 << 63:
            raise Failed("the number does not fit into 64 bits")
        con.execute(_SET, (label, key, number.to_bytes(8, "little", signed=True)))
    return Result(head=str(number))


def _swap(con: Connection, label: str, key: str, expected: bytes | None, new: bytes) -> Result:
    with _transaction(con):
        current = _value(con, label, key)
        if current != expected:
            return Result(head="failed", data=pack([current]))
        con.execute(_SET, (label, key, new))
    return Result(head="done")


def _get_many(con: Connection, label: str, *keys: str) -> Result:
    values: list[bytes | None] = []
    size = 0
    for key in keys:
        values.append(_value(con, label, key))
        size += _OVERHEAD * 2 + len(key) + len(values[-1] or b"")
        if size > LARGEST:
            raise Failed(TOO_LARGE)
    return Result(data=pack(values))


def _set_many(con: Connection, label: str, *pairs: Sequence[Any]) -> Result:
    with _transaction(con):
        con.executemany(_SET, [(label, key, value) for key, value in pairs])
    return Result()


def _delete_many(con: Connection, label: str, *keys: str) -> Result:
    with _transaction(con):
        con.executemany(_DELETE, [(label, key) for key in keys])
    return Result()


def keys_after(con: Connection, label: str, after: str | None) -> tuple[list[str], bool]:
    """Keys in their order, and whether there may be more."""
    rows = con.execute(
        "SELECT key FROM spin_key_value WHERE store = ?1 AND (?2 IS NULL OR key > ?2) ORDER BY key LIMIT ?3",
        (label, after, KEYS_AT_ONCE),
    )
    keys: list[str] = []
    size = 0
    for (key,) in rows:
        keys.append(key)
        size += len(key)
        if size >= BYTES_AT_ONCE:
            return keys, True
    return keys, len(keys) == KEYS_AT_ONCE


def _list_keys(con: Connection, label: str, cursor: str | None) -> Result:
    if cursor is not None:
        raise Failed("list_keys: cursor not supported")  # Spin's words, which gives every key at once
    found: list[str] = []
    size, more = _OVERHEAD, True
    while more:
        keys, more = keys_after(con, label, found[-1] if found else None)
        found += keys
        size += sum(_OVERHEAD + len(key) for key in keys)
        if size > LARGEST:
            raise Failed(TOO_LARGE)
    return Result(data=pack([found, None]))


def _count(con: Connection, label: str) -> Result:
    return Result(head=str(con.execute("SELECT count(*) FROM spin_key_value WHERE store = ?", (label,)).fetchone()[0]))


def _clear(con: Connection, label: str) -> Result:
    con.execute("DELETE FROM spin_key_value WHERE store = ?", (label,))
    return Result()


_READS: dict[str, Callable[..., Result]] = {
    "open": _open,
    "get": _get,
    "exists": _exists,
    "get-many": _get_many,
    "list-keys": _list_keys,
    "count": _count,
}
_WRITES: dict[str, Callable[..., Result]] = {
    "set": _set,
    "delete": _delete,
    "increment": _increment,
    "swap": _swap,
    "set-many": _set_many,
    "delete-many": _delete_many,
    "clear": _clear,
}
"""What a guest may ask, and what the notebook asks beside: ``count`` and ``clear``."""
Explain = Callable[[Exception], Result]


class Keys(Errand):
    """The keys of a store, a part at a time: first the effect's own result, then what `next` gives."""

    def __init__(self, store: SqliteStore, label: str, explain: Explain) -> None:
        super().__init__(self._part, explain, stream=True)
        self._store = store
        self._label = label
        self._last: str | None = None
        self._size = _OVERHEAD

    def next(self) -> Result | Effect:
        """The next part."""
        errand = Errand(self._part, self._explain)
        return self._store.begin_errand(errand, quick=True)

    def _part(self) -> Result:
        keys, more = self._store.use(lambda con: keys_after(con, self._label, self._last), writes=False)
        self._size += sum(_OVERHEAD + len(key) for key in keys)
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
        writes = op not in _READS
        work = _WRITES[op] if writes else _READS[op]
        errand = Errand(lambda: self.use(lambda con: work(con, label, *arguments), writes=writes), explain)
        small = not writes or (self._writes_quickly and sum(len(a) for a in arguments if isinstance(a, bytes)) < _SMALL)
        return self.begin_errand(errand, quick=small)

    def trouble(self, label: str, error: Exception) -> str:
        """A line for the user about what is wrong with the file; empty when it is the guest's own error."""
        return trouble(error, f"key-value store {label!r}", self.place, f"%spin reset --kv {label}")

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


def _finds_table(con: Connection) -> bool:
    return bool(con.execute("SELECT 1 FROM sqlite_master WHERE name = 'spin_key_value'").fetchone())
