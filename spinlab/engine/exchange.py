"""One HTTP exchange as a guest's effects see it: the request's body coming in, the response going out."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Protocol
from urllib.parse import urlsplit

from spinlab.engine.effects import Context, Local
from spinlab.errors import GuestError
from spinlab.host import DONE, END, Effect, Result
from spinlab.http import Body, BodyAborted, Headers, Request

PIECE = 1 << 20
"""Bytes of a request body that cross at once; larger bodies come in pieces of this size."""

WHOLE = 2 * PIECE
"""Bytes of a complete body that go in with the request."""


HEAD = 1 << 20
"""Characters of a response's head; no client takes as much."""


class Receiver(Protocol):
    """Where a response goes."""

    def begin(self, status: int, headers: Headers) -> None:
        """The head; once, first."""
        ...

    def write(self, data: bytes) -> bool:
        """A piece of the body; False asks to wait for room before the next."""
        ...

    # A receiver may also have ``complete(trailers)``: the body has ended, though the guest goes on for a while; and
    # ``whole(status, headers, data)`` in place of `begin` and one `write`, when nothing but the end follows.


class Exchange:
    """Serves the operations ``request-body``, ``response``, ``response-body`` and ``response-end``.

    Parameters:
        context: What the guest may use.
        request: The request.
        receiver: Where the response goes.
    """

    def __init__(self, context: Context, request: Request, receiver: Receiver) -> None:
        self.context = context
        self.request = request
        self.begun = False
        self.ended = False
        self.trailers = Headers()
        self.local: dict[str, Local] = {
            "request-body": self._request_body,
            "response": self._response,
            "response-body": self._response_body,
            "response-end": self._response_end,
        }
        self._receiver = receiver
        self._lock = threading.Lock()
        self._received = 0
        self._sent = 0
        self._pieces: Iterator[bytes] = iter(())
        self._kept: Result | None = None  # trailers or an abort that were there before the guest asked
        self._reading: Effect | None = None
        self._room: Effect | None = None
        self._resumed = 0

    # The request.

    def first(self) -> tuple[str, bytes]:
        """The request's head as the bridge reads it, and the bytes of the body that go with it."""
        request = self.request
        data, whole = self._first_piece(request.body)
        authority = request.headers.get("host") or "localhost"
        lines = [
            f"{request.method} {_origin_form(request.target)}",
            f"{request.scheme} {_one_line(authority)}",
            "whole" if whole else "more",
        ]
        # Names in lower case, as Spin's guests see them.
        lines += [f"{_one_line(name).lower()}: {_one_line(value)}" for name, value in request.headers.items()]
        return "\n".join(lines), data

    def _first_piece(self, body: bytes | Body) -> tuple[bytes, bool]:
        if isinstance(body, Body):
            declared = self.request.headers.get("content-length") or ""
            if declared.isascii() and declared.isdigit() and int(declared) > self.context.limits.request:
                self.context.over("request body")  # known before it has arrived
                return b"", False
            body.notify(on_data=self._arrived)
            piece = self._next_piece()
            if piece is None:
                return b"", False
            if piece.status == DONE:
                return piece.data, False
            if piece.status == END and not piece.head:
                return b"", True
            self._kept = piece
            return b"", False
        self._count(len(body))
        if len(body) <= WHOLE:
            return body, True
        self._pieces = (body[at : at + PIECE] for at in range(PIECE, len(body), PIECE))
        return body[:PIECE], False

    def _request_body(self, _args: str, _data: bytes) -> Result | Effect:
        if not isinstance(self.request.body, Body):
            piece = next(self._pieces, None)
            return Result(END) if piece is None else Result(DONE, data=piece)
        if self._kept is not None:
            return self._kept
        with self._lock:
            found = self._next_piece()
            if found is not None:
                return found
            self._reading = effect = Effect()
        self._arrived()  # what came between the look and the note
        return effect

    def _arrived(self) -> None:
        with self._lock:
            if self._reading is None:
                return
            piece = self._next_piece()
            if piece is None:
                return
            effect, self._reading = self._reading, None
        effect.finish(piece)

    def _next_piece(self) -> Result | None:
        assert isinstance(self.request.body, Body)
        try:
            taken = self.request.body.take()
        except BodyAborted as error:
            return Result.error("connection-terminated", str(error))
        if taken is None:
            return None
        tape = self.context.tape
        if isinstance(taken, Headers):
            if tape is not None:
                tape.received(b"", last=True)
            return Result(END, head=_lines(taken))
        self._count(len(taken))
        if tape is not None:
            tape.received(taken)
        return Result(DONE, data=taken)

    def _count(self, received: int) -> None:
        self._received += received
        if self._received > self.context.limits.request:
            self.context.over("request body")

    # The response.

    def _response(self, args: str, _data: bytes) -> Result:
        if not self.begun:
            self.begin(args)
        return Result()

    def begin(self, head: str) -> None:
        """Send the head ``STATUS`` and header lines on."""
        parsed = self._head(head)
        if parsed is not None:
            self.begun = True
            self._receiver.begin(*parsed)

    def _head(self, head: str) -> tuple[int, Headers] | None:
        if len(head) > HEAD:
            self.context.over("response")
            return None
        status, _, lines = head.partition("\n")
        return int(status), Headers(parse(lines))

    def _response_body(self, _args: str, data: bytes) -> Result | Effect:
        before = self._resumed
        if self.write(data):
            return Result()
        with self._lock:
            if self._resumed != before:
                return Result()
            self._room = effect = Effect()
        return effect

    def write(self, data: bytes) -> bool:
        """Send a piece of the body on; False: there is no room for the next."""
        self._sent += len(data)
        if self._sent > self.context.limits.response:
            self.context.over("response")
            return True
        return self._receiver.write(data) if data else True

    def _response_end(self, args: str, _data: bytes) -> Result:
        self.trailers = Headers(parse(args))
        self.ended = True
        complete = getattr(self._receiver, "complete", None)
        if complete is not None:
            complete(self.trailers)
        return Result()

    def resume(self) -> None:
        """There is room again. From any thread."""
        with self._lock:
            self._resumed += 1
            effect, self._room = self._room, None
        if effect is not None:
            effect.finish(Result())

    def answered(self, head: str, data: bytes) -> GuestError | None:
        """What `run` gave back: send a whole response on, or say what is wrong."""
        if head == "":
            return None if self.ended else GuestError("the function ended before its response was complete")
        if head == "?":
            return GuestError(
                "the function set no response",
                hint="every request needs an answer; see its log for what it did instead",
            )
        if head.startswith("!"):
            name, _, detail = head[1:].partition("\n")
            return GuestError(f"the function answered with the error {name}", details=detail)
        if len(data) > self.context.limits.response:
            self.context.over("response")
            return None
        status, _, lines = head.partition("\n")
        self.pass_on(int(status), Headers(parse(lines)), data)
        return None

    def pass_on(self, status: int, headers: Headers, data: bytes) -> None:
        """Send a whole response on."""
        self.begun = self.ended = True
        whole = getattr(self._receiver, "whole", None)
        if whole is not None:
            whole(status, headers, data)
            return
        self._receiver.begin(status, headers)
        if data:
            self._receiver.write(data)


def parse(lines: str) -> list[tuple[str, str]]:
    """``name: value`` lines as pairs."""
    return [(name, value) for name, _, value in (line.partition(": ") for line in lines.split("\n") if line)]


def _lines(headers: Headers) -> str:
    return "\n".join(f"{_one_line(name)}: {_one_line(value)}" for name, value in headers.items())


def _one_line(text: str) -> str:
    return " ".join(text.splitlines()) if "\n" in text or "\r" in text else text


def _origin_form(target: str) -> str:
    """The path and query; a client may send the whole URL (RFC 9112, 3.2.2)."""
    target = _one_line(target).replace(" ", "%20")
    if target.startswith("/") or target == "*":
        return target
    parts = urlsplit(target)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
