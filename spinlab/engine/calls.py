"""One request on its way through a guest: how it starts, how it is stopped, and what came of it."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from spinlab.engine.commands import CommandExchange, Gateway, Plain, PlainExchange
from spinlab.engine.effects import Context
from spinlab.engine.exchange import Exchange
from spinlab.engine.messages import MessageExchange
from spinlab.errors import CallError, GuestError
from spinlab.http import Denied, Headers, HostCall, LogLine, Request, Response

HOST_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "log": Context.log,
    "wall": Context.wall,
    "mono": Context.mono,
    "random": Context.random,
    "environment": Context.environment,
    "exit": Context.exit,
    "start": Context.start,
    "take": Context.take,
    "cancel": Context.cancel,
    "wait": Context.wait,
}
"""The functions of the flat host interface by name; the first argument is the `Context` that runs on the thread."""

STOPS_WITHIN = 1.0
"""Seconds that an interrupted caller waits at most for its guest to be gone."""


@dataclass(frozen=True)
class Outcome:
    """What came of a request.

    Attributes:
        trailers: Fields after the body.
        elapsed: Seconds from the call to the last byte.
        logs: What the guest wrote, import-time lines first.
        denied: What it asked for and was not granted.
        error: Why there is no proper answer; None when the guest answered. When the response had already begun, the
            connection has to be cut so that nobody takes the beginning for the whole.
        calls: What the guest asked of the host.
    """

    trailers: Headers = field(default_factory=Headers)
    elapsed: float = 0.0
    logs: tuple[LogLine, ...] = ()
    denied: tuple[Denied, ...] = ()
    error: CallError | None = None
    calls: tuple[HostCall, ...] = ()


class Sink(Protocol):
    """Where a response goes. Called from a worker thread, in this order; must not block long.

    Two more methods are called where a sink has them: ``whole(status, headers, data)`` in place of `begin` and `write`
    for a response that is there at once, and ``complete(trailers)`` when the body has ended and the guest goes on.
    """

    def begin(self, status: int, headers: Headers) -> None:
        """The head of the response; not called when there is none."""
        ...

    def write(self, data: bytes) -> bool:
        """A piece of the body. False: no room, the engine waits for `Call.resume`."""
        ...

    def end(self, outcome: Outcome) -> None:
        """Called exactly once, last. When `begin` was not called the answer is ``outcome.error.status``, empty."""
        ...


def pass_whole(sink: Sink, status: int, headers: Headers, data: bytes) -> None:
    """Give a sink a response that is there at once, in the way that it has."""
    tell = getattr(sink, "whole", None)
    if tell is not None:
        tell(status, headers, data)
    else:
        sink.begin(status, headers)
        sink.write(data)


def pass_complete(sink: Sink, trailers: Headers) -> None:
    """Tell a sink that wants to know that the body has ended."""
    tell = getattr(sink, "complete", None)
    if tell is not None:
        tell(trailers)


class Collector:
    """A sink that keeps the response."""

    def __init__(self) -> None:
        self.status = 0
        self.headers = Headers()
        self.pieces: list[bytes] = []
        self.outcome = Outcome()

    def begin(self, status: int, headers: Headers) -> None:
        """Keep the head."""
        self.status = status
        self.headers = headers

    def write(self, data: bytes) -> bool:
        """Keep a piece."""
        self.pieces.append(data)
        return True

    def end(self, outcome: Outcome) -> None:
        """Keep the outcome."""
        self.outcome = outcome

    def response(self, function: str) -> Response:
        """The response of the function with that name."""
        outcome = self.outcome
        answer = Response(
            self.status,
            self.headers,
            self.pieces[0] if len(self.pieces) == 1 else b"".join(self.pieces),
            outcome.trailers,
            function,
            outcome.elapsed,
            outcome.logs,
            outcome.denied,
            calls=outcome.calls,
        )
        return answer if outcome.error is None else failure(outcome.error, answer)


def failure(error: CallError, known: Response) -> Response:
    """The empty answer to a request that got none; `known` has what is known of it beside."""
    headers = Headers([("retry-after", "1")]) if error.status == 503 else Headers()
    return replace(known, status=error.status, headers=headers, body=b"", trailers=Headers(), error=error)


class Call:
    """A request that was submitted.

    Parameters:
        context: What the guest may use.
        request: The request.
        sink: Where the response goes.
        gateway: What stands between HTTP and a command, or its arguments; None for a guest that answers HTTP.
        message: Whether the body is a message of a trigger, which has no answer but success or failure.

    Attributes:
        done: Set when the sink's `end` has returned.
    """

    def __init__(
        self, context: Context, request: Request, sink: Sink, gateway: Gateway | None = None, *, message: bool = False
    ) -> None:
        self.done = threading.Event()
        self.started = time.perf_counter()
        self.context = context
        self.exchange = (
            (PlainExchange if isinstance(gateway, Plain) else CommandExchange)(context, request, sink, gateway)
            if gateway
            else (MessageExchange if message else Exchange)(context, request, sink)
        )
        context.local = self.exchange.local
        context.hops = request.hops
        self._sink = sink

    def cancel(self, reason: str) -> None:
        """Stop the guest now, such as when the client went away. From any thread; too late is no error."""
        self.context.stop(GuestError(f"cancelled: {reason}"))

    def resume(self) -> None:
        """The sink has room again. From any thread."""
        self.exchange.resume()

    def wait(self) -> None:
        """Wait for the end of the call; an interrupt stops the guest and is raised again."""
        wait(self.done, self.context)

    def finish(self, error: CallError | None) -> None:
        """Tell the sink how it ended. Called once, by the sandbox."""
        context = self.context
        if isinstance(self.exchange, PlainExchange):
            error = self.exchange.concluded(error)
        context.close()
        outcome = Outcome(
            self.exchange.trailers,
            time.perf_counter() - self.started,
            context.written.lines(),
            tuple(context.denied),
            error,
            context.calls(self.started),
        )
        with contextlib.suppress(Exception):  # the worker lives on whatever its client does
            self._sink.end(outcome)
        self.done.set()


def wait(done: threading.Event, context: Context) -> None:
    """Wait until a guest is done; an interrupt stops it and is raised again."""
    try:
        # A wait without a timeout can't be interrupted on Windows.
        while not done.wait(0.1 if sys.platform == "win32" else None):
            pass
    except BaseException:
        context.stop(GuestError("interrupted"))
        done.wait(STOPS_WITHIN)
        raise
