"""The operations of a key-value store in SQL, on Spin's table (Spin: crates/key-value-spin)."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from spinlab.host.effect import Result
from spinlab.host.pack import pack
from spinlab.host.pool import Failed
from spinlab.host.sqlite_file import LARGEST, TOO_LARGE

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
OVERHEAD = 24
"""Bytes that Spin counts for a value or key beside its contents."""


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
    row = con.execute(_GET, (label, key, LARGEST - OVERHEAD)).fetchone()
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
        size += OVERHEAD * 2 + len(key) + len(values[-1] or b"")
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
    size, more = OVERHEAD, True
    while more:
        keys, more = keys_after(con, label, found[-1] if found else None)
        found += keys
        size += sum(OVERHEAD + len(key) for key in keys)
        if size > LARGEST:
            raise Failed(TOO_LARGE)
    return Result(data=pack([found, None]))


def _count(con: Connection, label: str) -> Result:
    return Result(head=str(con.execute("SELECT count(*) FROM spin_key_value WHERE store = ?", (label,)).fetchone()[0]))


def _clear(con: Connection, label: str) -> Result:
    con.execute("DELETE FROM spin_key_value WHERE store = ?", (label,))
    return Result()


READS: dict[str, Callable[..., Result]] = {
    "open": _open,
    "get": _get,
    "exists": _exists,
    "get-many": _get_many,
    "list-keys": _list_keys,
    "count": _count,
}
WRITES: dict[str, Callable[..., Result]] = {
    "set": _set,
    "delete": _delete,
    "increment": _increment,
    "swap": _swap,
    "set-many": _set_many,
    "delete-many": _delete_many,
    "clear": _clear,
}
"""What a guest may ask, and what the notebook asks beside: ``count`` and ``clear``."""
