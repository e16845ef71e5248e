"""SQL of the notebook's user: statements, scripts, where their errors are, and the rows they give."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spinlab import App
from spinlab.errors import OptionError, StoreError, ToolMissing
from spinlab.rows import Rows
from spinlab.sql import pieces

TO_100_000 = "RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c LIMIT 100000)"
FOR_EVER = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c"


def test_a_query_gives_its_rows(app: App) -> None:
    app.sql("CREATE TABLE t (a, b)")
    assert app.sql("INSERT INTO t VALUES (?, ?), (2, NULL)", [1, b"\xff"]).changes == 2
    rows = app.sql("SELECT * FROM t ORDER BY a")
    assert rows.columns == ("a", "b")
    assert list(rows) == [(1, b"\xff"), (2, None)]
    assert (len(rows), rows[1], rows.value, rows.changes) == (2, (2, None), 1, None)
    assert rows.dicts() == [{"a": 1, "b": b"\xff"}, {"a": 2, "b": None}]
    assert app.sql("SELECT * FROM t WHERE a > 5").value is None


def test_a_large_result_comes_whole(app: App) -> None:
    rows = app.sql(f"WITH {TO_100_000} SELECT n, 'text' FROM c")
    assert len(rows) == 100_000
    text = rows._repr_mimebundle_()["text/plain"]
    assert "... and 99,900 more rows" in text
    assert text.count("\n") < 110


def test_rows_show_what_they_hold_and_nothing_acts(app: App) -> None:
    shown = app.sql("SELECT '<script>' AS a, x'00ff' AS b, NULL AS c, char(27) AS d, 1.5 AS e")._repr_mimebundle_()
    assert "<script>" in shown["text/plain"]
    assert "<script>" not in shown["text/html"]
    assert all(word in shown["text/plain"] for word in ("x'00ff'", "NULL", "\\x1b", "1.5", "1 row"))


def test_without_pandas_a_data_frame_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)  # as if it were not installed
    with pytest.raises(ToolMissing) as found:
        Rows(("a",), ((1,),)).DataFrame()
    assert found.value.hint == "pip install pandas"


def test_with_pandas_rows_are_a_data_frame() -> None:
    frame = Rows(("a", "b"), ((1, "x"), (2, None))).DataFrame()
    assert list(frame.columns) == ["a", "b"]
    assert frame.shape == (2, 2)


def test_a_script_runs_statement_by_statement_up_to_the_first_that_fails(app: App) -> None:
    script = "CREATE TABLE t (a);\n-- a comment; with a semicolon\nINSERT INTO t VALUES ('a;b');\n\n  INSRT INTO t;\n"
    with pytest.raises(StoreError) as found:
        app.script(script)
    assert found.value.message == 'near "INSRT": syntax error'
    assert found.value.location is not None
    assert (found.value.location.line, found.value.location.column, found.value.location.end_column) == (5, 3, 8)
    assert app.sql("SELECT a FROM t").value == "a;b"
    assert not app.migrations


@pytest.mark.parametrize(
    ("script", "line", "column"),
    [
        ("SELECT 1;\nSELECT *\nFROM nowhere", 3, 6),
        ("SELECT 1;\n\nSELECT col FROM (SELECT 1 AS a)", 3, 8),
        ("CREATE TABLE t (a);\nINSERT INTO t (b) VALUES (1)", 2, 16),
        ("SELECT nofunc(1)", 1, 8),
        ("SELECT x + x FROM (SELECT 1)", 1, 1),
    ],
)
def test_an_error_points_at_what_it_names_else_at_its_statement(app: App, script: str, line: int, column: int) -> None:
    with pytest.raises(StoreError) as found:
        app.script(script)
    assert found.value.location is not None
    assert (found.value.location.line, found.value.location.column) == (line, column)


TRIGGER = "CREATE TRIGGER x AFTER INSERT ON t BEGIN DELETE FROM t; SELECT 1; END;"


@given(st.lists(st.sampled_from(["SELECT 1;", "SELECT ';';", 'SELECT ";";', "/* ; */ SELECT 2;", TRIGGER]), max_size=5))
def test_the_statements_of_a_script_are_found_whatever_they_hold(statements: list[str]) -> None:
    script = "\n -- a comment; here\n".join(["", *statements, ""])
    found = list(pieces(script))
    assert [piece.text for piece in found] == [x.removeprefix("/* ; */ ") for x in statements]
    assert all(script.startswith(piece.text, piece.start) for piece in found)


def test_a_last_statement_needs_no_semicolon_and_comments_are_none() -> None:
    assert [piece.text for piece in pieces("SELECT 1; SELECT 2 -- end\n")] == ["SELECT 1;", "SELECT 2 -- end"]
    assert list(pieces("  -- nothing\n/* at all */")) == []


def test_several_statements_belong_into_a_script(app: App) -> None:
    with pytest.raises(StoreError) as found:
        app.sql("SELECT 1; SELECT 2")
    assert "%%spinsql" in found.value.hint


def test_a_wrong_label_names_the_right_one(app: App) -> None:
    with pytest.raises(OptionError) as found:
        app.sql("SELECT 1", database="defalt")
    assert "did you mean default?" in found.value.hint


def test_an_interrupt_ends_a_statement_without_end(app: App) -> None:
    import _thread

    threading.Timer(0.3, _thread.interrupt_main).start()
    with pytest.raises(KeyboardInterrupt):
        app.sql(FOR_EVER)
    until = time.monotonic() + 30
    while app.services.databases._open and time.monotonic() < until:
        time.sleep(0.02)
    assert app.services.databases._open == 0
    assert app.sql("SELECT 1").value == 1


def test_a_script_with_a_name_is_a_migration(tmp_path: Path) -> None:
    with App("tests", state_dir=tmp_path) as app:
        app.script("CREATE TABLE IF NOT EXISTS t (a);", name="migration.sql")
        app.script("CREATE TABLE IF NOT EXISTS t (a, b);", name="migration.sql")
        (migration,) = app.migrations.values()
        assert (migration.name, migration.label) == ("migration.sql", "default")
        assert "b" in migration.text
