from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from spinlab.engine.effects import NEVER, Context
from spinlab.engine.limits import Watch
from spinlab.errors import GuestError, LimitExceeded
from spinlab.function import Limits
from spinlab.host import DONE, END, ERROR, PENDING, Caller, Effect, Files, Host, Result


@pytest.fixture
def watch() -> Iterator[Watch]:
    found = Watch(lambda: ())
    yield found
    found.close()


class Slow:
    """A capability whose answers come when the test says so."""

    def __init__(self, *, stream: bool = False) -> None:
        self.stream = stream
        self.effects: list[Effect] = []
        self.cancelled: list[Effect] = []

    def __call__(self, op: str, args: str, data: bytes, call: Caller) -> Effect:
        cancelled = self.cancelled

        class Answer(Effect):
            def cancel(self) -> None:
                cancelled.append(self)

        effect = Answer(stream=self.stream)
        self.effects.append(effect)
        return effect


def context(watch: Watch, slow: Slow | None = None, limits: Limits | None = None) -> Context:
    host = Host({"http": slow} if slow else {})
    limits = limits or Limits()
    return Context(name="f", host=host, files=Files(), environment="A\0b\0", limits=limits, watch=watch)


def test_a_slow_effect_is_pending_until_it_is_finished(watch: Watch) -> None:
    slow = Slow()
    it = context(watch, slow)
    number, status, _, _ = it.start("http", "GET http://x/", b"")
    assert number
    assert status == PENDING
    assert it.take(number) == (PENDING, "", b"")
    slow.effects[0].finish(Result(DONE, "200", b"body"))
    assert it.wait(str(number), NEVER)
    assert it.take(number) == (DONE, "200", b"body")
    assert it.take(number)[0] == ERROR


def test_an_answer_that_is_there_at_once_has_no_number(watch: Watch) -> None:
    def quick(op: str, args: str, data: bytes, call: Caller) -> Effect:
        effect = Effect()
        effect.finish(Result(END, "over"))
        return effect

    it = Context(name="f", host=Host({"http": quick}), files=Files(), environment="", limits=Limits(), watch=watch)
    assert it.start("http", "GET http://x/", b"") == (0, END, "over", b"")


def test_a_stream_keeps_its_number_after_the_head_was_taken(watch: Watch) -> None:
    slow = Slow(stream=True)
    it = context(watch, slow)
    number = it.start("http", "GET http://x/", b"")[0]
    slow.effects[0].finish(Result(DONE, "200"))
    assert it.take(number)[1] == "200"
    assert it.effect(number) is slow.effects[0]
    it.cancel(number)
    assert it.effect(number) is None
    assert slow.cancelled == [slow.effects[0]]


def test_wait_wakes_for_an_effect_that_another_thread_finishes(watch: Watch) -> None:
    slow = Slow()
    it = context(watch, slow)
    first, second = (it.start("http", "GET http://x/", b"")[0] for _ in range(2))
    threading.Timer(0.02, slow.effects[1].finish, [Result(DONE, "200")]).start()
    assert it.wait(f"{first} {second}", NEVER)
    assert it.take(first)[0] == PENDING
    assert it.take(second)[0] == DONE


def test_wait_looks_only_at_the_effects_it_was_given(watch: Watch) -> None:
    slow = Slow()
    it = context(watch, slow)
    asked, other = (it.start("http", "GET http://x/", b"")[0] for _ in range(2))
    slow.effects[1].finish(Result(DONE))
    assert it.wait(str(asked), time.monotonic_ns() + 10_000_000)
    assert it.take(asked)[0] == PENDING
    assert it.take(other)[0] == DONE


def test_wait_returns_at_its_time_and_at_once_when_that_has_passed(watch: Watch) -> None:
    it = context(watch)
    until = time.monotonic_ns() + 20_000_000
    assert it.wait("", until)
    assert time.monotonic_ns() >= until
    assert it.wait("", 0)


def test_wait_for_an_unknown_effect_does_not_block(watch: Watch) -> None:
    assert context(watch).wait("7", NEVER)


def test_a_stopped_request_breaks_the_wait_and_every_later_call(watch: Watch) -> None:
    slow = Slow()
    it = context(watch, slow)
    number = it.start("http", "GET http://x/", b"")[0]
    threading.Timer(0.02, it.stop, [GuestError("cancelled")]).start()
    assert it.wait(str(number), NEVER) is False
    assert it.wait("", 0) is False
    assert it.log(1, "x") is False
    assert it.start("http", "", b"")[:2] == (0, ERROR)
    assert it.tick() == 0


def test_the_first_reason_to_stop_stays(watch: Watch) -> None:
    it = context(watch)
    it.over("log")
    it.stop(GuestError("later"))
    assert isinstance(it.error, LimitExceeded)


def test_effects_in_flight_are_bounded(watch: Watch) -> None:
    slow = Slow()
    it = context(watch, slow, Limits(effects=2))
    for _ in range(2):
        assert it.start("http", "GET http://x/", b"")[1] == PENDING
    assert it.start("http", "GET http://x/", b"")[1] == ERROR
    assert isinstance(it.error, LimitExceeded)
    assert it.error.limit == "effects"
    assert len(slow.cancelled) == 1


def test_what_is_left_at_the_end_is_cancelled(watch: Watch) -> None:
    slow = Slow()
    it = context(watch, slow)
    it.start("http", "GET http://x/", b"")
    it.close()
    assert slow.cancelled == slow.effects


def test_too_much_log_stops_the_request(watch: Watch) -> None:
    it = context(watch, limits=Limits(log=10))
    assert it.log(1, "12345")
    assert it.log(2, "1234567") is False
    assert isinstance(it.error, LimitExceeded)
    assert (it.error.limit, it.error.value, it.error.option) == ("log", "10 bytes", "--max-log")


def test_random_bytes_differ_and_are_bounded(watch: Watch) -> None:
    it = context(watch)
    assert len(it.random(16)) == 16
    assert it.random(16) != it.random(16)
    assert len(it.random(0xFFFFFFFF)) == 1 << 20


def test_a_denial_is_remembered_once_with_its_hint_on_stderr(watch: Watch) -> None:
    it = context(watch)
    for _ in range(3):
        it.start("http", "GET https://example.com/", b"")
    assert [d.option for d in it.denied] == ["--allow https://example.com"]
    assert [line.stream for line in it.written.lines()] == ["stderr", "stderr"]


def test_an_operation_of_the_request_that_fails_stops_it(watch: Watch) -> None:
    def broken(args: str, data: bytes) -> Result:
        raise ConnectionResetError("client went away")

    it = context(watch)
    it.local = {"response-body": broken}
    assert it.start("response-body", "", b"x")[1] == ERROR
    assert it.error is not None
    assert "client went away" in it.error.details
