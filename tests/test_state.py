"""What an app keeps: where it lives, emptying it, taking it along."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from spinlab import App, Function
from spinlab.errors import ExportError, StoreError
from spinlab.state import KEY_VALUE, SQLITE, copies, empty_database, empty_store, kept, save
from tests.conftest import wat

NO_DATABASE = b"no database, but long enough to be taken for one at first " * 50


@pytest.fixture(params=["file", "memory"])
def full(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[App]:
    """An app with a key and a table."""
    with App("tests", state_dir=tmp_path / ".spin" if request.param == "file" else None) as app:
        app.kv()["a"] = "1"
        app.sql("CREATE TABLE t (a)")
        app.sql("INSERT INTO t VALUES (1)")
        yield app


def test_every_store_is_listed_with_place_contents_and_functions(full: App) -> None:
    full.add(wat(key_value_stores=("default",)))
    store, database = kept(full)
    assert (store.kind, store.label, store.contents, store.functions) == (KEY_VALUE, "default", 1, ("hello",))
    assert (database.kind, database.contents, database.functions) == (SQLITE, ("t",), ())
    in_memory = full.services.state_dir is None
    assert (store.place == database.place == "memory") is in_memory
    assert (store.size is None) is in_memory


def test_looking_makes_no_file(tmp_path: Path) -> None:
    with App("tests", state_dir=tmp_path / ".spin") as app:
        assert [(x.contents, x.size) for x in kept(app)] == [(0, None), ((), None)]
    assert not (tmp_path / ".spin").exists()


def test_a_store_that_can_not_be_read_says_why(tmp_path: Path) -> None:
    for name in ("sqlite_key_value.db", "sqlite_db.db"):
        (tmp_path / name).write_bytes(NO_DATABASE)
    with App("tests", state_dir=tmp_path) as app:
        assert all("is damaged" in x.problem for x in kept(app))


def test_emptying_a_store_takes_its_label_only(tmp_path: Path) -> None:
    with App("tests", state_dir=tmp_path) as app:
        app.kv()["a"] = "1"
        with sqlite3.connect(tmp_path / "sqlite_key_value.db") as other:
            other.execute("INSERT INTO spin_key_value VALUES ('else', 'k', x'00')")
        empty_store(app.services, "default")
        assert list(app.kv()) == []
        assert other.execute("SELECT store FROM spin_key_value").fetchall() == [("else",)]


def test_emptying_a_database_leaves_nothing_for_those_who_have_it_open(full: App) -> None:
    place = full.services.databases.find("default").place  # type: ignore[union-attr]
    other = place.connect()
    assert other.execute("SELECT * FROM t").fetchall() == [(1,)]
    empty_database(full.services, "default")
    assert other.execute("SELECT * FROM sqlite_master").fetchall() == []
    full.sql("CREATE TABLE t (b)")
    assert other.execute("SELECT count(*) FROM t").fetchone() == (0,)
    other.close()


def test_emptying_what_is_damaged_starts_it_anew(tmp_path: Path) -> None:
    for name in ("sqlite_key_value.db", "sqlite_db.db"):
        (tmp_path / name).write_bytes(NO_DATABASE)
    with App("tests", state_dir=tmp_path) as app:
        empty_store(app.services, "default")
        empty_database(app.services, "default")
        app.kv()["a"] = "1"
        assert app.sql("SELECT 1").value == 1
        assert not any(x.problem for x in kept(app))


def test_emptying_what_another_program_holds_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spinlab.state.PATIENCE", 0.2)
    with App("tests", state_dir=tmp_path) as app:
        app.sql("CREATE TABLE t (a)")
        other = sqlite3.connect(tmp_path / "sqlite_db.db")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreError, match="locked"):
            empty_database(app.services, "default")
        other.rollback()
        assert app.sql("SELECT count(*) FROM t").value == 0


def test_a_copy_is_whole_while_others_write(tmp_path: Path) -> None:
    with App("tests", state_dir=tmp_path / ".spin") as app:
        app.sql("CREATE TABLE t (a, b)")
        app.sql("INSERT INTO t VALUES (0, zeroblob(3000000))")
        stop = threading.Event()

        def write() -> None:
            number = 0
            while not stop.is_set():
                number += 1
                app.script(f"BEGIN; UPDATE t SET a = {number}; INSERT INTO t VALUES ({number}, ''); COMMIT;")

        writer = threading.Thread(target=write)
        writer.start()
        try:
            for number in range(5):
                save(copies(app.services, tmp_path / f"copy-{number}"), tmp_path / f"copy-{number}")
        finally:
            stop.set()
            writer.join()
    for number in range(5):
        found = sqlite3.connect(tmp_path / f"copy-{number}" / "sqlite_db.db")
        assert found.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert found.execute("SELECT count(DISTINCT a) FROM t").fetchone()[0] <= 2


def test_a_copy_replaces_its_own_earlier_one_and_nobody_elses(full: App, tmp_path: Path) -> None:
    target = tmp_path / "copy"
    assert sorted(save(copies(full.services, target), target)) == ["sqlite_db.db", "sqlite_key_value.db"]
    full.sql("INSERT INTO t VALUES (2)")
    save(copies(full.services, target), target)
    with sqlite3.connect(target / "sqlite_db.db") as other:
        assert other.execute("SELECT count(*) FROM t").fetchone() == (2,)
        other.execute("INSERT INTO t VALUES (3)")
    with pytest.raises(ExportError, match="has data of its own"):
        copies(full.services, target)
    save(copies(full.services, target, force=True), target)
    assert sqlite3.connect(target / "sqlite_db.db").execute("SELECT count(*) FROM t").fetchone() == (2,)


def test_a_copy_onto_itself_is_left_out(tmp_path: Path) -> None:
    with App("tests", state_dir=tmp_path) as app:
        app.kv()["a"] = "1"
        assert copies(app.services, tmp_path) == {}


def test_a_function_without_a_grant_is_told_of_none(app: App) -> None:
    app.add(Function("hello", wat().source, language="wat", routes=("/hello",)))
    assert all(x.functions == () for x in kept(app))
