"""SQLite files: where they are, how they are opened, and what their errors mean."""

from __future__ import annotations

import itertools
import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from spinlab.host.pool import Again

_numbers = itertools.count(1)

LARGEST = 128 << 20
"""Bytes of a result (Spin: MAX_HOST_BUFFERED_BYTES)."""

TOO_LARGE = f"query result exceeds limit of {LARGEST} bytes"
"""Spin's words for a larger one."""


@dataclass(frozen=True)
class Place:
    """Where a database lives.

    Attributes:
        path: Its file; None for memory.
        name: What it is called in memory.
    """

    path: Path | None
    name: str = ""

    @classmethod
    def of(cls, path: Path | None) -> Place:
        """A file's place, or a new one in memory."""
        return cls(None, f"/spinlab-{os.getpid()}-{next(_numbers)}") if path is None else cls(path.absolute())

    def __str__(self) -> str:
        return "memory" if self.path is None else str(self.path)

    def connect(self) -> sqlite3.Connection:
        """A new connection in autocommit mode that waits for nobody.

        Raises:
            sqlite3.Error, OSError: It can't be opened.
        """
        if self.path is None:
            return _open(_in_memory(self.name), uri=True)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        return _open(str(self.path))

    def identity(self) -> tuple[int, int] | None:
        """What tells this file from another one of the same name; None when there is none."""
        if self.path is None:
            return (0, 0)
        try:
            found = os.stat(self.path)
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def size(self) -> int | None:
        """Bytes of the file and what belongs to it; None for memory or when there is none yet."""
        if self.path is None or self.identity() is None:
            return None
        return sum(p.stat().st_size for p in self.files() if p.exists())

    def files(self) -> tuple[Path, ...]:
        """The file and those that SQLite keeps beside it."""
        if self.path is None:
            return ()
        return (self.path, *(Path(f"{self.path}{ending}") for ending in ("-journal", "-wal", "-shm")))


def _open(name: str, *, uri: bool = False) -> sqlite3.Connection:
    return sqlite3.connect(name, timeout=0, isolation_level=None, check_same_thread=False, uri=uri)


def _in_memory(name: str) -> str:
    # A database in memory that several connections share, with the locks of a file (SQLite 3.36); before, the kind
    # that locks each table.
    if sqlite3.sqlite_version_info >= (3, 36):
        return f"file:{name}?vfs=memdb"
    return f"file:{name}?mode=memory&cache=shared"


# Whole messages or their beginnings: a part could as well be the name of somebody's table.
_BUSY = ("database is locked", "database table is locked", "database schema is locked")
_FULL = ("database or disk is full",)
_BROKEN = ("file is not a database", "database disk image is malformed", "malformed database schema")
_READ_ONLY = ("attempt to write a readonly database",)
_UNUSABLE = ("unable to open database file", "disk I/O error", "unsupported file format")


def is_busy(error: Exception) -> bool:
    """Whether somebody else holds the database."""
    return isinstance(error, sqlite3.OperationalError) and str(error).startswith(_BUSY)


def is_full(error: Exception) -> bool:
    """Whether there is no room for it."""
    return isinstance(error, sqlite3.OperationalError) and str(error).startswith(_FULL)


def is_broken(error: Exception) -> bool:
    """Whether the file is none of SQLite's, or damaged."""
    return isinstance(error, sqlite3.DatabaseError) and str(error).startswith(_BROKEN)


def trouble(error: Exception, what: str, place: Place, reset: str) -> str:
    """A line for the user about what is wrong with a store; empty when it is the guest's own error.

    Parameters:
        error: What SQLite, the system or our patience said.
        what: Such as ``key-value store 'default'``.
        place: Where it lives.
        reset: The command that empties it.
    """
    text = str(error)
    if is_busy(error) or isinstance(error, Again):
        return f"{what}: {place} is locked by another program or kernel; it can be used again when that one is done"
    if is_broken(error):
        return f"{what}: {place} is damaged ({text}); {reset} starts it anew"
    if is_full(error):
        return f"{what}: there is no room for {place} ({text})"
    if text.startswith(_READ_ONLY):
        return f"{what}: {place} is read-only; make the file and its folder writable"
    if isinstance(error, OSError) or text.startswith(_UNUSABLE):
        return f"{what}: {place} can't be used ({getattr(error, 'strerror', None) or text}); look at it and its folder"
    return ""
