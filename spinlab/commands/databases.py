"""The SQLite databases of an app: tables, rows, changing them, and statements of the user."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from spinlab.commands.cells import LONGEST, read, written
from spinlab.commands.command import Asked, Command
from spinlab.commands.room import Room
from spinlab.errors import OptionError, StoreError

if TYPE_CHECKING:
    from spinlab.rows import Rows
    from spinlab.sql import Sql

PAGE = 50
LARGEST_PAGE = 200
ROWS_SHOWN = 500
"""Rows of a statement that are told."""

STATEMENTS = 50
"""Statements of one script that are told of."""

SHARE = 0.9
"""Of the time until the deadline: then SQLite is interrupted, and can still say so."""

_ROWIDS = ("rowid", "_rowid_", "oid")


def tables(room: Room, asked: Asked) -> list[dict[str, Any]]:
    """The tables and views of ``database``, with their columns."""
    with _database(room, asked) as sql:
        found = sql.run(
            "SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view')"
            " AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY type, name"
        )
        return [{"name": str(n), "kind": str(kind), "columns": _columns(sql, str(n))} for n, kind in found]


def rows(room: Room, asked: Asked) -> dict[str, Any]:
    """A page of ``table``: from row ``offset`` on, by the column ``order``, ``descending`` or not."""
    table, offset = asked.text("table"), asked.number("offset", 0)
    limit, order = asked.number("limit", PAGE, least=1, most=LARGEST_PAGE), asked.text("order", "")
    with _database(room, asked) as sql:
        columns = _known(sql, table)
        names = [column["name"] for column in columns]
        rowid = _rowid(sql, table, names)
        if order and order not in names:
            raise OptionError(f"{table!r} has no column {order!r}", hint="it has " + ", ".join(names))
        chosen = ", ".join([rowid or "NULL", *map(_quoted, names)])
        direction = "DESC" if asked.flag("descending") else "ASC"
        by = [f"{_quoted(order)} {direction}"] if order else []
        by += [rowid if order or not asked.flag("descending") else f"{rowid} DESC"] if rowid else []
        found = sql.run(
            f"SELECT {chosen} FROM {_quoted(table)}"  # noqa: S608 (every name is quoted)
            + (f" ORDER BY {', '.join(by)}" if by else "")
            + " LIMIT ? OFFSET ?",
            (limit, offset),
        )
        total = sql.run(f"SELECT count(*) FROM {_quoted(table)}").value  # noqa: S608
    return {
        "table": table,
        "columns": columns,
        "keyed": bool(rowid),
        "rows": [{"rowid": str(row[0]), "cells": [written(cell) for cell in row[1:]]} for row in found],
        "offset": offset,
        "total": total,
    }


def field(room: Room, asked: Asked) -> dict[str, Any]:
    """One cell, whole as far as it can be edited: ``table``, ``rowid``, ``column``."""
    table, column = asked.text("table"), asked.text("column")
    with _database(room, asked) as sql:
        rowid = _needs_rowid(sql, table, column)
        found = sql.run(
            f"SELECT {_quoted(column)} FROM {_quoted(table)} WHERE {rowid} = ?",  # noqa: S608
            (_number(asked),),
        )
    if not found:
        raise StoreError("this row is not there any more", hint="look at the table again")
    return {"cell": written(found.value, LONGEST)}


def write(room: Room, asked: Asked) -> dict[str, Any]:
    """Change one cell: ``table``, ``rowid``, ``column`` to ``to``, when it is ``was`` still.

    Raises:
        StoreError: The cell has changed meanwhile, or SQLite refuses the value.
    """
    table, column = asked.text("table"), asked.text("column")
    to, was = read(asked.arguments.get("to")), read(asked.arguments.get("was"))
    with _database(room, asked) as sql:
        rowid = _needs_rowid(sql, table, column)
        done = sql.run(
            f"UPDATE {_quoted(table)} SET {_quoted(column)} = ?1"  # noqa: S608
            f" WHERE {rowid} = ?2 AND {_quoted(column)} IS ?3 AND typeof({_quoted(column)}) = typeof(?3)",
            (to, _number(asked), was),
        )
        if not done.changes:
            raise StoreError(
                "the cell is not what it was, or its row is not there any more", hint="look at the table again"
            )
        now = sql.run(
            f"SELECT {_quoted(column)} FROM {_quoted(table)} WHERE {rowid} = ?",  # noqa: S608
            (_number(asked),),
        )
    return {"cell": written(now.value)}


def insert(room: Room, asked: Asked) -> dict[str, Any]:
    """Add a row to ``table``: ``values`` is column -> cell; a column without one gets its default.

    Raises:
        StoreError: SQLite refuses it.
    """
    table, values = asked.text("table"), asked.arguments.get("values") or {}
    if not isinstance(values, dict):
        raise OptionError("values are cells by the names of their columns")
    with _database(room, asked) as sql:
        names = [column["name"] for column in _known(sql, table)]
        for name in values:
            _check_column(table, name, names)
        into = (
            f"({', '.join(map(_quoted, values))}) VALUES ({', '.join('?' * len(values))})"
            if values
            else "DEFAULT VALUES"
        )
        sql.run(f"INSERT INTO {_quoted(table)} {into}", [read(cell) for cell in values.values()])
        return {"rowid": str(sql.run("SELECT last_insert_rowid()").value)}


def erase(room: Room, asked: Asked) -> dict[str, Any]:
    """Delete a row: ``table``, ``rowid``.

    Raises:
        StoreError: It is not there, or SQLite refuses it.
    """
    table = asked.text("table")
    with _database(room, asked) as sql:
        rowid = _needs_rowid(sql, table)
        done = sql.run(f"DELETE FROM {_quoted(table)} WHERE {rowid} = ?", (_number(asked),))  # noqa: S608
    if not done.changes:
        raise StoreError("this row is not there any more", hint="look at the table again")
    return {}


def statements(room: Room, asked: Asked) -> dict[str, Any]:
    """Run the statements of ``text``, in order, until one fails; each with its first rows."""
    from spinlab.sql import pieces, place_of

    text, results, failed = asked.text("text"), [], None
    if not text.strip():
        raise OptionError("there is no statement", hint="such as SELECT 1")
    with _database(room, asked) as sql:
        for piece in pieces(text):
            began = time.perf_counter()
            try:
                found = sql.run(piece.text, most=ROWS_SHOWN)
            except StoreError as error:
                place = place_of(error.message, text, piece)
                failed = {"message": error.message, "hint": error.hint, "line": place.line, "column": place.column}
                if asked.seconds <= 0 or asked.given_up.is_set() or "interrupted" in error.message:
                    failed |= {"message": "the statement took too long and was stopped", "hint": ""}
                failed |= {"end": place.end_column}
                break
            results.append(_result(found, piece.text, time.perf_counter() - began))
        lost = sql.is_open_ended
    return {"results": results[-STATEMENTS:], "count": len(results), "failed": failed, "uncommitted": lost}


def _result(found: Rows, statement: str, elapsed: float) -> dict[str, Any]:
    return {
        "statement": statement if len(statement) <= 200 else statement[:200] + "...",
        "columns": list(found.columns),
        "rows": [[written(cell) for cell in row] for row in found.rows[:ROWS_SHOWN]],
        "more": len(found.rows) > ROWS_SHOWN,
        "changes": found.changes,
        "elapsed": elapsed,
    }


@contextmanager
def _database(room: Room, asked: Asked) -> Iterator[Sql]:
    """A connection to ``database`` whose statements are interrupted when nobody waits any more."""
    done = threading.Event()
    until = time.monotonic() + asked.seconds * SHARE

    def watch() -> None:
        while not done.wait(0.05):
            if asked.given_up.is_set() or time.monotonic() > until:
                sql.cancel()
                return

    with room.app.connect(asked.text("database", "default")) as sql:
        threading.Thread(target=watch, name="spinlab-statement", daemon=True).start()
        try:
            yield sql
        finally:
            done.set()


def _columns(sql: Sql, table: str) -> list[dict[str, Any]]:
    """The columns of a table as it declares them; a generated one is told as such."""
    found = sql.run('SELECT name, type, "notnull", dflt_value, pk, hidden FROM pragma_table_xinfo(?)', (table,))
    return [
        {
            "name": str(name),
            "type": str(kind or ""),
            "required": bool(required) and default is None and not key,
            "default": default,
            "key": bool(key),
            "generated": hidden in (2, 3),
        }
        for name, kind, required, default, key, hidden in found
        if hidden != 1
    ]


def _known(sql: Sql, table: str) -> list[dict[str, Any]]:
    columns = _columns(sql, table)
    if not columns:
        raise StoreError(f"there is no table {table!r}", hint="it may have been dropped meanwhile")
    return columns


def _rowid(sql: Sql, table: str, columns: Sequence[str]) -> str:
    """The name of the row number; empty where rows have none, as in a view."""
    taken = {column.lower() for column in columns}
    name = next((name for name in _ROWIDS if name not in taken), "")
    if not name or sql.run("SELECT type FROM sqlite_master WHERE name = ?", (table,)).value != "table":
        return ""
    try:
        sql.run(f"SELECT {name} FROM {_quoted(table)} LIMIT 0")  # noqa: S608
    except StoreError:  # a table WITHOUT ROWID
        return ""
    return name


def _needs_rowid(sql: Sql, table: str, column: str | None = None) -> str:
    names = [known["name"] for known in _known(sql, table)]
    if column is not None:
        _check_column(table, column, names)
    rowid = _rowid(sql, table, names)
    if not rowid:
        raise StoreError(f"rows of {table!r} have no number to find them by", hint="use an UPDATE or DELETE statement")
    return rowid


def _check_column(table: str, column: Any, names: Sequence[str]) -> None:
    if column not in names:
        raise OptionError(f"{table!r} has no column {column!r}", hint="it has " + ", ".join(names))


def _number(asked: Asked) -> int:
    text = asked.text("rowid")
    try:
        return int(text)
    except ValueError:
        raise OptionError(f"rowid is a whole number as text, not {text!r:.100}") from None


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


COMMANDS: dict[str, Command] = {
    "tables": tables,
    "rows": rows,
    "field": field,
    "write": write,
    "insert": insert,
    "erase": erase,
    "sql": statements,
}
