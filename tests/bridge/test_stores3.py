"""Stores, databases and variables for guests of WASI 0.3: the asynchronous interfaces."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from spinlab.errors import LimitExceeded
from spinlab.function import Limits
from spinlab.host import Caller, Effect, Host, Result
from spinlab.host.pack import pack
from tests.bridge.bench import Pieces, request, sandbox
from tests.bridge.stores import Later, Scripted, answers, bytes_of, opened, real_host, run

GUEST = "stores3"


def test_a_store_keeps_what_is_set_until_it_is_deleted() -> None:
    box = sandbox(GUEST, host=real_host(), reuse=100)
    assert run(box, "kv open | default", "kv get | a", "kv exists | a", "kv set | a | one", "kv get | a") == [
        "opened",
        "Ok(None)",
        "Ok(false)",
        "Ok(())",
        f"Ok(Some({bytes_of('one')}))",
    ]
    again = ["kv exists | a", "kv set | b | ", "kv keys", "kv delete | a", "kv delete | a", "kv keys"]
    assert run(box, *again) == ["Ok(true)", "Ok(())", '["a", "b"] Ok(())', "Ok(())", "Ok(())", '["b"] Ok(())']


def test_ten_thousand_keys_are_streamed() -> None:
    keys = [f"key {n}" for n in range(10_000)]
    first, rest = opened(head="more", item=[]), [keys[n : n + 1000] for n in range(0, 10_000, 1000)]
    parts: list[Result | Effect] = [Result(head="more", data=pack(part)) for part in rest]
    script = Scripted(
        {
            "key-value.open": [Result()],
            "key-value.keys": [first],
            "key-value.next": [*parts, Result(head="whole", data=pack([]))],
        }
    )
    found = answers(GUEST, "kv open | default", "kv count", host=script.host("key-value"))
    assert found[1] == "10000"


def test_a_reader_that_has_enough_keys_lets_the_host_know() -> None:
    first = opened(head="more", item=["a", "b"])
    script = Scripted(
        {
            "key-value.open": [Result()],
            "key-value.keys": [first],
            "key-value.next": [Result(head="more", data=pack(["c", "d"]))],
        }
    )
    found = answers(GUEST, "kv open | default", "kv first-keys | 1", host=script.host("key-value"))
    assert found[1] == '["a"] Ok(())'
    assert isinstance(first, Later)
    assert first.cancelled
    assert not [op for op, _, _ in script.asked if op == "key-value.next"]


def test_an_error_in_the_middle_of_the_keys_is_told_at_their_end() -> None:
    script = Scripted(
        {
            "key-value.open": [Result()],
            "key-value.keys": [opened(head="more", item=["a"])],
            "key-value.next": [Result.error("other", "disk I/O error")],
        }
    )
    found = answers(GUEST, "kv open | default", "kv keys", host=script.host("key-value"))
    assert found[1] == '["a"] Err(Error::Other("disk I/O error"))'


def test_keys_that_were_begun_in_an_earlier_request_end() -> None:
    script = Scripted(
        {
            "key-value.open": [Result()],
            "key-value.keys": [opened(head="more", item=["a", "b"])],
            "key-value.next": [Result.error("gone")],
        }
    )
    box = sandbox(GUEST, host=script.host("key-value"), reuse=100)
    assert run(box, "kv open | default", "kv begin-keys", "kv next") == ["opened", "begun", 'Some("a")']
    assert run(box, "kv next", "kv next", "kv next") == ['Some("b")', "None", "no stream"]


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("access-denied", "AccessDenied"),
        ("no-such-store", "NoSuchStore"),
        ("store-table-full", "StoreTableFull"),
        ("other", 'Other("as the host says")'),
        ("internal-error", 'Other("as the host says")'),
    ],
)
def test_errors_of_a_store_are_told_in_the_interfaces_own_words(name: str, error: str) -> None:
    failing = Result.error(name, "as the host says")
    ops = {f"key-value.{op}": [failing] for op in ("get", "set", "delete", "exists", "keys")}
    script = Scripted({"key-value.open": [Result(), failing], **ops})  # type: ignore[dict-item]
    lines = ["kv open | default", "kv open | other", "kv get | a", "kv set | a | b", "kv delete | a", "kv exists | a"]
    found = answers(GUEST, *lines, "kv keys", host=script.host("key-value"))
    assert found[1:] == [f"Err(Error::{error})"] * 5 + [f"[] Err(Error::{error})"]


@pytest.mark.parametrize("way", ["", "-async"])
def test_a_statement_gives_columns_and_rows_of_every_kind_of_value(way: str, tmp_path: Path) -> None:
    values = "i-9223372036854775808 | r0.1 | sGrüße | bff00 | n"
    found = answers(
        GUEST,
        f"sqlite open{way} | default",
        f"sqlite execute{way} | create table t (a, b, c, d, e)",
        f"sqlite execute{way} | insert into t values (?, ?, ?, ?, ?) | {values}",
        f"sqlite execute{way} | select *, 1.0 as f from t",
        f"sqlite execute{way} | selec 1",
        f"sqlite rowid{way}",
        f"sqlite changes{way}",
        host=real_host(tmp_path),
    )
    ended = " Ok(())" if way else ""
    assert found[:3] == ["opened", f"[] []{ended}", f"[] []{ended}"]
    row = (
        '[Value::Integer(-9223372036854775808), Value::Real(0.1), Value::Text("Grüße"), Value::Blob([255, 0]), '
        "Value::Null, Value::Real(1.0)]"
    )
    assert found[3] == f'["a", "b", "c", "d", "e", "f"] [{row}]{ended}'
    assert found[4].startswith('Error::Io("')
    assert found[5:] == ["1", "1"]


def test_rows_are_streamed(tmp_path: Path) -> None:
    many = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000) select i, hex(i) from n"
    found = answers(GUEST, "sqlite open-async | default", f"sqlite count-async | {many}", host=real_host(tmp_path))
    assert found[1] == "20000 Ok(())"


def test_the_first_row_of_an_endless_result_is_had(tmp_path: Path) -> None:
    endless = "with recursive n(i) as (select 1 union all select i + 1 from n) select i from n"
    found = answers(GUEST, "sqlite open-async | default", f"sqlite first | {endless}", host=real_host(tmp_path))
    assert found[1] == "Some([Value::Integer(1)])"


@pytest.mark.parametrize("way", ["", "-async"])
def test_what_an_instance_kept_from_an_earlier_request_is_opened_again(way: str, tmp_path: Path) -> None:
    box = sandbox(GUEST, host=real_host(tmp_path), reuse=100)
    lines = [f"sqlite open{way} | default", "sqlite execute | create table t (a)"]
    run(box, *lines, "kv open | default", "kv set | a | 1")
    for _ in range(3):
        found = run(box, f"sqlite execute{way} | insert into t values (1)", f"sqlite rowid{way}", "kv get | a")
        assert found[0].startswith("[] []")
        assert int(found[1]) > 0
        assert found[2] == "Ok(Some([49]))"


def test_a_label_that_is_not_granted_is_refused_in_each_interface() -> None:
    lines = ["kv open | secret", "kv2 open | secret", "sqlite open | secret", "sqlite open-async | secret"]
    assert answers(GUEST, *lines, host=real_host()) == ["Err(Error::AccessDenied)"] * 4


def test_variables_are_read() -> None:
    found = answers(GUEST, "variable | a", "variable | b", host=real_host(variables={"a": "hello"}))
    assert found[0] == 'Ok("hello")'
    assert found[1].startswith("Err(Error::Undefined(")


def test_the_synchronous_interface_serves_a_0_3_guest_too() -> None:
    lines = ["kv2 open | default", "kv open | default", "kv set | a | 1", "kv2 get | a"]
    assert answers(GUEST, *lines, host=real_host())[-1] == "Ok(Some([49]))"


class Together:
    """Answers only when so many have asked."""

    def __init__(self, count: int) -> None:
        self.waiting: list[tuple[str, Later]] = []
        self._count = count

    def __call__(self, op: str, args: str, data: bytes, call: Caller) -> Result | Effect:
        if op == "key-value.open":
            return Result()
        self.waiting.append((op, Later()))
        if len(self.waiting) == self._count:
            for number, (_, effect) in reversed(list(enumerate(self.waiting))):
                effect.finish(Result(head="some", data=b"%d" % number))
        return self.waiting[-1][1]


def test_calls_of_one_guest_overlap() -> None:
    together = Together(8)
    box = sandbox(GUEST, host=Host({"key-value": together}))
    found = run(box, "kv open | default", *(f"kv get | {n}" for n in range(8)), target="/together")
    assert found[1:] == [f"Ok(Some([{48 + n}]))" for n in range(8)]


def test_a_call_that_the_guest_gives_up_is_cancelled() -> None:
    effect = Later()
    script = Scripted({"key-value.open": [Result()], "key-value.get": [effect], "key-value.set": [Result()]})
    lines = ["kv open | default", "kv give-up | a", "kv set | a | b"]
    assert answers(GUEST, *lines, host=script.host("key-value")) == ["opened", "given up", "Ok(())"]
    assert effect.cancelled


def test_a_guest_may_go_on_with_a_store_after_its_answer() -> None:
    value = Later()
    script = Scripted({"key-value.open": [Result()], "key-value.get": [value], "key-value.set": [Result()]})
    box = sandbox(GUEST, host=script.host("key-value"))
    sink = Pieces()
    call = box.submit(request("/after", b"kv open\tdefault\nkv get\ta\nkv set\tb\tc"), sink)
    threading.Timer(0.05, value.finish, [Result(head="none")]).start()
    assert call.done.wait(30)
    assert sink.outcome.error is None
    assert script.asked[-1] == ("key-value.set", "default", ["b", b"c"])


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
