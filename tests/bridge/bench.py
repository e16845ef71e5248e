"""What the tests of the bridge share: guests made from source, a sink that keeps pieces apart, a scripted network."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cache
from typing import Any

from spinlab.engine import Outcome, Sandbox, default_engine
from spinlab.host import DONE, END, Caller, Effect, Host, Result
from spinlab.http import Body, Headers, Request, Response
from tests.guests import component


@cache
def prepared(guest: str) -> Any:
    """A guest, compiled."""
    return default_engine().prepare(component(guest), name=guest)


def sandbox(guest: str, **options: Any) -> Sandbox:
    """A sandbox of that guest."""
    return Sandbox(default_engine(), prepared(guest), name=guest, **options)


def request(target: str, body: bytes | Body = b"", headers: Sequence[tuple[str, str]] = ()) -> Request:
    """A request of the tests; a POST when it has a body."""
    return Request("POST" if body else "GET", target, Headers([("host", "localhost:3000"), *headers]), body)


def ask(guest: str, target: str, body: bytes | Body = b"", **options: Any) -> Response:
    """The whole answer of a guest."""
    return sandbox(guest, **options).handle(request(target, body))


class Pieces:
    """A sink that keeps the pieces apart."""

    def __init__(self) -> None:
        self.status = 0
        self.headers = Headers()
        self.pieces: list[bytes] = []
        self.outcome = Outcome()

    def begin(self, status: int, headers: Headers) -> None:
        self.status, self.headers = status, headers

    def write(self, data: bytes) -> bool:
        self.pieces.append(data)
        return True

    def end(self, outcome: Outcome) -> None:
        self.outcome = outcome


def pieces(guest: str, target: str, body: bytes | Body = b"", **options: Any) -> Pieces:
    """The answer of a guest, piece by piece."""
    sink = Pieces()
    assert sandbox(guest, **options).submit(request(target, body), sink).done.wait(60)
    return sink


class Fetch(Effect):
    """A request of a guest's own."""

    def __init__(self, args: str, body: bytes) -> None:
        super().__init__(stream=True)
        self.line, self.timeouts, self.form, *self.headers = args.split("\n")
        self.body = body
        self.trailers: str | None = None
        self.reads: list[Result] = []
        self.cancelled = False

    def answer(self, status: int, *body: bytes, trailers: str = "") -> None:
        """Let the response come."""
        self.reads = [*(Result(DONE, data=piece) for piece in body), Result(END, head=trailers)]
        self.finish(Result(DONE, head=f"{status}\nserver: test"))

    def cancel(self) -> None:
        self.cancelled = True


class Network:
    """Serves `http*`: keeps what was asked and answers once `together` requests are open, the last one first.

    Parameters:
        slow: The pieces of a response are not there yet when they are asked for.
    """

    def __init__(self, together: int = 1, *, slow: bool = False) -> None:
        self.fetches: list[Fetch] = []
        self._together = together
        self._slow = slow

    @property
    def host(self) -> Host:
        return Host({"http": self})

    def __call__(self, op: str, args: str, data: bytes, call: Caller) -> Result | Effect:
        if op == "http":
            fetch = Fetch(args, data)
            self.fetches.append(fetch)
            if fetch.form == "whole" and len(self.fetches) >= self._together:
                self._answer()
            return fetch
        number, _, trailers = args.partition("\n")
        found = call.effect(int(number))
        assert isinstance(found, Fetch)
        if op == "http-read":
            return self._later(found.reads.pop(0)) if self._slow else found.reads.pop(0)
        if op == "http-write":
            found.body += data
        if op == "http-finish":
            found.trailers = trailers
            self._answer()
        return Result()

    def _later(self, result: Result) -> Effect:
        effect = Effect()
        threading.Timer(0.005, effect.finish, [result]).start()
        return effect

    def _answer(self) -> None:
        for number, fetch in reversed(list(enumerate(self.fetches))):
            fetch.answer(200 + number, b"one ", b"two", trailers="x-end: 1")


def lines(response: Response) -> dict[str, str]:
    """``what: how`` lines of a guest's answer."""
    assert response.error is None, response.error
    return dict(line.split(": ", 1) for line in response.text.split("\n"))
