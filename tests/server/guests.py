"""Apps of a few lines: they stand on the listener's side of the seam, so the listener is tested without a sandbox."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from spinlab.http import Body, BodyAborted, Headers, Request
from spinlab.server import Server


@dataclass
class Ended:
    error: Exception | None = None


@dataclass
class Running:
    """A call as the engine has it: it can be cancelled, and waits for room."""

    cancelled: threading.Event = field(default_factory=threading.Event)
    room: threading.Event = field(default_factory=threading.Event)
    reasons: list[str] = field(default_factory=list)

    def cancel(self, reason: str) -> None:
        self.reasons.append(reason)
        self.cancelled.set()
        self.room.set()

    def resume(self) -> None:
        self.room.set()

    def write(self, sink: object, data: bytes) -> None:
        self.room.clear()
        if not sink.write(data):  # type: ignore[attr-defined]
            self.room.wait(30)


Guest = Callable[[Request, object, Running], None]


class App:
    """Runs `guest` on a thread for each request, and keeps the requests."""

    def __init__(self, guest: Guest) -> None:
        self.guest = guest
        self.requests: list[Request] = []
        self.calls: list[Running] = []

    def submit(self, request: Request, sink: object) -> Running:
        call = Running()
        self.requests.append(request)
        self.calls.append(call)
        threading.Thread(target=self.guest, args=(request, sink, call), daemon=True).start()
        return call


def answer(sink: object, body: bytes, status: int = 200, headers: dict[str, str] | list[tuple[str, str]] = ()) -> None:
    sink.begin(status, Headers(headers or {"content-type": "text/plain"}))  # type: ignore[attr-defined]
    sink.write(body)  # type: ignore[attr-defined]
    sink.end(Ended())  # type: ignore[attr-defined]


def whole(body: bytes | Body, seconds: float = 30) -> bytes:
    """All of a request body, waiting for it as the engine does. Raises BodyAborted."""
    if isinstance(body, bytes):
        return body
    arrived = threading.Event()
    body.notify(on_data=arrived.set)
    pieces = []
    while True:
        arrived.clear()
        piece = body.take()
        if isinstance(piece, Headers):
            return b"".join(pieces)
        if piece is None:
            assert arrived.wait(seconds), "the body stopped"
        else:
            pieces.append(piece)


def mirror(request: Request, sink: object, call: Running) -> None:
    """Tells what it was sent."""
    try:
        body = whole(request.body)
    except BodyAborted as error:
        sink.end(Ended(error))  # type: ignore[attr-defined]
        return
    told = {
        "method": request.method,
        "target": request.target,
        "scheme": request.scheme,
        "client": request.client,
        "headers": request.headers.items(),
        "body": body.decode("latin-1"),
    }
    answer(sink, json.dumps(told).encode(), headers={"content-type": "application/json"})


Serve = Callable[..., tuple[Server, App]]
"""The `serve` fixture: a guest and options of `Server` in, a running server and its app out."""
