"""SQLite through the flat interface: values, transactions, what is refused, and what happens in trouble."""

from __future__ import annotations

import math
import os
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from spinlab.errors import ManifestError
from spinlab.function import Function
from spinlab.host import Services
from spinlab.host.pack import Item
from spinlab.host.runtime_config import RuntimeConfig, SqliteBackend
from spinlab.host.sqlite import Sqlite
from tests.host.held import settle
from tests.host.requests import Asking

FUNCTION = Function("hello", "", sqlite_databases=("default",))
COUNT_TO = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c LIMIT {}) SELECT n{} FROM c"
FOR_EVER = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c"


class Failed(Exception):
    """The guest's error: its name, then its text."""


class Guest:
    """A request with a connection."""

    def __init__(self, asking: Asking, label: str = "default") -> None:
        self.asking = asking
        self.connection = self.open(label)

    def open(self, label: str = "default") -> int:
        answer = self.asking.ask("sqlite.open", label)
        if answer.error:
            raise Failed(answer.error, answer.message)
        return answer.number

    def run(self, statement: str, *parameters: Item, on: int | None = None) -> list[tuple[Any, ...]]:
        """All rows of a statement."""
        return self.whole(statement, *parameters, on=on)[1]

    def whole(self, statement: str, *parameters: Item, on: int | None = None) -> tuple[list[str], list[Any], int]:
        """Columns, rows, and the number of parts that they came in."""
        number = str(on or self.connection)
        answer = self.asking.ask("sqlite.execute", number, statement, list(parameters))
        if answer.error:
            raise Failed(answer.error, answer.message)
        columns, rows = answer.items  # type: ignore[misc]
        more, parts = answer, 1
        while more.head == "more":
            more = self.asking.ask("sqlite.next", str(answer.number))
            if more.error:
                raise Failed(more.error, more.message)
            rows += more.items  # type: ignore[operator]
            parts += 1
        return columns, [tuple(row) for row in rows], parts  # type: ignore[return-value]

    def number(self, op: str) -> int:
        return int(self.asking.ask(f"sqlite.{op}", str(self.connection)).head)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / ".spin"


@pytest.fixture(params=["file", "memory"])
def services(request: pytest.FixtureRequest, state: Path) -> Iterator[Services]:
    made = Services(state_dir=state if request.param == "file" else None)
    yield made
    made.close()


@pytest.fixture
def guest(services: Services) -> Iterator[Guest]:
    with Asking(FUNCTION, services) as asking:
        yield Guest(asking)


def test_every_kind_of_value_comes_back_exactly(guest: Guest) -> None:
    guest.run("CREATE TABLE t (v)")
    values: list[Item] = [2**63 - 1, -(2**63), 0, 0.1, -0.0, math.inf, "", "Grüße\0 \U0001f980", b"", b"\0\xff", None]
    for value in values:
        guest.run("INSERT INTO t VALUES (?)", value)
    found = [row[0] for row in guest.run("SELECT v FROM t ORDER BY rowid")]
    assert found == values
    assert [type(x) for x in found] == [type(x) for x in values]
    assert math.copysign(1, found[4]) == -1
    assert guest.run("SELECT ?", math.nan) == [(None,)]


def test_columns_have_their_names_and_a_change_has_none(guest: Guest) -> None:
    assert guest.whole("CREATE TABLE t (a, b)")[:2] == ([], [])
    assert guest.whole("SELECT a, b AS c, 1 + 1 FROM t")[:2] == (["a", "c", "1 + 1"], [])
    assert guest.whole("INSERT INTO t VALUES (1, 2) RETURNING a")[:2] == (["a"], [(1,)])
    assert guest.whole("-- nothing")[:2] == ([], [])


def test_rowid_and_changes_are_those_of_the_connection(guest: Guest) -> None:
    assert (guest.number("last-insert-rowid"), guest.number("changes")) == (0, 0)
    guest.run("CREATE TABLE t (i INTEGER PRIMARY KEY)")
    guest.run(f"INSERT INTO t VALUES (1), ({2**63 - 1})")
    assert (guest.number("last-insert-rowid"), guest.number("changes")) == (2**63 - 1, 2)
    guest.run("SELECT * FROM t")
    guest.run("UPDATE t SET i = 5 WHERE i = 1")
    assert (guest.number("last-insert-rowid"), guest.number("changes")) == (2**63 - 1, 1)


@pytest.mark.parametrize("names", ["?, ?", "?1, ?2", ":a, :b", "$a, $b", "@a, @b"])
def test_parameters_stand_in_their_order_however_they_are_called(guest: Guest, names: str) -> None:
    assert guest.run(f"SELECT {names}", 1, "two") == [(1, "two")]
    with pytest.raises(Failed, match="io"):
        guest.run(f"SELECT {names}", 1)


def test_a_wrong_number_of_parameters_is_said_in_spins_words(guest: Guest) -> None:
    with pytest.raises(Failed, match="Wrong number of parameters passed to query"):
        guest.run("SELECT ?, ?", 1)


def test_several_statements_are_refused_and_none_is_done(guest: Guest) -> None:
    guest.run("CREATE TABLE t (a)")
    with pytest.raises(Failed, match="Multiple statements provided"):
        guest.run("INSERT INTO t VALUES (1); DROP TABLE t")
    assert guest.run("SELECT * FROM t") == []
    assert guest.run("SELECT 1; -- a comment is no statement") == [(1,)]


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("SELEC 1", 'near "SELEC": syntax error'),
        ("SELECT * FROM nowhere", "no such table: nowhere"),
        ("SELECT * FROM 'database is locked'", "no such table: database is locked"),
        ("SELECT CAST(x'ff' AS TEXT)", "Could not decode to UTF-8"),
        ("SELECT json('{')", "malformed JSON"),
    ],
)
def test_a_wrong_statement_is_an_io_error_with_sqlites_words(guest: Guest, statement: str, words: str) -> None:
    with pytest.raises(Failed) as found:
        guest.run(statement)
    assert found.value.args[0] == "io"
    assert words in found.value.args[1]
    assert guest.run("SELECT 1") == [(1,)]
    assert guest.asking.context.written.lines() == ()


def test_a_transaction_is_its_connections_own(guest: Guest, services: Services) -> None:
    guest.run("CREATE TABLE t (a)")
    other = guest.open()
    guest.run("BEGIN")
    guest.run("INSERT INTO t VALUES (1)")
    assert guest.run("SELECT * FROM t") == [(1,)]
    if services.state_dir is not None:  # in memory SQLite lets nobody read while somebody writes
        assert guest.run("SELECT * FROM t", on=other) == []
    guest.run("COMMIT")
    assert guest.run("SELECT * FROM t", on=other) == [(1,)]
    guest.run("BEGIN")
    guest.run("DELETE FROM t")
    guest.run("ROLLBACK")
    assert guest.run("SELECT * FROM t") == [(1,)]


def test_a_transaction_that_was_left_open_is_undone_with_the_request(services: Services) -> None:
    with Asking(FUNCTION, services) as asking:
        guest = Guest(asking)
        guest.run("CREATE TABLE t (a)")
        guest.run("CREATE TEMP TABLE mine (a)")
        guest.run("BEGIN IMMEDIATE")
        guest.run("INSERT INTO t VALUES (1)")
    with Asking(FUNCTION, services) as asking:
        guest = Guest(asking)
        assert guest.run("SELECT * FROM t") == []
        guest.run("INSERT INTO t VALUES (2)")
        with pytest.raises(Failed, match="no such table: mine"):
            guest.run("SELECT * FROM mine")


def test_writers_in_each_others_way_wait_for_one_another(services: Services) -> None:
    with Asking(FUNCTION, services) as asking:
        Guest(asking).run("CREATE TABLE t (a)")

    def write() -> None:
        for _ in range(10):
            with Asking(FUNCTION, services) as asking:
                guest = Guest(asking)
                guest.run("BEGIN IMMEDIATE")
                guest.run("INSERT INTO t SELECT count(*) FROM t")
                guest.run("COMMIT")

    threads = [threading.Thread(target=write) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with Asking(FUNCTION, services) as asking:
        assert Guest(asking).run("SELECT a FROM t ORDER BY a") == [(n,) for n in range(60)]


def test_of_two_transactions_that_wait_for_each_other_one_is_told_at_once(state: Path) -> None:
    services = Services(state_dir=state)
    with Asking(FUNCTION, services) as asking:
        guest = Guest(asking)
        other = guest.open()
        guest.run("CREATE TABLE t (a)")
        for connection in (guest.connection, other):
            guest.run("BEGIN", on=connection)
            guest.run("SELECT * FROM t", on=connection)
        guest.run("INSERT INTO t VALUES (1)")
        with pytest.raises(Failed, match="database is locked"):
            guest.run("INSERT INTO t VALUES (2)", on=other)
        guest.run("ROLLBACK", on=other)
        guest.run("COMMIT")
        assert guest.run("SELECT * FROM t", on=other) == [(1,)]
    services.close()


@pytest.mark.parametrize(
    "statement",
    [
        "ATTACH '{0}' AS other",
        "ATTACH '{0}' || '' AS other",
        "ATTACH 'file:{0}?mode=ro' AS other",
        "ATTACH ':memory:' AS other",
        "VACUUM INTO '{0}.copy'",
        "VACUUM INTO '{0}' || '.copy'",
        "SELECT load_extension('{0}')",
        "SELECT fts3_tokenizer('simple', x'4142434445464748')",
        "PRAGMA temp_store_directory = '{0}'",
        "PRAGMA hard_heap_limit = 1",
        "PRAGMA soft_heap_limit = 1",
        "PRAGMA writable_schema = ON",
    ],
)
def test_what_reaches_beyond_the_database_is_refused(guest: Guest, tmp_path: Path, statement: str) -> None:
    other = tmp_path / "other.db"
    sqlite3.connect(other).execute("CREATE TABLE private (a)")
    with pytest.raises(Failed, match=r"not authorized|authorization denied"):
        guest.run(statement.format(other))
    assert os.listdir(tmp_path) in (["other.db"], [".spin", "other.db"], ["other.db", ".spin"])
    assert guest.run("SELECT 1") == [(1,)]


def test_a_trigger_or_view_reaches_no_further_than_its_maker(guest: Guest) -> None:
    guest.run("CREATE TABLE t (a)")
    guest.run("CREATE VIEW v AS SELECT load_extension('x') FROM t")
    with pytest.raises(Failed, match=r"not authorized|unsafe use"):
        guest.run("SELECT * FROM v")


def test_pragmas_that_we_decide_change_nothing(guest: Guest) -> None:
    before = guest.run("PRAGMA cache_size")
    guest.run("PRAGMA cache_size = 1000000000")
    guest.run("PRAGMA busy_timeout = 1000000000")
    assert guest.run("PRAGMA cache_size") == before
    assert guest.run("PRAGMA busy_timeout") != [(1000000000,)]
    guest.run("PRAGMA user_version = 7")
    assert guest.run("PRAGMA user_version") == [(7,)]
    guest.run("VACUUM")


def test_files_may_be_attached_where_the_runtime_config_says_so(tmp_path: Path) -> None:
    allowed = SqliteBackend(tmp_path / "own.db", allow_attach_file=True)
    services = Services(runtime=RuntimeConfig(sqlite_databases={"open": allowed}))
    with Asking(Function("f", "", sqlite_databases=("open",)), services) as asking:
        guest = Guest(asking, "open")
        guest.run(f"ATTACH '{tmp_path / 'other.db'}' AS other")
        guest.run("CREATE TABLE other.t (a)")
        with pytest.raises(Failed, match="not authorized"):
            guest.run("SELECT load_extension('x')")
    assert (tmp_path / "other.db").exists()
    services.close()


def test_a_hundred_thousand_rows_come_in_parts(guest: Guest) -> None:
    _, rows, parts = guest.whole(COUNT_TO.format(100_000, ", 'some text to fill the row'"))
    assert [row[0] for row in rows] == list(range(1, 100_001))
    assert parts > 2


def test_a_result_that_is_too_large_ends_with_spins_words(guest: Guest) -> None:
    with pytest.raises(Failed, match="query result exceeds limit of 134217728 bytes"):
        guest.run(COUNT_TO.format(1000, ", zeroblob(1000000)"))
    assert guest.run("SELECT 1") == [(1,)]


def test_rows_that_nobody_takes_let_go_of_the_lock(state: Path) -> None:
    services = Services(state_dir=state)
    with Asking(FUNCTION, services) as asking:
        guest = Guest(asking)
        guest.run("CREATE TABLE t (a)")
        guest.run("INSERT INTO t " + COUNT_TO.format(100, "").replace("SELECT n FROM", "SELECT zeroblob(100000) FROM"))
        answer = asking.ask("sqlite.execute", str(guest.connection), "SELECT * FROM t", [])
        assert answer.head == "more"
        asking.context.cancel(answer.number)
        other = guest.open()
        guest.run("DELETE FROM t", on=other)
        assert asking.ask("sqlite.next", str(answer.number)).error == "gone"
    services.close()


def test_a_statement_without_end_stops_with_its_request_and_blocks_nobody(services: Services) -> None:
    with Asking(FUNCTION, services) as asking:
        guest = Guest(asking)
        begun = [asking.begin("sqlite.execute", str(guest.open()), FOR_EVER, []) for _ in range(3)]
        assert all(status == 0 for _, status, _, _ in begun)
        assert guest.run("SELECT 1") == [(1,)], "another connection of the same guest goes on"
        with Asking(Function("other", "", sqlite_databases=("default",)), services) as second:
            assert Guest(second).run("SELECT count(*) FROM sqlite_master") == [(0,)]
        effects = [asking.context.effect(number) for number, *_ in begun]
    settle(lambda: all(effect is not None and effect.peek() is not None for effect in effects))
    settle(lambda: services.databases._open == 0)


def test_many_statements_without_end_of_one_function_leave_threads_for_others(services: Services) -> None:
    with Asking(FUNCTION, services) as asking:
        guest = Guest(asking)
        for _ in range(60):
            asking.begin("sqlite.execute", str(guest.open()), FOR_EVER, [])
        with Asking(Function("other", "", sqlite_databases=("default",)), services) as second:
            other = Guest(second)
            other.run("CREATE TABLE t (a)")
            assert other.run(COUNT_TO.format(50_000, "")[:-6] + "FROM c WHERE n > 49998") == [(49_999,), (50_000,)]


def test_a_lock_that_stays_is_an_io_error_and_the_users_line(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spinlab.host.pool.PATIENCE", 0.3)
    services = Services(state_dir=state)
    with Asking(FUNCTION, services) as asking:
        guest = Guest(asking)
        guest.run("CREATE TABLE t (a)")
        other = sqlite3.connect(state / "sqlite_db.db")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(Failed, match="database is locked"):
            guest.run("INSERT INTO t VALUES (1)")
        (line,) = [one.text for one in asking.context.written.lines()]
        assert "is locked by another program or kernel" in line
        other.rollback()
        guest.run("INSERT INTO t VALUES (1)")
    services.close()


def test_a_file_that_is_no_database_is_named_with_the_remedy(state: Path) -> None:
    state.mkdir()
    (state / "sqlite_db.db").write_bytes(b"no database, but long enough to be taken for one at first " * 50)
    services = Services(state_dir=state)
    with Asking(FUNCTION, services) as asking:
        guest = Guest(asking)
        with pytest.raises(Failed) as found:
            guest.run("SELECT * FROM t")
        assert found.value.args == ("io", "file is not a database")
        assert "%spin reset --sqlite default" in asking.context.written.lines()[0].text
    services.close()


def test_a_database_that_dies_in_the_middle_of_a_result_is_an_error_there(state: Path) -> None:
    services = Services(state_dir=state)
    with Asking(FUNCTION, services) as asking:
        guest = Guest(asking)
        guest.run("CREATE TABLE t (n, filler)")
        guest.run("INSERT INTO t " + COUNT_TO.format(200, ", zeroblob(100000)"))
    path = state / "sqlite_db.db"
    with Asking(FUNCTION, services) as asking:
        guest = Guest(asking)
        first = asking.ask("sqlite.execute", str(guest.connection), "SELECT * FROM t", [])
        assert first.head == "more"
        with path.open("r+b") as file:
            file.truncate(path.stat().st_size // 2)
        answer = first
        while answer.head == "more":
            answer = asking.ask("sqlite.next", str(first.number))
        assert answer.error == "io"
        assert answer.message in ("database disk image is malformed", "disk I/O error")
    services.close()


def test_a_read_only_file_is_read_and_not_written(state: Path) -> None:
    services = Services(state_dir=state)
    with Asking(FUNCTION, services) as asking:
        Guest(asking).run("CREATE TABLE t (a)")
    with (state / "sqlite_db.db").open("r+b") as file:
        file.seek(18)
        file.write(b"\3")  # a format that may be read and not written; permissions don't hold root back
    with Asking(FUNCTION, services) as asking:
        guest = Guest(asking)
        assert guest.run("SELECT * FROM t") == []
        with pytest.raises(Failed, match="attempt to write a readonly database"):
            guest.run("INSERT INTO t VALUES (1)")
        assert "is read-only" in asking.context.written.lines()[0].text
    services.close()


def test_a_database_without_room_is_full(guest: Guest) -> None:
    guest.run("CREATE TABLE t (a)")
    guest.run("PRAGMA max_page_count = 10")
    with pytest.raises(Failed) as found:
        guest.run("INSERT INTO t VALUES (zeroblob(1000000))")
    assert found.value.args[0] == "database-full"
    assert "there is no room" in guest.asking.context.written.lines()[0].text
    assert guest.run("SELECT count(*) FROM t") == [(0,)]


def test_a_thousand_connections_are_refused_as_spin_does_and_leave_room_for_others(services: Services) -> None:
    with Asking(FUNCTION, services) as asking:
        guest = Guest(asking)
        with pytest.raises(Failed, match="too many connections opened"):  # noqa: PT012
            for _ in range(1000):
                guest.run("SELECT 1", on=guest.open())
    settle(lambda: services.databases._open == 0)
    with Asking(FUNCTION, services) as asking:
        assert Guest(asking).run("SELECT 1") == [(1,)]


def test_a_label_that_is_not_granted_is_denied_and_told(services: Services) -> None:
    with Asking(FUNCTION, services) as asking:
        assert asking.ask("sqlite.open", "else").error == "access-denied"
        (denied,) = asking.context.denied
        assert denied.option == "--sqlite else"


def test_a_connection_of_an_earlier_request_is_gone(services: Services) -> None:
    with Asking(FUNCTION, services) as asking:
        for op in ("execute", "next", "changes", "last-insert-rowid"):
            assert asking.ask(f"sqlite.{op}", "12345", "SELECT 1", []).error == "gone"


def test_labels_without_a_database_are_refused_when_they_are_granted() -> None:
    function = Function("a_function", "", sqlite_databases=("default", "books", "films"))
    with pytest.raises(ManifestError) as found:
        Sqlite.check(function, Services())
    assert found.value.message.splitlines() == [
        "One or more components use SQLite databases which are not defined.",
        "- Component a-function uses database 'books'",
        "- Component a-function uses database 'films'",
    ]
    assert "[sqlite_database.books]" in found.value.hint


def test_a_statement_is_told_by_its_first_word_only(guest: Guest) -> None:
    guest.run("SELECT 'private'")
    guest.run("CREATE TABLE private (a)")
    told = [(call.operation, call.target, call.outcome) for call in guest.asking.calls]
    assert told == [("open", "default", "ok"), ("SELECT", "default", "ok"), ("CREATE", "default", "ok")]
    assert "private" not in repr(guest.asking.calls)


def test_a_thousand_requests_hold_nothing_afterwards(services: Services) -> None:
    def once() -> None:
        with Asking(FUNCTION, services) as asking:
            guest = Guest(asking)
            guest.run("CREATE TABLE IF NOT EXISTS t (a)")
            asking.begin("sqlite.execute", str(guest.connection), COUNT_TO.format(10_000, ""), [])

    def held() -> int:
        return len(os.listdir("/proc/self/fd"))

    for _ in range(20):
        once()
    settle(lambda: services.databases._open == 0)
    before = held()
    for _ in range(1000):
        once()
    settle(lambda: services.databases._open == 0)
    assert held() <= before + 2
