from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest

from spinlab import App
from spinlab.commands.cells import SHORT
from tests.commands.line import FrontEnd


def text(value: str) -> dict[str, str]:
    return {"type": "text", "text": value}


def whole(value: int) -> dict[str, str]:
    return {"type": "integer", "text": str(value)}


@pytest.fixture
def front(app: App) -> FrontEnd:
    app.script(
        "CREATE TABLE note (id INTEGER PRIMARY KEY, title TEXT NOT NULL, stars REAL DEFAULT 1.5, raw BLOB);"
        "INSERT INTO note (title) VALUES ('c'), ('a'), ('b');"
        "CREATE VIEW loud AS SELECT upper(title) AS title FROM note;"
        "CREATE TABLE pair (a, b, PRIMARY KEY (a)) WITHOUT ROWID;"
        'CREATE TABLE "odd ""name" (rowid TEXT, "sel;ect" INT);'
    )
    return FrontEnd(app)


def cells(found: dict[str, Any], column: int) -> list[str]:
    return [row["cells"][column]["text"] for row in found["rows"]]


def test_tables_and_their_columns(front: FrontEnd) -> None:
    found = {one["name"]: one for one in front.value("tables")}
    assert list(found) == ["note", 'odd "name', "pair", "loud"]
    assert found["loud"]["kind"] == "view"
    columns = {column["name"]: column for column in found["note"]["columns"]}
    assert columns["id"]["key"]
    assert columns["title"]["required"]
    assert (columns["stars"]["type"], columns["stars"]["default"]) == ("REAL", "1.5")


def test_rows_in_pages_and_orders(front: FrontEnd) -> None:
    assert cells(front.value("rows", table="note"), 1) == ["c", "a", "b"]
    assert cells(front.value("rows", table="note", order="title"), 1) == ["a", "b", "c"]
    found = front.value("rows", table="note", order="title", descending=True, limit=2, offset=1)
    assert cells(found, 1) == ["b", "a"]
    assert (found["total"], found["offset"], found["keyed"]) == (3, 1, True)


def test_what_has_no_row_number_can_not_be_changed_by_one(front: FrontEnd) -> None:
    for table in ("loud", "pair"):
        assert not front.value("rows", table=table)["keyed"]
        assert "no number" in front.error("erase", table=table, rowid="1")["message"]


def test_a_table_of_odd_names(app: App, front: FrontEnd) -> None:
    table = 'odd "name'
    rowid = front.value("insert", table=table, values={"sel;ect": whole(7)})["rowid"]
    front.value("write", table=table, rowid=rowid, column="rowid", was={"type": "null"}, to=text("mine"))
    found = front.value("rows", table=table, order="sel;ect")
    assert cells(found, 0) == ["mine"]
    assert found["keyed"]


def test_a_cell_is_changed_when_it_is_what_it_was(app: App, front: FrontEnd) -> None:
    change = {"table": "note", "rowid": "1", "column": "title"}
    front.value("write", **change, was=text("c"), to=text("z"))
    assert app.sql("SELECT title FROM note WHERE id = 1").value == "z"
    assert "not what it was" in front.error("write", **change, was=text("c"), to=text("y"))["message"]
    assert "NOT NULL" in front.error("write", **change, was=text("z"), to={"type": "null"})["message"]
    assert app.sql("SELECT title FROM note WHERE id = 1").value == "z"


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ({"type": "integer", "text": "9007199254740993"}, 9007199254740993),
        ({"type": "real", "text": "2.5"}, 2.5),
        ({"type": "blob", "text": "00 ff"}, b"\x00\xff"),
        ({"type": "text", "text": "12"}, "12"),
        ({"type": "null"}, None),
    ],
)
def test_every_type_goes_there_and_back(app: App, front: FrontEnd, cell: dict[str, str], value: object) -> None:
    front.value("write", table="note", rowid="1", column="raw", was={"type": "null"}, to=cell)
    found = app.sql("SELECT raw FROM note WHERE id = 1").value
    assert (found, type(found)) == (value, type(value))
    again = front.value("field", table="note", rowid="1", column="raw")["cell"]
    front.value("write", table="note", rowid="1", column="raw", was=again, to={"type": "null"})


@pytest.mark.parametrize(
    "cell",
    [
        None,
        "x",
        {"type": "integer", "text": "1.5"},
        {"type": "integer", "text": str(1 << 63)},
        {"type": "real", "text": "a"},
        {"type": "blob", "text": "0"},
        {"type": "date", "text": ""},
    ],
)
def test_what_is_no_value_is_refused(front: FrontEnd, cell: object) -> None:
    error = front.error("write", table="note", rowid="1", column="raw", was={"type": "null"}, to=cell)
    assert error["kind"] == "OptionError"


def test_a_row_is_added_and_deleted(app: App, front: FrontEnd) -> None:
    rowid = front.value("insert", table="note", values={"title": text("new")})["rowid"]
    assert app.sql("SELECT title, stars FROM note WHERE id = ?", [int(rowid)]).rows == (("new", 1.5),)
    assert "NOT NULL" in front.error("insert", table="note", values={})["message"]
    front.value("erase", table="note", rowid=rowid)
    assert "not there" in front.error("erase", table="note", rowid=rowid)["message"]


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("rows", {"table": "nosuch"}),
        ("rows", {"table": "note", "order": "nosuch"}),
        ("rows", {"table": "note", "limit": 100_000}),
        ("rows", {"table": 'note"; DROP TABLE note; --'}),
        ("insert", {"table": "note", "values": {'title") VALUES (1); --': {"type": "null"}}}),
        ("write", {"table": "note", "rowid": "x", "column": "title", "was": {"type": "null"}, "to": {"type": "null"}}),
        ("rows", {"table": "note", "database": "nosuch"}),
    ],
)
def test_names_that_are_none_change_nothing(app: App, front: FrontEnd, command: str, arguments: Any) -> None:
    front.error(command, **arguments)
    assert app.sql("SELECT count(*) FROM note").value == 3


def test_long_and_secret_cells_are_marked(app: App, front: FrontEnd) -> None:
    app.set_variable("token", "hunter2hunter2", secret=True)
    long = "x" * (SHORT - 5) + "hunter2hunter2" + "x" * 1000
    app.sql("UPDATE note SET title = ?, raw = ? WHERE id = 1", [long, b"\xff" * 1000])
    app.sql("UPDATE note SET raw = ? WHERE id = 2", [b"hunter2hunter2"])
    found = front.value("rows", table="note")
    title, raw = found["rows"][0]["cells"][1], found["rows"][0]["cells"][3]
    assert (title["size"], title["masked"]) == (len(long), True)
    assert (raw["size"], len(raw["text"])) == (1000, SHORT)
    assert found["rows"][1]["cells"][3] == {"type": "blob", "text": "", "size": 14, "masked": True}
    assert "hunter" not in json.dumps(found)
    assert len(front.value("field", table="note", rowid="1", column="raw")["cell"]["text"]) == 2000


def test_statements_run_until_one_fails_and_say_where(app: App, front: FrontEnd) -> None:
    found = front.value("sql", text="SELECT 1 AS one;\nDELETE FROM note WHERE id = 1;\nSELECT nosuch\nFROM note")
    first, second = found["results"]
    assert (first["columns"], first["rows"][0][0]["text"]) == (["one"], "1")
    assert second["changes"] == 1
    assert "nosuch" in found["failed"]["message"]
    assert (found["failed"]["line"], found["failed"]["column"], found["failed"]["end"]) == (3, 8, 14)
    assert app.sql("SELECT count(*) FROM note").value == 2


def test_rows_of_a_statement_are_bounded(front: FrontEnd) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i, i, i FROM n"
    (result,) = front.value("sql", text=endless)["results"]
    assert result["more"]
    assert len(result["rows"]) == 500


def test_a_statement_without_an_end_is_interrupted(front: FrontEnd) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    found = front.ask("sql", text=endless, deadline=1)["value"]
    assert "too long" in found["failed"]["message"]
    names = lambda: [thread.name for thread in threading.enumerate()]  # noqa: E731
    for _ in range(200):
        if "spinlab-statement" not in names():
            break
        time.sleep(0.05)
    assert "spinlab-statement" not in names()
    assert front.value("sql", text="SELECT 1")["failed"] is None


def test_a_transaction_that_nobody_committed_is_told(app: App, front: FrontEnd) -> None:
    assert front.value("sql", text="BEGIN; DELETE FROM note")["uncommitted"]
    assert app.sql("SELECT count(*) FROM note").value == 3
    assert not front.value("sql", text="BEGIN; DELETE FROM note; COMMIT")["uncommitted"]
    assert app.sql("SELECT count(*) FROM note").value == 0
