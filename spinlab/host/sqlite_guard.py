"""What a guest's SQL may not do: reach other files, or change what all databases of this process share."""

from __future__ import annotations

import sqlite3

_SHARED = frozenset(
    {
        "temp_store_directory",
        "data_store_directory",
        "hard_heap_limit",
        "soft_heap_limit",
        "writable_schema",  # a crafted schema reaches into SQLite's own memory
    }
)
"""Pragmas that are refused."""

_OURS = frozenset(
    {"busy_timeout", "cache_size", "cache_spill", "default_cache_size", "mmap_size", "temp_store", "threads"}
)
"""Pragmas whose value we decide; setting one changes nothing."""

_DANGEROUS = frozenset({"load_extension", "fts3_tokenizer"})

_READS = frozenset(
    code
    for name in ("SQLITE_SELECT", "SQLITE_READ", "SQLITE_FUNCTION")
    if (code := getattr(sqlite3, name, None)) is not None
)

_QUICK = (
    "abs avg changes char coalesce count date datetime hex ifnull iif instr julianday last_insert_rowid length lower "
    "ltrim max min nullif quote round rtrim sign strftime substr substring sum time total total_changes trim typeof "
    "unicode unixepoch upper json json_extract json_type json_valid -> ->>"
)
QUICK_FUNCTIONS = frozenset(_QUICK.split())
"""Functions that take no longer than their arguments are long."""


class Guard:
    """SQLite's authorizer for one connection.

    Attributes:
        quick: Whether to refuse, for now, whatever writes or may take long.
        refused_as_slow: Whether something was refused for that.
        off: Whether a statement of ours is under way.

    Parameters:
        attach_files: Whether files may be attached, as the runtime config says.
    """

    def __init__(self, *, attach_files: bool) -> None:
        self.quick = False
        self.refused_as_slow = False
        self.off = False
        self._attach_files = attach_files

    def __call__(
        self, action: int, first: str | None, second: str | None, database: str | None, inner: str | None
    ) -> int:
        """SQLite's question; see its documentation for the arguments."""
        if self.off:
            return sqlite3.SQLITE_OK
        answer = self._answer(action, first, second)
        if answer == sqlite3.SQLITE_OK and self.quick and not _is_quick(action, second):
            self.refused_as_slow = True
            return sqlite3.SQLITE_DENY
        return answer

    def _answer(self, action: int, first: str | None, second: str | None) -> int:
        if action == sqlite3.SQLITE_ATTACH:
            # VACUUM attaches a temporary database, '', and VACUUM INTO its file. A name that is computed is None here.
            return sqlite3.SQLITE_OK if self._attach_files or first == "" else sqlite3.SQLITE_DENY
        if action == sqlite3.SQLITE_FUNCTION:
            return sqlite3.SQLITE_DENY if (second or "").lower() in _DANGEROUS else sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_PRAGMA:
            return _pragma((first or "").lower(), second)
        return sqlite3.SQLITE_OK


def _pragma(name: str, value: str | None) -> int:
    if name in _SHARED:
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_IGNORE if name in _OURS and value is not None else sqlite3.SQLITE_OK


def _is_quick(action: int, second: str | None) -> bool:
    if action not in _READS:
        return False
    return action != sqlite3.SQLITE_FUNCTION or (second or "").lower() in QUICK_FUNCTIONS
