"""What the tests of running guests share: one engine, sandboxes of hand-written guests, sinks that can be slow."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import cache
from typing import Any

from spinlab.engine import Engine, Outcome, Prepared, Sandbox, default_engine
from spinlab.http import Headers, Request
from tests.engine import wat_guests
from tests.guests import component


def engine() -> Engine:
    """The engine of the test process."""
    return default_engine()


@cache
def prepared(handle: str, start: str = "", prepare: str | None = None, pages: int = 1) -> Prepared:
    """A hand-written guest, compiled."""
    return engine().prepare(wat_guests.guest(handle, start=start, prepare=prepare, pages=pages))


def sandbox(handle: str, *, start: str = "", prepare: str | None = None, pages: int = 1, **options: Any) -> Sandbox:
    """A sandbox of the hand-written guest with this handler."""
    return Sandbox(engine(), prepared(handle, start, prepare, pages), name="guest", **options)


@cache
def rust_guest(name: str) -> Prepared:
    """A guest of ``tests/guests/rust``, built when its source has changed."""
    return engine().prepare(component(name))


def rust(name: str, **options: Any) -> Sandbox:
    """A sandbox of a guest written in Rust."""
    return Sandbox(engine(), rust_guest(name), name=name, **options)


def get(target: str = "/") -> Request:
    """A plain request."""
    return Request("GET", target, Headers([("host", "localhost")]))


class Recorder:
    """A sink that remembers the order of calls and can run out of room.

    Parameters:
        room: Pieces that it takes before it asks to wait.
    """

    def __init__(self, room: int = 1 << 30) -> None:
        self.calls: list[str] = []
        self.status = 0
        self.headers = Headers()
        self.pieces: list[bytes] = []
        self.outcome: Outcome | None = None
        self.room = room
        self.full = threading.Event()
        self.wrote = threading.Event()

    def begin(self, status: int, headers: Headers) -> None:
        self.calls.append("begin")
        self.status, self.headers = status, headers

    def write(self, data: bytes) -> bool:
        self.calls.append("write")
        self.pieces.append(data)
        self.wrote.set()
        self.room -= 1
        if self.room <= 0:
            self.full.set()
        return self.room > 0

    def complete(self, trailers: Headers) -> None:
        self.calls.append("complete")

    def end(self, outcome: Outcome) -> None:
        self.calls.append("end")
        self.outcome = outcome

    @property
    def error(self) -> Exception | None:
        assert self.outcome is not None
        return self.outcome.error


def eventually(met: Callable[[], bool]) -> bool:
    """Whether `met` becomes true within a generous time."""
    until = time.monotonic() + 20
    while not met():
        if time.monotonic() > until:
            return False
        time.sleep(0.005)
    return True
