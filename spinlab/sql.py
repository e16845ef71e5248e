"""SQL of the notebook's user on an app's databases: single statements, scripts, and migrations that are kept."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from types import TracebackType
from typing import TYPE_CHECKING, Any

from spinlab.errors import Location, OptionError, StoreError
from spinlab.host.effect import ERROR, Result
from spinlab.host.pack import unpack
from spinlab.host.sqlite_connection import Connection
from spinlab.host.sqlite_file import trouble
from spinlab.host.sqlite_statement import Statement
from spinlab.host.waiting import result_of
from spinlab.rows import Rows

if TYPE_CHECKING:
    from spinlab.host.services import Services

_NEAR = re.compile(r'near "((?:[^"]|"")*)"')
_NAMED = re.compile(
    r"no such (?:table|column|function|index|view|trigger|collation sequence|module): (\S+)"
    r"|(?:table|index|view|trigger) (\S+) already exists|(?:duplicate|ambiguous) column name: (\S+)"
    r"|table \S+ has no column named (\S+)"
)
_SEVERAL = "these are several statements"
_READS = re.compile(r"\s*(?:select|values|explain|pragma)\b", re.IGNORECASE)
_BLANK = re.compile(r"(?:\s|--[^\n]*|/\*.*?(?:\*/|$))*", re.DOTALL)


@dataclass(frozen=True)
class Migration:
    """A script that made an app's tables, as an export takes it along.

    Attributes:
        name: The file it came from, such as ``migration.sql``.
        label: The database.
        text: The script.
    """

    name: str
    label: str
    text: str


@dataclass(frozen=True)
class Piece:
    """One statement of a script.

    Attributes:
        text: The statement, with its semicolon.
        start: Index of its first character in the script.
    """

    text: str
    start: int


def pieces(script: str) -> Iterator[Piece]:
    """The statements of a script, without what stands between them."""
    begin = at = _BLANK.match(script).end()  # type: ignore[union-attr]
    while begin < len(script):
        end = script.find(";", at)
        if end < 0:
            yield Piece(script[begin:].rstrip(), begin)
            return
        at = end + 1
        # A semicolon in a text, a comment or a trigger's body completes nothing.
        if sqlite3.complete_statement(script[begin:at]):
            yield Piece(script[begin:at], begin)
            begin = at = _BLANK.match(script, at).end()  # type: ignore[union-attr]


def place_of(message: str, script: str, piece: Piece) -> Location:
    """Where in a script an error of SQLite's is, as far as its message tells."""
    found = _NEAR.search(message) or _NAMED.search(message)
    token = next((g for g in found.groups() if g), "") if found else ""
    token = token.rpartition(".")[2]
    at = _only(piece.text, token)
    start = piece.start + (at if at is not None else 0)
    line = script.count("\n", 0, start) + 1
    column = start - (script.rfind("\n", 0, start) + 1) + 1
    if at is not None:
        return Location(line, column, column + len(token))
    first = piece.text.partition("\n")[0]
    return Location(line, column, column + len(first))


def _only(text: str, token: str) -> int | None:
    """Where a token stands in a statement, when it stands there once."""
    if not token:
        return None
    whole = re.compile(rf"(?<!\w){re.escape(token)}(?!\w)" if token[:1].isalnum() else re.escape(token), re.IGNORECASE)
    found = [m.start() for m in whole.finditer(text)]
    return found[0] if len(found) == 1 else None


class Sql:
    """A connection of the user's to one database.

    Parameters:
        services: The app's.
        label: The database.
        written: Called after each statement that may have written.

    Raises:
        OptionError: Nothing stands behind the label.
        StoreError: The database can't be opened.
    """

    def __init__(
        self, services: Services, label: str = "default", written: Callable[[], object] = lambda: None
    ) -> None:
        databases = services.databases
        if label not in databases.labels:
            raise no_label("database", label, databases.labels)
        try:
            database = databases.find(label)
        except sqlite3.Error as error:
            raise StoreError(f"SQLite database {label!r} can't be opened: {error}") from None
        assert database is not None
        self.label = label
        self._written = written
        self._place = database.place
        self._connection = Connection(
            database.place, label, attach_files=True, owner=0, files=databases, gone=lambda: None
        )

    def __enter__(self) -> Sql:  # noqa: PYI034 - Self is not in Python 3.10
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cancel()

    def cancel(self) -> None:
        """Close it; a statement that runs on it is interrupted and fails."""
        self._connection.cancel()

    @property
    def is_open_ended(self) -> bool:
        """Whether a transaction was begun that nobody has committed."""
        return self._connection.in_transaction

    def run(self, statement: str, parameters: Sequence[Any] = (), *, most: int | None = None) -> Rows:
        """Run one statement.

        Parameters:
            statement: SQL, with ``?`` for parameters.
            parameters: int, float, str, bytes or None for each.
            most: Rows after which the others are left where they are; there may be some more than that.

        Raises:
            StoreError: It failed.
        """
        begun = self._connection.execute(statement, list(parameters), _told)
        result = self._checked(result_of(begun))
        columns, rows = unpack(result.data)  # type: ignore[misc]
        found = [tuple(row) for row in rows]  # type: ignore[union-attr, arg-type]
        while result.head == "more":
            assert isinstance(begun, Statement)
            if most is not None and len(found) >= most:
                begun.cancel()
                break
            result = self._checked(result_of(begun.next()))
            found += [tuple(row) for row in unpack(result.data)]  # type: ignore[union-attr, arg-type]
        if not _READS.match(statement):
            self._written()
        changes = None
        if not columns:
            changes = int(result_of(self._connection.number("changes", _told)).head)
        return Rows(tuple(columns), tuple(found), changes, statement)  # type: ignore[arg-type]

    def script(self, text: str, each: Callable[[Rows], object] = lambda rows: None) -> list[Rows]:
        """Run every statement of a script, in order.

        Parameters:
            text: The statements.
            each: Told the rows of every statement as it is done.

        Raises:
            StoreError: One failed; those before it have been done. `location` points into the script.
        """
        done = []
        for piece in pieces(text):
            try:
                rows = self.run(piece.text)
            except StoreError as error:
                error.location = place_of(error.message, text, piece)
                raise
            each(rows)
            done.append(rows)
        return done

    def _checked(self, result: Result) -> Result:
        if result.status != ERROR:
            return result
        message = result.data.decode("utf-8", "replace") or result.head
        told = trouble(sqlite3.OperationalError(message), f"SQLite database {self.label!r}", self._place, self._reset)
        raise StoreError(told or message, hint=self._hint(message))

    @property
    def _reset(self) -> str:
        return f"%spin reset --sqlite {self.label}"

    @staticmethod
    def _hint(message: str) -> str:
        if message == _SEVERAL:
            return "run one statement at a time; a script goes into a %%spinsql cell or --file"
        if "no such table" in message:
            return "%spin stores lists the tables"
        return ""


def _told(error: Exception) -> Result:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return Result.error("io", _SEVERAL if "one statement at a time" in text else text)


def no_label(kind: str, label: str, known: Sequence[str]) -> OptionError:
    """The error for a label that nothing stands behind."""
    near = get_close_matches(label, known, n=1)
    hint = f"did you mean {near[0]}?" if near else "there are: " + ", ".join(known)
    return OptionError(f"no {kind} is called {label!r}", hint=f"{hint}; others come from the runtime config")
