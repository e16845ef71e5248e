from __future__ import annotations

import pytest

from spinlab.engine import ready as room
from spinlab.engine.threads import Threads
from tests.engine import wat_guests as guests
from tests.engine.running import Recorder, engine, eventually, get, sandbox

COUNTS = "(i32.store8 (i32.const 64) (i32.add (i32.load8_u (i32.const 64)) (i32.const 1)))"


def test_an_instance_answers_as_many_requests_as_allowed_and_then_goes() -> None:
    box = sandbox(COUNTS + guests.HELLO, reuse=3)
    assert [box.handle(get()).body[:1] for _ in range(7)] == [b"I", b"J", b"K", b"I", b"J", b"K", b"I"]


def test_an_instance_that_was_idle_for_a_second_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    box = sandbox(COUNTS + guests.HELLO, reuse=100)
    assert box.handle(get()).body[:1] == b"I"
    monkeypatch.setattr(room, "IDLE", 0.0)
    assert box.handle(get()).body[:1] == b"I"


def test_idle_instances_are_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "IDLE", 0.05)
    box = sandbox(guests.HELLO, reuse=100)
    box._threads = Threads(engine())
    box.handle(get())
    assert eventually(lambda: not box._stock.used)
    box._threads.close()


def test_one_instance_serves_one_request_at_a_time() -> None:
    box = sandbox("(call $block (call $sleep (i64.const 30000000)))" + COUNTS + guests.HELLO, reuse=100)
    sinks = [Recorder() for _ in range(2)]
    calls = [box.submit(get(), sink) for sink in sinks]
    assert all(call.done.wait(10) for call in calls)
    assert [sink.pieces[0][:1] for sink in sinks] == [b"I", b"I"]


def test_an_instance_that_failed_is_not_used_again() -> None:
    fails_at_the_second = COUNTS + "(if (i32.eq (i32.load8_u (i32.const 64)) (i32.const 74)) (then unreachable))"
    box = sandbox(fails_at_the_second + guests.HELLO, reuse=100)
    assert [box.handle(get()).status for _ in range(4)] == [200, 500, 200, 500]


def test_an_instance_whose_client_went_away_is_not_used_again() -> None:
    box = sandbox(COUNTS + "(call $block (call $sleep (i64.const 50000000)))" + guests.HELLO, reuse=100)
    call = box.submit(get(), Recorder())
    call.cancel("gone")
    assert call.done.wait(10)
    assert box.handle(get()).body[:1] == b"I"


def test_logs_of_one_request_do_not_show_in_the_next() -> None:
    writes = "(local.set $s (call $stdout)) (call $say (local.get $s) (i32.const 15))"
    box = sandbox(writes + guests.HELLO, reuse=100)
    assert [len(box.handle(get()).logs) for _ in range(3)] == [1, 1, 1]
