"""Stores, databases and variables that are not as a function needs them: its own error, a line for its author, no harm.

What each capability does with every bad input is tried in ``tests/host`` and ``tests/bridge``; here the whole way is
gone, from a Python cell to what its author reads.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from spinlab.errors import ManifestError
from spinlab.function import MIB, Limits
from tests.bad_input.scene import Scene, said, scene
from tests.magics.conftest import Kernel

KEEPS = """
with key_value.open_default() as store:
    store.set("key", b"value")
    return store.get("key")
"""
KEEPS_3 = """
with await key_value.open_default() as store:
    await store.set("key", b"value")
    return await store.get("key")
"""
WRITES = """
with sqlite.open_default() as db:
    db.execute("create table if not exists t (n)", [])
    db.execute("insert into t values (1)", [])
return "written"
"""
WRITES_3 = """
with await sqlite.Connection.open_default() as db:
    await db.execute("create table if not exists t (n)", [])
    await db.execute("insert into t values (1)", [])
return "written"
"""
READS = """
with sqlite.open_default() as db:
    return str(len(db.execute("select * from t", []).rows))
"""
KV, SQL = {"key_value_stores": ("default",)}, {"sqlite_databases": ("default",)}
FILES = {"--kv default": "sqlite_key_value.db", "--sqlite default": "sqlite_db.db"}
BOTH = pytest.mark.parametrize(
    ("body", "wasi", "grant", "option", "error"),
    [
        (KEEPS, "0.2", KV, "--kv default", "Error_Other"),
        (KEEPS_3, "0.3", KV, "--kv default", "Error_Other"),
        (WRITES, "0.2", SQL, "--sqlite default", "Error_Io"),
        (WRITES_3, "0.3", SQL, "--sqlite default", "Error_Io"),
    ],
    ids=["store", "store-0.3", "database", "database-0.3"],
)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Where the stores of a scene are."""
    return tmp_path / ".spin"


@pytest.fixture
def stage(state: Path) -> Iterator[Scene]:
    """A scene whose stores are files."""
    with scene(state) as made:
        yield made


@BOTH
def test_a_label_that_is_not_granted_is_denied_and_its_grant_named(
    stage: Scene, body: str, wasi: str, grant: dict[str, tuple[str]], option: str, error: str
) -> None:
    stage.add(body, wasi)
    answer = stage.fails("Error_AccessDenied")
    assert [denied.option for denied in answer.denied] == [option]
    assert said(answer, f"add '{next(iter(grant))} = [\"default\"]' to the manifest component section")
    stage.raises("Error_AccessDenied")


@pytest.mark.parametrize(
    ("grant", "message"),
    [
        ({"key_value_stores": ("other",)}, 'unknown key_value_stores label "other" for component "bad"'),
        ({"sqlite_databases": ("other",)}, "Component bad uses database 'other'"),
    ],
)
def test_a_label_without_a_backend_is_refused_and_the_old_revision_serves(
    stage: Scene, grant: dict[str, tuple[str]], message: str
) -> None:
    stage.add(KEEPS, **KV)
    with pytest.raises(ManifestError) as found:
        stage.add(KEEPS, **grant)
    assert message in found.value.message
    assert "define the" in found.value.hint
    assert stage.app.get("/bad").text == "value"
    stage.lives_on()


@BOTH
def test_a_file_that_another_program_locks_is_waited_for_and_then_named(
    stage: Scene,
    state: Path,
    monkeypatch: pytest.MonkeyPatch,
    body: str,
    wasi: str,
    grant: dict[str, tuple[str]],
    option: str,
    error: str,
) -> None:
    monkeypatch.setattr("spinlab.host.pool.PATIENCE", 0.2)
    stage.add(body, wasi, **grant)
    assert stage.app.get("/bad").status == 200
    other = sqlite3.connect(state / FILES[option], isolation_level=None)
    other.execute("begin exclusive")
    answer = stage.fails(f"{error} database is locked")
    assert said(answer, "is locked by another program or kernel; it can be used again when that one is done")
    other.rollback()
    other.close()
    assert stage.app.get("/bad").status == 200


@BOTH
def test_a_file_that_is_damaged_is_named_with_the_way_to_begin_anew(
    stage: Scene, state: Path, body: str, wasi: str, grant: dict[str, tuple[str]], option: str, error: str
) -> None:
    state.mkdir()
    (state / FILES[option]).write_bytes(b"this is no database" * 500)
    stage.add(body, wasi, **grant)
    answer = stage.fails(f"{error} file is not a database")
    assert said(answer, f"{FILES[option]} is damaged (file is not a database); %spin reset {option} starts it anew")
    stage.raises("file is not a database")


@BOTH
def test_a_file_that_can_only_be_read_is_named_with_the_remedy(
    stage: Scene, state: Path, body: str, wasi: str, grant: dict[str, tuple[str]], option: str, error: str
) -> None:
    stage.add(body, wasi, **grant)
    assert stage.app.get("/bad").status == 200
    stage.app.services.close()
    with (state / FILES[option]).open("r+b") as file:
        file.seek(18)
        file.write(b"\x03")  # a format that SQLite may read and not write; permissions don't hold root back
    answer = stage.fails(f"{error} attempt to write a readonly database")
    assert said(answer, "is read-only; make the file and its folder writable")


def test_a_store_without_room_is_an_error_and_what_it_holds_stays(stage: Scene) -> None:
    stage.add("with key_value.open_default() as store:\n    store.set('large', bytes(1 << 20))", **KV)
    stage.app.kv()["key"] = b"value"
    store = stage.app.services.stores.find("default")
    store.use(lambda connection: connection.execute("pragma max_page_count = 8"), writes=True)  # type: ignore[union-attr]
    answer = stage.fails("Error_Other database or disk is full")
    assert said(answer, "there is no room")
    assert stage.app.kv()["key"] == b"value"


def test_a_database_without_room_is_full(stage: Scene) -> None:
    stage.add(
        """
        with sqlite.open_default() as db:
            db.execute("create table if not exists t (n)", [])
            db.execute("pragma max_page_count = 10", [])
            db.execute("insert into t values (zeroblob(1000000))", [])
        """,
        **SQL,
    )
    assert said(stage.fails("Error_DatabaseFull"), "there is no room")


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        ("create table a (n); drop table a", "Error_Io Multiple statements provided"),
        ("attach 'other.db' as other", "Error_Io not authorized"),
        ("selekt 1", 'Error_Io near "selekt": syntax error'),
    ],
)
def test_a_statement_that_is_not_one_statement_is_an_error_of_the_database(
    stage: Scene, statement: str, error: str
) -> None:
    stage.add(f'with sqlite.open_default() as db:\n    db.execute("{statement}", [])', **SQL)
    stage.fails(error)
    stage.raises(error.partition(" ")[2].partition('"')[0])
    assert stage.app.sql("select count(*) as n from sqlite_master").rows == ((0,),)


def test_a_database_that_breaks_in_the_middle_of_a_result_is_an_error_of_the_whole(stage: Scene, state: Path) -> None:
    stage.app.sql("create table t (n, filler)")
    stage.app.sql(
        "insert into t with recursive c(n) as (select 1 union all select n + 1 from c where n < 200) "
        "select n, zeroblob(100000) from c"
    )
    stage.app.services.close()
    path = state / FILES["--sqlite default"]
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)
    stage.add(READS, **SQL)
    answer = stage.fails("Error_Io database disk image is malformed")
    assert said(answer, "is damaged")


def test_rows_that_a_guest_leaves_unread_hold_up_nobody(stage: Scene) -> None:
    stage.app.sql("create table t (n)")
    stage.add(
        """
        with await sqlite.Connection.open_default() as db:
            await db.execute("with recursive c(n) as (select 1 union all select n + 1 from c) select n from c", [])
            return "left"
        """,
        "0.3",
        **SQL,
    )
    for _ in range(3):
        assert stage.app.get("/bad").text == "left"
        assert stage.app.sql("insert into t values (1)").rows == ()
    stage.lives_on()


def test_ten_thousand_keys_and_a_value_of_100_mb_are_had_where_there_is_memory_for_them(stage: Scene) -> None:
    store = stage.app.kv()
    store.update({f"key {n}": b"" for n in range(10_000)})
    store["large"] = bytes(100 * MIB)
    body = "with key_value.open_default() as store:\n    return f'{len(store.get_keys())} {len(store.get(\"large\"))}'"
    stage.add(body, limits=Limits(memory=1 << 30), **KV)
    assert stage.app.get("/bad").text == f"10001 {100 * MIB}"
    stage.add(body, limits=Limits(memory=128 * MIB), **KV)
    answer = stage.app.get("/bad")
    assert answer.status in (418, 500)
    assert "memory" in answer.text + str(answer.error), answer
    stage.lives_on()


def test_a_thousand_connections_of_one_request_are_refused_and_let_go(stage: Scene) -> None:
    stage.add("opened = [sqlite.open_default() for _ in range(1000)]\nreturn 'all'", **SQL)
    stage.fails("Error_Io too many connections opened")
    stage.add(READS.replace("select * from t", "select 1"), **SQL)
    assert stage.app.get("/bad").text == "1"


def test_two_kernels_on_one_store_see_each_others_values_and_lose_none(tmp_path: Path) -> None:
    cell = (
        "%%spin {0} --kv default --sqlite default\nfrom spin_sdk import key_value, sqlite\n"
        "def handle(request):\n    with key_value.open_default() as store, sqlite.open_default() as db:\n"
        "        db.execute('create table if not exists t (n)', [])\n"
        "        for n in range(50):\n            store.set(f'{0} {{n}}', b'value')\n"
        "            db.execute('insert into t values (1)', [])\n"
        "        return str(len(store.get_keys()))\n"
    )
    kernels = [Kernel({"JPY_SESSION_NAME": str(tmp_path / f"{name}.ipynb")}) for name in ("a", "b")]
    try:
        for name, kernel in zip("ab", kernels, strict=True):
            kernel.run("%load_ext spinlab").ok()
            kernel.run(cell.format(f"counts-{name}")).ok()
        sent = [kernel.send(f"%spin get /counts-{name}") for name, kernel in zip("ab", kernels, strict=True)]
        for kernel, message in zip(kernels, sent, strict=True):
            assert "200 OK" in kernel.finish(message).ok().text
        for kernel in kernels:
            code = "import spinlab; a = spinlab.current_app(); len(a.kv()), a.sql('select count(*) from t').rows"
            assert "(100, ((100,),))" in kernel.run(code).ok().text
    finally:
        for kernel in kernels:
            kernel.close()


def test_a_required_variable_without_a_value_is_an_error_until_it_has_one(stage: Scene) -> None:
    stage.add("return variables.get('token')", variables={"token": "{{ token }}"})
    answer = stage.fails('Error_Provider no provider resolved required variable "token"')
    assert said(answer, "set it with %spin var token=VALUE")
    stage.app.set_variable("token", "t0p", secret=True)
    assert stage.app.get("/bad").status == 200


def test_a_variable_that_is_not_granted_is_undefined_and_its_grant_named(stage: Scene) -> None:
    stage.app.set_variable("token", "value")
    stage.add("return variables.get('token')")
    answer = stage.fails("Error_Undefined")
    assert [denied.option for denied in answer.denied] == ["--var token"]


@pytest.mark.parametrize("grant", [{"variables": {"a": "{{"}}, {"allowed_outbound_hosts": ("http://{{ a",)}])
def test_a_template_that_is_left_open_is_refused_and_the_old_revision_serves(
    stage: Scene, grant: dict[str, object]
) -> None:
    stage.add(KEEPS, **KV)
    with pytest.raises(ManifestError, match=r"unmatched '{{' in template") as found:
        stage.add(KEEPS, **grant)
    assert "close it with }}" in found.value.hint
    assert stage.app.get("/bad").text == "value"
    stage.lives_on()
