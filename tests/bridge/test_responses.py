"""Responses of a guest of WASI 0.2: whole, piece by piece, broken off."""

from __future__ import annotations

import threading
from itertools import pairwise

import pytest

from spinlab.engine import Outcome
from spinlab.http import Headers
from tests.bridge.bench import ask, pieces, request, sandbox


def test_events_go_out_one_by_one() -> None:
    answer = pieces("stream2", "/events?n=3&ms=5")
    assert answer.pieces == [b"data: 0\n\n", b"data: 1\n\n", b"data: 2\n\n"]
    assert answer.headers["content-type"] == "text/event-stream"


def test_a_guest_that_never_waits_still_streams() -> None:
    assert pieces("stream2", "/cpu?n=3&ms=1").pieces == [b"data: 0\n\ndata: 1\n\n", b"data: 2\n\n"]


def test_the_head_goes_out_before_the_guest_waits_for_its_body() -> None:
    answer = pieces("stream2", "/head-first?ms=1")
    assert (answer.status, answer.pieces) == (202, [b"late"])


def test_a_large_response_goes_out_in_pieces_and_stays_whole() -> None:
    answer = pieces("stream2", "/large?kb=300")
    assert len(answer.pieces) > 3
    assert b"".join(answer.pieces) == b"".join(bytes([n % 251]) * 1024 for n in range(300))


def test_trailers_follow_the_body() -> None:
    response = ask("stream2", "/trailers")
    assert (response.body, response.trailers.items()) == (b"counted", [("x-count", "7")])


def test_what_a_guest_does_after_its_response_is_done_and_logged() -> None:
    response = ask("stream2", "/after?ms=1")
    assert (response.body, [line.text for line in response.logs]) == (b"done", ["after the response"])


@pytest.mark.parametrize("path", ["/drop", "/drop?flush=1"])
def test_a_body_that_was_dropped_is_not_taken_for_the_whole(path: str) -> None:
    error = ask("stream2", path).error
    assert error is not None
    assert "HTTP-protocol-error" in str(error)


def test_a_body_that_was_leaked_is_taken_for_the_whole_as_wasmtime_does() -> None:
    assert ask("stream2", "/leak").body == b"leaked"


class Slow:
    """A sink with room for one piece; the rest has to wait for `resume`."""

    def __init__(self) -> None:
        self.body = b""
        self.full = threading.Event()
        self.outcome: Outcome | None = None

    def begin(self, status: int, headers: Headers) -> None:
        pass

    def write(self, data: bytes) -> bool:
        self.body += data
        self.full.set()
        return False

    def end(self, outcome: Outcome) -> None:
        self.outcome = outcome


def test_a_guest_waits_for_a_reader_that_is_slow() -> None:
    sink = Slow()
    call = sandbox("stream2").submit(request("/large?kb=300"), sink)
    sizes = []
    while not call.done.wait(0.02):
        if sink.full.wait(10):
            sizes.append(len(sink.body))
            sink.full.clear()
            call.resume()
    assert len(sink.body) == 300 * 1024
    assert all(later - earlier <= 128 * 1024 for earlier, later in pairwise(sizes))
