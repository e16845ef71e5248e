from __future__ import annotations

import pytest

from spinlab.errors import GuestError, LimitExceeded
from spinlab.function import MIB, Limits
from spinlab.http import Body, Headers, Request
from tests.engine import wat_guests as guests
from tests.engine.running import Recorder, get, sandbox


@pytest.mark.parametrize(
    ("handle", "limits", "status", "limit", "value", "option"),
    [
        (guests.LOOP, Limits(timeout=0.2), 504, "timeout", "0.2 s", "--timeout"),
        (guests.SLEEP, Limits(timeout=0.2), 504, "timeout", "0.2 s", "--timeout"),
        (guests.BOMB, Limits(memory=64 * MIB), 500, "memory", "64 MiB", "--memory"),
        (guests.BOMB, Limits(), 500, "memory", "256 MiB", "--memory"),
        (guests.FLOOD, Limits(response=3 * MIB), 500, "response", "3 MiB", "--max-response"),
        (guests.CHATTER, Limits(log=MIB // 4), 500, "log", "256 KiB", "--max-log"),
    ],
)
def test_a_guest_over_a_limit_is_stopped_and_the_error_says_which(
    handle: str, limits: Limits, status: int, limit: str, value: str, option: str
) -> None:
    response = sandbox(handle, limits=limits).handle(get())
    error = response.error
    assert isinstance(error, LimitExceeded), repr(error)
    assert (response.status, response.body) == (status, b"")
    assert (error.limit, error.value, error.option) == (limit, value, option)
    assert str(error) == f"stopped at the {limit} limit of {value}\nraise it with {option}"


def test_a_module_that_needs_more_memory_than_allowed_does_not_start() -> None:
    error = sandbox(guests.HELLO, pages=1024, limits=Limits(memory=16 * MIB)).handle(get()).error
    assert isinstance(error, LimitExceeded)
    assert error.limit == "memory"


def test_more_memory_than_the_pool_has_is_given_on_demand() -> None:
    grows = "(if (i32.lt_s (memory.grow (i32.const 6000)) (i32.const 0)) (then unreachable))"
    assert sandbox(grows + guests.HELLO, limits=Limits(memory=512 * MIB)).handle(get()).status == 200


def test_an_endless_start_function_meets_the_deadline_too() -> None:
    error = sandbox(guests.HELLO, start=guests.LOOP, limits=Limits(timeout=0.2)).handle(get()).error
    assert isinstance(error, LimitExceeded)
    assert error.limit == "timeout"


def test_a_function_that_met_its_memory_limit_and_then_panics_is_told_apart() -> None:
    limits = Limits(memory=64 * MIB)
    assert isinstance(sandbox(guests.BOMB, limits=limits).handle(get()).error, LimitExceeded)
    assert isinstance(sandbox("unreachable", limits=limits).handle(get()).error, GuestError)


def test_a_neighbour_at_the_limit_is_not_taken_for_the_guest_that_panics() -> None:
    grown = "(drop (memory.grow (i32.const 1000)))"  # with its first page, 62.6 of 64 MiB
    limits = Limits(memory=64 * MIB)
    sink = Recorder()
    neighbour = sandbox(grown + guests.SLEEP, limits=limits).submit(get(), sink)
    try:
        assert sandbox(grown + guests.HELLO, limits=limits).handle(get()).status == 200
        error = sandbox("unreachable", limits=limits).handle(get()).error
        assert isinstance(error, GuestError), error
        assert "may have run out of memory" in error.hint
    finally:
        neighbour.cancel("seen enough")
        neighbour.done.wait(10)


def test_what_a_guest_wrote_before_the_log_limit_is_kept() -> None:
    response = sandbox(guests.CHATTER, limits=Limits(log=1000)).handle(get())
    assert response.logs
    assert all(line.text == "Hello from WAT" for line in response.logs[:-1])
    assert sum(len(line.text) for line in response.logs) <= 1000


def test_a_request_body_over_the_limit_is_refused_before_anything_runs() -> None:
    response = sandbox(guests.HELLO, limits=Limits(request=10)).handle(Request("POST", "/", Headers(), b"x" * 11))
    assert response.status == 413
    assert isinstance(response.error, LimitExceeded)
    assert response.error.option == "--max-request"


def test_a_body_that_is_still_arriving_counts_too() -> None:
    body, sink = Body(), Recorder()
    body.feed(b"x" * 100)
    call = sandbox(guests.SLEEP, limits=Limits(request=50)).submit(Request("POST", "/", Headers(), body), sink)
    assert call.done.wait(10)
    assert isinstance(sink.error, LimitExceeded)
    assert sink.error.limit == "request body"
