"""Key-value stores through the flat interface: what a guest gets, what is in the file, what happens in trouble."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from spinlab.errors import ManifestError
from spinlab.function import Function
from spinlab.host import Services
from spinlab.host.effect import Result
from spinlab.host.key_value import KeyValue
from spinlab.host.key_value_sqlite import SqliteStore
from spinlab.host.pack import Item
from spinlab.host.runtime_config import KeyValueBackend, RuntimeConfig
from spinlab.host.sqlite_file import Place
from spinlab.host.waiting import result_of
from tests.host.requests import Answer, Asking

FUNCTION = Function("hello", "", key_value_stores=("default",))
MIB = 1 << 20


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / ".spin"


@pytest.fixture(params=["file", "memory"])
def services(request: pytest.FixtureRequest, state: Path) -> Iterator[Services]:
    made = Services(state_dir=state if request.param == "file" else None)
    yield made
    made.close()


def ask(services: Services, op: str, *items: Item, label: str = "default", function: Function = FUNCTION) -> Answer:
    with Asking(function, services) as asking:
        return asking.ask(f"key-value.{op}", label, *items)


def keys(services: Services, function: Function = FUNCTION, label: str = "default") -> list[list[str]]:
    """All keys, part by part."""
    with Asking(function, services) as asking:
        answer = asking.ask("key-value.keys", label)
        parts = [answer.items]
        while answer.head == "more":
            answer = Answer(answer.number, *asking.ask("key-value.next", str(answer.number))[1:])
            parts.append(answer.items)
    return parts  # type: ignore[return-value]


def file(state: Path) -> sqlite3.Connection:
    return sqlite3.connect(state / "sqlite_key_value.db")


def test_a_value_comes_back_and_a_missing_one_is_none(services: Services) -> None:
    assert ask(services, "open").error == ""
    assert ask(services, "get", "a").head == "none"
    ask(services, "set", "a", b"\0\xff")
    found = ask(services, "get", "a")
    assert (found.head, found.data) == ("some", b"\0\xff")
    ask(services, "set", "a", b"")
    assert ask(services, "get", "a")[1:3] == ("some", b"")
    assert [ask(services, "exists", key).head for key in ("a", "b")] == ["true", "false"]
    ask(services, "delete", "a")
    assert ask(services, "delete", "never-there").error == ""
    assert ask(services, "get", "a").head == "none"


def test_increment_counts_from_zero_and_refuses_what_is_no_counter(services: Services) -> None:
    assert [ask(services, "increment", "n", delta).head for delta in (5, -7, 2**63 - 1)] == ["5", "-2", str(2**63 - 3)]
    assert "64 bits" in ask(services, "increment", "n", 5).message
    ask(services, "set", "text", b"12")
    assert ask(services, "increment", "text", 1).error == "other"
    assert ask(services, "get", "text").data == b"12"


def test_increments_from_many_threads_are_all_counted(services: Services) -> None:
    def count() -> None:
        for _ in range(25):
            assert ask(services, "increment", "n", 1).error == ""

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ask(services, "increment", "n", 0).head == "200"


def test_swap_changes_only_what_was_seen(services: Services) -> None:
    assert ask(services, "swap", "a", None, b"1").head == "done"
    failed = ask(services, "swap", "a", None, b"2")
    assert (failed.head, failed.items) == ("failed", [b"1"])
    assert ask(services, "swap", "a", b"1", b"3").head == "done"
    assert ask(services, "get", "a").data == b"3"


def test_batches_set_get_and_delete_in_one_step(services: Services) -> None:
    ask(services, "set-many", ["a", b"1"], ["b", b"2"])
    assert ask(services, "get-many", "b", "x", "a").items == [b"2", None, b"1"]
    ask(services, "delete-many", "a", "x")
    assert ask(services, "get-many", "a", "b").items == [None, b"2"]


class Watched(list[Item]):
    """A pair that knows which threads have looked at it."""

    def __init__(self, *items: Item) -> None:
        super().__init__(items)
        self.threads: set[str] = set()

    def __iter__(self) -> Iterator[Item]:
        self.threads.add(threading.current_thread().name)
        return super().__iter__()


@pytest.mark.parametrize(("size", "here"), [(100, True), (2 << 20, False)])
def test_a_batch_with_much_in_it_is_not_written_on_the_guests_thread(size: int, here: bool) -> None:
    store, pair = SqliteStore(Place.of(None)), Watched("key", b"x" * size)
    done = store.begin("default", "set-many", [pair], lambda error: Result.error("other", str(error)))
    assert result_of(done) == Result()
    assert any(name.startswith("spinlab-stores") for name in pair.threads) is not here
    store.close()


def test_a_list_of_keys_has_no_cursor_as_in_spin(services: Services) -> None:
    ask(services, "set-many", ["b", b"1"], ["a", b"2"])
    assert ask(services, "list-keys", None).items == [["a", "b"], None]
    assert ask(services, "list-keys", "a").message == "list_keys: cursor not supported"


def test_ten_thousand_keys_come_in_parts(services: Services) -> None:
    names = [f"key-{n:05}" for n in range(10_000)]
    ask(services, "set-many", *([name, b"x"] for name in names))
    parts = keys(services)
    assert [name for part in parts for name in part] == names
    assert len(parts) > 5


def test_a_value_of_100_mb_works_and_a_larger_one_is_refused_when_read(services: Services) -> None:
    value = os.urandom(MIB) * 100
    assert ask(services, "set", "large", value).error == ""
    assert ask(services, "get", "large").data == value
    ask(services, "set", "larger", bytes(128 * MIB))
    refused = ask(services, "get", "larger")
    assert (refused.error, refused.message) == ("other", "query result exceeds limit of 134217728 bytes")


def test_a_label_that_is_not_granted_is_denied_and_told(services: Services) -> None:
    with Asking(FUNCTION, services) as asking:
        assert asking.ask("key-value.open", "else").error == "access-denied"
        assert asking.ask("key-value.get", "else", "a").error == "access-denied"
        (denied,) = asking.context.denied
        assert (denied.option, denied.manifest) == ("--kv else", 'key_value_stores = ["else"]')
        assert [call.outcome for call in asking.calls] == ["denied", "denied"]


def test_functions_with_one_label_share_the_store_and_labels_of_one_file_do_not(tmp_path: Path) -> None:
    place = KeyValueBackend("spin", path=tmp_path / "all.db")
    services = Services(runtime=RuntimeConfig(key_value_stores={"one": place, "two": place}))
    both = Function("both", "", key_value_stores=("one", "two"))
    ask(services, "set", "k", b"1", label="one", function=both)
    other = Function("other", "", key_value_stores=("one",))
    assert ask(services, "get", "k", label="one", function=other).data == b"1"
    assert ask(services, "get", "k", label="two", function=both).head == "none"
    services.close()


def test_the_file_has_spins_table_and_any_sqlite_reads_it(state: Path) -> None:
    services = Services(state_dir=state)
    ask(services, "set", "k", b"v")
    ask(services, "increment", "n", 258)
    services.close()
    with file(state) as found:
        assert found.execute("PRAGMA table_info(spin_key_value)").fetchall() == [
            (0, "store", "TEXT", 1, None, 1),
            (1, "key", "TEXT", 1, None, 2),
            (2, "value", "BLOB", 1, None, 0),
        ]
        assert found.execute("SELECT * FROM spin_key_value ORDER BY key").fetchall() == [
            ("default", "k", b"v"),
            ("default", "n", (258).to_bytes(8, "little")),
        ]
        assert found.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_what_another_program_wrote_is_read(state: Path) -> None:
    services = Services(state_dir=state)
    ask(services, "set", "k", b"v")
    with file(state) as other:
        other.execute("INSERT INTO spin_key_value VALUES ('default', 'text', 'Grüße')")
    assert ask(services, "get", "text").data == "Grüße".encode()
    services.close()


def test_reading_makes_no_file(state: Path) -> None:
    services = Services(state_dir=state)
    assert ask(services, "open").error == ""
    assert ask(services, "get", "a").head == "none"
    assert keys(services) == [[]]
    assert not state.exists()
    services.close()


def test_a_folder_that_was_removed_is_made_again(state: Path) -> None:
    services = Services(state_dir=state)
    ask(services, "set", "k", b"v")
    (state / "sqlite_key_value.db").unlink()
    assert ask(services, "get", "k").head == "none"
    ask(services, "set", "k", b"w")
    assert file(state).execute("SELECT value FROM spin_key_value").fetchall() == [(b"w",)]
    services.close()


def test_two_processes_on_one_file_lose_nothing(state: Path) -> None:
    # Two services have two connections, as two kernels do; SQLite tells them apart by the connection alone.
    pair = [Services(state_dir=state), Services(state_dir=state)]

    def count(services: Services) -> None:
        for _ in range(25):
            assert ask(services, "increment", "n", 1).error == ""

    threads = [threading.Thread(target=count, args=(services,)) for services in pair]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ask(pair[0], "increment", "n", 0).head == "50"
    for services in pair:
        services.close()


def test_a_lock_of_another_program_is_waited_for(state: Path) -> None:
    services = Services(state_dir=state)
    ask(services, "set", "k", b"v")
    other = file(state)
    other.execute("BEGIN EXCLUSIVE")
    with Asking(FUNCTION, services) as asking:
        begun = [asking.begin("key-value.set", "default", "k", b"w"), asking.begin("key-value.get", "default", "k")]
        assert [status for _, status, _, _ in begun] == [0, 0], "neither blocked and both wait"
        other.commit()
        assert [asking.end(one).error for one in begun] == ["", ""]
    assert ask(services, "get", "k").data == b"w"
    services.close()


def test_a_lock_that_stays_is_the_guests_error_and_the_users_line(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spinlab.host.pool.PATIENCE", 0.2)
    services = Services(state_dir=state)
    ask(services, "set", "k", b"v")
    other = file(state)
    other.execute("BEGIN EXCLUSIVE")
    with Asking(FUNCTION, services) as asking:
        for _ in range(2):
            failed = asking.ask("key-value.set", "default", "k", b"w")
            assert (failed.error, failed.message) == ("other", "database is locked")
        (line,) = [one.text for one in asking.context.written.lines()]
        assert "is locked by another program or kernel" in line
    other.rollback()
    assert ask(services, "set", "k", b"w").error == ""
    services.close()


def test_a_cancelled_wait_ends_at_once_and_changes_nothing(state: Path) -> None:
    services = Services(state_dir=state)
    ask(services, "set", "k", b"v")
    other = file(state)
    other.execute("BEGIN EXCLUSIVE")
    with Asking(FUNCTION, services) as asking:
        number, *_ = asking.begin("key-value.set", "default", "k", b"w")
        asking.context.cancel(number)
    other.rollback()
    assert ask(services, "get", "k").data == b"v"
    services.close()


def test_a_file_that_is_no_database_is_named_with_the_remedy(state: Path) -> None:
    state.mkdir()
    (state / "sqlite_key_value.db").write_bytes(b"this is no database at all, but long enough to be looked at" * 50)
    services = Services(state_dir=state)
    with Asking(FUNCTION, services) as asking:
        failed = asking.ask("key-value.get", "default", "k")
        assert (failed.error, failed.message) == ("other", "file is not a database")
        assert str(state) not in failed.message
        (line,) = [one.text for one in asking.context.written.lines()]
        assert str(state) in line
        assert "%spin reset --kv default" in line
    services.close()


def test_a_store_without_its_folder_is_the_guests_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    services = Services(state_dir=tmp_path / "file" / ".spin")
    with Asking(FUNCTION, services) as asking:
        assert asking.ask("key-value.set", "default", "k", b"v").error == "other"
        assert "can't be used" in asking.context.written.lines()[0].text
    services.close()


def test_a_full_store_is_the_guests_error_and_reads_go_on(state: Path) -> None:
    services = Services(state_dir=state)
    ask(services, "set", "k", b"v")
    store = services.stores.find("default")
    store.use(lambda con: con.execute("PRAGMA max_page_count = 8"), writes=True)  # type: ignore[union-attr]
    with Asking(FUNCTION, services) as asking:
        failed = asking.ask("key-value.set", "default", "large", bytes(MIB))
        assert (failed.error, failed.message) == ("other", "database or disk is full")
        assert "there is no room" in asking.context.written.lines()[0].text
        assert asking.ask("key-value.get", "default", "k").data == b"v"
    services.close()


def test_keys_that_were_listed_in_an_earlier_request_are_gone(services: Services) -> None:
    with Asking(FUNCTION, services) as asking:
        assert asking.ask("key-value.next", "12345").error == "gone"
        assert asking.ask("key-value.next", "nonsense").error == "gone"


def test_a_label_without_a_store_is_refused_when_it_is_granted() -> None:
    function = Function("a_function", "", key_value_stores=("default", "cache"))
    with pytest.raises(ManifestError) as found:
        KeyValue.check(function, Services())
    assert found.value.message == 'unknown key_value_stores label "cache" for component "a-function"'
    assert "[key_value_store.cache]" in found.value.hint
    configured = RuntimeConfig(key_value_stores={"cache": KeyValueBackend("spin")})
    KeyValue.check(function, Services(runtime=configured))


def test_nothing_of_a_key_or_value_is_told(services: Services) -> None:
    with Asking(FUNCTION, services) as asking:
        asking.ask("key-value.set", "default", "private-key", b"private-value")
        asking.ask("key-value.get", "default", "private-key")
        assert "private" not in repr(asking.calls)
        assert [(call.operation, call.target) for call in asking.calls] == [("set", "default"), ("get", "default")]
