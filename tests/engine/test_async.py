"""WASI 0.3 guests in the sandbox: answers, streams, reuse, deadlines."""

from __future__ import annotations

import os
import signal
import sys
import threading

import pytest

from spinlab.errors import LimitExceeded
from spinlab.function import Limits
from spinlab.host import Caller, Effect, Host, Result
from spinlab.http import Body, Headers, Request
from tests.engine.running import Recorder, get, rust

HOST = Headers([("host", "localhost")])


def post(body: bytes | Body) -> Request:
    return Request("POST", "/", HOST, body)


@pytest.mark.parametrize("reuse", [1, 128])
@pytest.mark.parametrize("body", [b"", b"text", bytes(range(256)), os.urandom(1 << 20), os.urandom(5 << 20)])
def test_a_body_comes_back_byte_for_byte(body: bytes, reuse: int) -> None:
    box = rust("echo3", reuse=reuse)
    for _ in range(2):
        response = box.handle(post(body))
        assert (response.status, response.error) == (200, None)
        assert response.body == body


def test_a_body_that_arrives_in_pieces_goes_back_in_pieces() -> None:
    body, sink = Body(), Recorder()
    call = rust("echo3").submit(post(body), sink)
    for piece in (b"one", b"two"):
        sink.wrote.clear()
        body.feed(piece)
        assert sink.wrote.wait(10)
    body.end(Headers([("x-sum", "2")]))
    assert call.done.wait(10)
    assert b"".join(sink.pieces) == b"onetwo"
    assert sink.outcome is not None
    assert sink.outcome.trailers.items() == [("x-sum", "2")]


def test_a_body_that_never_comes_meets_the_deadline() -> None:
    response = rust("echo3", limits=Limits(timeout=0.3)).handle(post(Body()))
    assert response.status == 504
    assert isinstance(response.error, LimitExceeded)


def test_a_client_that_went_away_ends_its_request_and_the_instance() -> None:
    box, sink = rust("echo3", reuse=128), Recorder()
    call = box.submit(post(Body()), sink)
    call.cancel("gone")
    assert call.done.wait(10)
    assert not box._stock.used
    assert box.handle(post(b"next")).body == b"next"


def test_one_instance_serves_many_requests() -> None:
    box = rust("echo3", reuse=5)
    first = None
    for n in range(12):
        assert box.handle(post(b"%d" % n)).body == b"%d" % n
        if box._stock.used:
            (spare,) = box._stock.used
            first = first or spare.instance
            assert spare.served == n % 5 + 1
    assert first is not None
    assert first._store is None


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_an_interrupt_reaches_a_caller_whose_guest_waits() -> None:
    threading.Timer(0.1, os.kill, [os.getpid(), signal.SIGINT]).start()
    with pytest.raises(KeyboardInterrupt):
        rust("echo3", limits=Limits(timeout=60)).handle(post(Body()))


def test_requests_at_once_get_each_their_answer() -> None:
    box, sinks = rust("echo3", reuse=128), [Recorder() for _ in range(40)]
    calls = [box.submit(post(b"%d" % n), sink) for n, sink in enumerate(sinks)]
    assert all(call.done.wait(30) for call in calls)
    assert [b"".join(sink.pieces) for sink in sinks] == [b"%d" % n for n in range(40)]


def test_a_plain_request_works_too() -> None:
    assert rust("echo3").handle(get()).status == 200


def test_more_guests_than_the_pool_has_slots_for_wait_at_once() -> None:
    release = threading.Event()
    waiting: list[Effect] = []

    def wait(op: str, args: str, data: bytes, call: Caller) -> Effect:
        waiting.append(Effect())
        if len(waiting) == 300:
            release.set()
        return waiting[-1]

    box = rust("effects3", host=Host({"http": wait}))
    sinks = [Recorder() for _ in range(100)]
    calls = [box.submit(get("/parallel?3,http://example.test/"), sink) for sink in sinks]
    assert release.wait(60)
    for effect in waiting:
        effect.finish(Result.error("connection-refused"))
    assert all(call.done.wait(60) for call in calls)
    assert {(sink.status, b"".join(sink.pieces).count(b"ConnectionRefused")) for sink in sinks} == {(200, 3)}
