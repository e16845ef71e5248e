"""Key-value stores for guests of WASI 0.2: Spin's own interface and `wasi:keyvalue`."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from spinlab.errors import LimitExceeded, SpinError
from spinlab.function import Limits
from spinlab.host import Caller, Effect, Host, Result
from tests.bridge.bench import Pieces, request, sandbox
from tests.bridge.stores import Later, Scripted, answers, bytes_of, real_host, run

GUEST = "stores2"


def test_a_store_keeps_what_is_set_until_it_is_deleted() -> None:
    box = sandbox(GUEST, host=real_host())
    assert run(box, "kv open | default", "kv get | a", "kv exists | a", "kv set | a | one", "kv get | a") == [
        "opened",
        "Ok(None)",
        "Ok(false)",
        "Ok(())",
        f"Ok(Some({bytes_of('one')}))",
    ]
    again = [
        "kv exists | a",
        "kv set | b | ",
        "kv keys",
        "kv delete | a",
        "kv delete | a",
        "kv keys",
    ]
    assert run(box, "kv open | default", *again)[1:] == [
        "Ok(true)",
        "Ok(())",
        'Ok(["a", "b"])',
        "Ok(())",
        "Ok(())",
        'Ok(["b"])',
    ]


def test_keys_may_hold_any_text_and_values_any_bytes() -> None:
    found = answers(
        GUEST, "kv open | default", "kv set | ü:;\x00 | Grüße\x01", "kv keys", "kv get | ü:;\x00", host=real_host()
    )
    assert found[2:] == ['Ok(["ü:;\\0"])', f"Ok(Some({bytes_of('Grüße' + chr(1))}))"]


def test_a_value_of_megabytes_comes_back() -> None:
    size = 5_000_000
    found = answers(GUEST, "kv open | default", f"kv fill | big | {size}", "kv size | big", host=real_host())
    assert found[1:] == ["Ok(())", f"Ok(Some({size}))"]


def test_a_value_of_a_hundred_megabytes_comes_back_where_there_is_memory_for_it() -> None:
    size = 100_000_000
    box = sandbox(GUEST, host=real_host(), limits=Limits(memory=640 << 20, timeout=60))
    assert run(box, "kv open | default", f"kv fill | big | {size}", "kv size | big")[1:] == [
        "Ok(())",
        f"Ok(Some({size}))",
    ]


def test_of_a_value_that_does_not_fit_into_memory_the_error_says_so() -> None:
    box = sandbox(GUEST, host=real_host(), limits=Limits(memory=64 << 20, timeout=60))
    response = box.handle(request("/", b"kv open\tdefault\nkv fill\tbig\t30000000"))
    assert isinstance(response.error, SpinError)
    assert "--memory" in response.error.hint
    assert run(box, "kv open | default", "kv exists | big")[1] == "Ok(false)"


def test_keys_that_come_in_parts_are_listed_whole(tmp_path: Path) -> None:
    box = sandbox(GUEST, host=real_host(tmp_path))
    pairs = " | ".join(f"key {n} | x" for n in range(2500))
    assert run(box, "wasi open | default", f"wasi set-many | {pairs}", "kv open | default", "kv count")[1:] == [
        "Ok(())",
        "opened",
        "Ok(2500)",
    ]


def test_wasi_keyvalue_reaches_the_same_stores() -> None:
    found = answers(
        GUEST,
        "kv open | default",
        "kv set | a | one",
        "wasi open | default",
        "wasi get | a",
        "wasi set | b | two",
        "wasi exists | b",
        "wasi list",
        "wasi delete | b",
        "wasi get | b",
        host=real_host(),
    )
    assert found[3:] == [
        f"Ok(Some({bytes_of('one')}))",
        "Ok(())",
        "Ok(true)",
        'Ok(KeyResponse { keys: ["a", "b"], cursor: None })',
        "Ok(())",
        "Ok(None)",
    ]


def test_a_number_is_incremented() -> None:
    lines = ["wasi increment | n | 5", "wasi increment | n | -7", "wasi get | n"]
    found = answers(GUEST, "wasi open | default", *lines, host=real_host())
    assert found[1:] == ["Ok(5)", "Ok(-2)", f"Ok(Some({list((-2).to_bytes(8, 'little', signed=True))}))"]


def test_a_swap_succeeds_only_while_nobody_else_has_changed_the_value() -> None:
    found = answers(
        GUEST,
        "wasi open | default",
        "wasi look | a",
        "wasi current",
        "wasi swap | one",
        "wasi look | a",
        "wasi set | a | other",
        "wasi current",
        "wasi swap | two",
        "wasi swap | two",
        "wasi get | a",
        host=real_host(),
    )
    assert found[1:] == [
        "opened",
        "Some(Ok(None))",
        "Ok(())",
        "opened",
        "Ok(())",
        f"Some(Ok(Some({bytes_of('one')})))",
        f"failed, now Ok(Some({bytes_of('other')}))",
        "Ok(())",
        f"Ok(Some({bytes_of('two')}))",
    ]


def test_several_keys_are_read_written_and_deleted_at_once() -> None:
    found = answers(
        GUEST,
        "wasi open | default",
        "wasi set-many | a | 1 | b | 2",
        "wasi get-many | b | c | a",
        "wasi delete-many | a | c",
        "wasi get-many | a | b",
        host=real_host(),
    )
    assert found[1:] == [
        "Ok(())",
        'Ok([("b", Some([50])), ("c", None), ("a", Some([49]))])',
        "Ok(())",
        'Ok([("a", None), ("b", Some([50]))])',
    ]


def test_a_label_that_is_not_granted_is_refused_in_each_interface() -> None:
    box = sandbox(GUEST, host=real_host())
    lines = [f"{family} open | secret" for family in ("kv", "wasi", "sqlite", "sqlite3")]
    assert run(box, *lines) == ["Err(Error::AccessDenied)"] * 4


@pytest.mark.parametrize(
    ("name", "kv", "wasi"),
    [
        ("access-denied", "AccessDenied", "AccessDenied"),
        ("no-such-store", "NoSuchStore", "NoSuchStore"),
        ("store-table-full", "StoreTableFull", 'Other("as the host says")'),
        ("other", 'Other("as the host says")', 'Other("as the host says")'),
        ("internal-error", 'Other("as the host says")', 'Other("as the host says")'),
    ],
)
def test_errors_of_a_store_are_told_in_the_words_of_each_interface(name: str, kv: str, wasi: str) -> None:
    failing = Result.error(name, "as the host says")
    ops = [
        "get",
        "set",
        "delete",
        "exists",
        "keys",
        "increment",
        "swap",
        "get-many",
        "set-many",
        "delete-many",
        "list-keys",
    ]
    script = Scripted({"key-value.open": [Result()], **{f"key-value.{op}": [failing] for op in ops}})
    lines = ["kv get | a", "kv set | a | b", "kv delete | a", "kv exists | a", "kv keys"]
    theirs = ["wasi get | a", "wasi list", "wasi look | a", "wasi increment | a | 1", "wasi get-many | a"]
    theirs += [
        "wasi set-many | a | b",
        "wasi delete-many | a",
        "wasi exists | a",
        "wasi set | a | b",
        "wasi delete | a",
    ]
    found = answers(GUEST, "kv open | default", "wasi open | default", *lines, *theirs, host=script.host("key-value"))
    assert set(found[2 : 2 + len(lines)]) == {f"Err(Error::{kv})"}
    assert set(found[2 + len(lines) :]) == {f"Err(Error::{wasi})"}


def test_an_answer_that_is_none_is_an_error_and_not_a_crash() -> None:
    script = Scripted({"key-value.open": [Result()], "key-value.keys": [Result(data=b"l9:")]})
    found = answers(GUEST, "kv open | default", "kv keys", host=script.host("key-value"))
    assert found[1] == "Err(Error::Other(\"the host's answer can't be read\"))"


def test_a_call_that_never_ends_ends_with_the_request() -> None:
    never = Later()
    script = Scripted({"key-value.open": [Result()], "key-value.get": [never]})
    box = sandbox(GUEST, host=script.host("key-value"), limits=Limits(timeout=0.2))
    response = box.handle(request("/", b"kv open\tdefault\nkv get\ta"))
    assert isinstance(response.error, LimitExceeded)
    assert never.cancelled


def test_what_is_written_goes_out_before_the_guest_waits_for_a_store() -> None:
    value = Later()

    def slow(op: str, args: str, data: bytes, call: Caller) -> Result | Effect:
        return Result() if op == "key-value.open" else value

    wrote = threading.Event()

    class Watched(Pieces):
        def write(self, data: bytes) -> bool:
            super().write(data)
            wrote.set()
            return True

    sink = Watched()
    box = sandbox(GUEST, host=Host({"key-value": slow}))
    call = box.submit(request("/events", b"kv open\tdefault\nkv get\ta"), sink)
    assert wrote.wait(30)
    assert sink.pieces == [b"data: first\n\n"]
    assert not call.done.is_set()
    value.finish(Result(head="none"))
    assert call.done.wait(30)
    assert b"".join(sink.pieces) == b"data: first\n\ndata: second\n\n"
