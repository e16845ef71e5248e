"""What an export takes along of what functions keep: scripts always, data when asked for."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from spinlab import App
from spinlab.errors import ExportError
from spinlab.export import project
from spinlab.host.runtime_config import RuntimeConfig, SqliteBackend
from tests.conftest import wat

TABLES = "CREATE TABLE IF NOT EXISTS notes (text);\n"


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[App]:
    """An app whose function may open the default store and two databases."""
    runtime = RuntimeConfig(sqlite_databases={"books": SqliteBackend(tmp_path / "books.db")})
    with App("keeper", state_dir=tmp_path / "notebook" / ".spin", runtime=runtime) as app:
        app.add(wat(key_value_stores=("default",), sqlite_databases=("default", "books")))
        app.kv()["key"] = "value"
        app.script(TABLES, name="migration.sql")
        app.sql("INSERT INTO notes VALUES ('kept')")
        yield app


def test_scripts_go_along_and_are_named_in_the_readme(keeper: App, tmp_path: Path) -> None:
    keeper.script(TABLES, database="books", name="books.sql")
    done = project(keeper, tmp_path / "out")
    assert done.scripts == ("@migration.sql", "@books.sql:books")
    assert (tmp_path / "out" / "migration.sql").read_text() == TABLES
    readme = (tmp_path / "out" / "README.md").read_text()
    assert "spin up --sqlite @migration.sql --sqlite @books.sql:books" in readme
    assert "CREATE TABLE IF NOT EXISTS" in readme
    assert "| `migration.sql` |" in readme


def test_scripts_of_one_name_for_two_databases_both_go_along(keeper: App, tmp_path: Path) -> None:
    keeper.script(TABLES, database="books", name="migration.sql")
    assert project(keeper, tmp_path / "out").scripts == ("@migration.sql", "@books-migration.sql:books")


def test_a_script_for_a_database_that_nobody_may_open_stays_here(keeper: App, tmp_path: Path) -> None:
    keeper.add(wat(key_value_stores=("default",)))
    done = project(keeper, tmp_path / "out")
    assert done.scripts == ()
    assert "migration.sql" not in done.files
    assert "--sqlite" not in (tmp_path / "out" / "README.md").read_text()


def test_data_stays_here_unless_it_is_asked_for(keeper: App, tmp_path: Path) -> None:
    assert project(keeper, tmp_path / "out").data == ()
    assert not (tmp_path / "out" / ".spin").exists()
    done = project(keeper, tmp_path / "out", with_data=True)
    assert sorted(done.data) == [".spin/sqlite_db.db", ".spin/sqlite_key_value.db"]
    with App("again", state_dir=tmp_path / "out" / ".spin") as again:
        assert again.kv()["key"] == b"value"
        assert again.sql("SELECT text FROM notes").value == "kept"


def test_data_of_somebody_elses_is_not_touched(keeper: App, tmp_path: Path) -> None:
    state = tmp_path / "out" / ".spin"
    state.mkdir(parents=True)
    with sqlite3.connect(state / "sqlite_db.db") as other:
        other.execute("CREATE TABLE theirs (a)")
    with pytest.raises(ExportError, match="has data of its own"):
        project(keeper, tmp_path / "out", with_data=True)
    assert not (tmp_path / "out" / "spin.toml").exists(), "the folder is as it was"
    project(keeper, tmp_path / "out", with_data=True, force=True)
    with App("again", state_dir=state) as again:
        assert again.sql("SELECT text FROM notes").value == "kept"


def test_an_export_into_the_notebooks_own_folder_leaves_the_data_where_it_is(keeper: App, tmp_path: Path) -> None:
    before = (tmp_path / "notebook" / ".spin" / "sqlite_db.db").stat().st_ino
    assert project(keeper, tmp_path / "notebook", with_data=True).data == ()
    assert (tmp_path / "notebook" / ".spin" / "sqlite_db.db").stat().st_ino == before
    assert keeper.kv()["key"] == b"value"


def test_a_later_export_without_data_leaves_the_data_there(keeper: App, tmp_path: Path) -> None:
    project(keeper, tmp_path / "out", with_data=True)
    keeper.script(TABLES, name="other.sql")
    project(keeper, tmp_path / "out")
    assert (tmp_path / "out" / ".spin" / "sqlite_db.db").exists()
    recorded = json.loads((tmp_path / "out" / ".spin" / ".spinlab-export.json").read_text())
    assert sorted(recorded) == ["sqlite_db.db", "sqlite_key_value.db"]
