"""SQLite for guests of WASI 0.2, through both versions of its interface."""

from __future__ import annotations

from pathlib import Path

import pytest

from spinlab.host import Result
from spinlab.host.pack import pack
from tests.bridge.bench import sandbox
from tests.bridge.stores import Later, Scripted, answers, opened, real_host, run

GUEST = "stores2"


@pytest.mark.parametrize("version", ["sqlite", "sqlite3"])
def test_a_statement_gives_columns_and_rows_of_every_kind_of_value(version: str, tmp_path: Path) -> None:
    values = "i-9223372036854775808 | r0.1 | sGrüße | bff00 | n"
    found = answers(
        GUEST,
        f"{version} open | default",
        f"{version} execute | create table t (a, b, c, d, e)",
        f"{version} execute | insert into t values (?, ?, ?, ?, ?) | {values}",
        f"{version} execute | select *, 1.0 as f from t",
        f"{version} execute | select a from t where 0",
        host=real_host(tmp_path),
    )
    assert found[:3] == ["opened", "[] []", "[] []"]
    row = (
        '[Value::Integer(-9223372036854775808), Value::Real(0.1), Value::Text("Grüße"), Value::Blob([255, 0]), '
        "Value::Null, Value::Real(1.0)]"
    )
    assert found[3:] == [f'["a", "b", "c", "d", "e", "f"] [{row}]', '["a"] []']


def test_rows_that_come_in_parts_are_one_result(tmp_path: Path) -> None:
    many = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000) select i, hex(i) from n"
    found = answers(GUEST, "sqlite open | default", f"sqlite count | {many}", host=real_host(tmp_path))
    assert found[1] == "Ok(20000)"


def test_a_database_tells_its_last_row_and_how_many_rows_changed(tmp_path: Path) -> None:
    found = answers(
        GUEST,
        "sqlite3 open | default",
        "sqlite3 execute | create table t (a)",
        "sqlite3 execute | insert into t values (1), (2), (3)",
        "sqlite3 rowid",
        "sqlite3 changes",
        host=real_host(tmp_path),
    )
    assert found[3:] == ["3", "3"]


def test_a_wrong_statement_is_the_databases_own_error(tmp_path: Path) -> None:
    found = answers(GUEST, "sqlite open | default", "sqlite execute | selec 1", host=real_host(tmp_path))
    assert found[1].startswith('Error::Io("')
    assert "selec" in found[1]


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("access-denied", "AccessDenied"),
        ("no-such-database", "NoSuchDatabase"),
        ("invalid-connection", "InvalidConnection"),
        ("database-full", "DatabaseFull"),
        ("io", 'Io("as the host says")'),
        ("internal-error", 'Io("as the host says")'),
    ],
)
def test_errors_of_a_database_are_told_in_the_interfaces_own_words(name: str, error: str) -> None:
    failing = Result.error(name, "as the host says")
    script = Scripted({"sqlite.open": [opened(), opened()], "sqlite.execute": [failing]})
    lines = ["sqlite open | default", "sqlite execute | x", "sqlite3 open | default", "sqlite3 execute | x"]
    assert answers(GUEST, *lines, host=script.host("sqlite"))[1::2] == [f"Error::{error}"] * 2


def test_a_database_that_fails_in_the_middle_of_a_result_is_an_error_of_the_whole() -> None:
    first = opened(head="more", item=[["a"], [[1]]])
    script = Scripted(
        {"sqlite.open": [opened()], "sqlite.execute": [first], "sqlite.next": [Result.error("io", "disk I/O error")]}
    )
    found = answers(GUEST, "sqlite open | default", "sqlite execute | x", host=script.host("sqlite"))
    assert found[1] == 'Error::Io("disk I/O error")'
    assert isinstance(first, Later)
    assert first.cancelled


def test_what_an_instance_kept_from_an_earlier_request_is_opened_again(tmp_path: Path) -> None:
    box = sandbox(GUEST, host=real_host(tmp_path), reuse=100)
    run(box, "sqlite3 open | default", "kv open | default", "sqlite3 execute | create table t (a)", "kv set | a | 1")
    for _ in range(3):
        found = run(box, "sqlite3 execute | insert into t values (1)", "sqlite3 rowid", "kv get | a", "kv keys")
        assert found[0] == "[] []"
        assert int(found[1]) > 0
        assert found[2:] == ["Ok(Some([49]))", 'Ok(["a"])']


def test_it_is_opened_again_the_same_way_and_once() -> None:
    script = Scripted(
        {
            "sqlite.open": [opened(), opened(), opened()],
            "sqlite.execute": [Result.error("gone"), Result.error("gone"), Result(head="whole", data=pack([[], []]))],
        }
    )
    found = answers(
        GUEST, "sqlite open | default", "sqlite execute | x", "sqlite execute | x", host=script.host("sqlite")
    )
    assert found[1:] == ['Error::Io("gone")', "[] []"]
    assert [args for op, args, _ in script.asked if op == "sqlite.open"] == ["default", "default"]


def test_what_is_dropped_is_closed() -> None:
    connection = opened()
    script = Scripted({"sqlite.open": [connection]})
    host = script.host("sqlite")
    assert answers(GUEST, "sqlite3 open | default", "sqlite3 close", host=host) == ["opened", "closed"]
    assert isinstance(connection, Later)
    assert connection.cancelled
