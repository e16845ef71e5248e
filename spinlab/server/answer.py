"""The sink of one request: a worker thread puts an answer in, the loop takes it out.

It wakes the loop only when the loop waits, so an answer that is whole at once costs one wake-up.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import Any, Protocol

from spinlab.http import Headers, Request

HIGH_WATER = 256 * 1024  # bytes of a response that may wait for a slow client


class Outcome(Protocol):
    """How a call ended."""

    @property
    def error(self) -> Exception | None:
        """Why there is no proper answer; None when there is."""
        ...


class Call(Protocol):
    """A request that a guest is working on."""

    def cancel(self, reason: str) -> None:
        """Stop the guest."""
        ...

    def resume(self) -> None:
        """There is room again after `Sink.write` said no."""
        ...


class Sink(Protocol):
    """Where an app puts its answer, from any thread: begin, write any number of times, end."""

    def begin(self, status: int, headers: Headers) -> None:
        """The head is known."""
        ...

    def write(self, data: bytes) -> bool:
        """A piece of the body; False when the writer should wait for `Call.resume`."""
        ...

    def end(self, outcome: Any) -> None:
        """Nothing more comes."""
        ...


class Application(Protocol):
    """What the listener needs of an app."""

    def submit(self, request: Request, sink: Any) -> Call | None:
        """Begin a request; None when it is answered already. Raises `spinlab.errors.Busy` when the queue is full."""
        ...


class Answer:
    """A response on its way from a worker thread to the loop.

    Attributes:
        status: 0 until the head is known.
        headers: As the guest gave them.
        outcome: How it ended; None while it goes on.
        completed: True when the response is complete, though the guest may go on.
        gone: True when nobody wants the rest.
        too_large: True when the request's body was more than the listener takes.
        call: The call that writes; None when there is none to stop.
        on_failed: Called on the loop when it turns out that there is no proper answer.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._lock = threading.Lock()
        self._waiter: asyncio.Future[None] | None = None
        self._for_end = False
        self._pieces: list[bytes] = []
        self._queued = 0
        self._starved = False
        self.status = 0
        self.headers = Headers()
        self.outcome: Outcome | None = None
        self.completed = False
        self.gone = False
        self.too_large = False
        self.call: Call | None = None
        self.on_failed: Callable[[], None] | None = None

    def begin(self, status: int, headers: Headers) -> None:
        """See `Sink`."""
        self.headers = headers
        self.status = status
        self._wake()

    def write(self, data: bytes) -> bool:
        """See `Sink`."""
        if not data or self.gone:
            return True
        with self._lock:
            self._pieces.append(data)
            self._queued += len(data)
            room = self._queued < HIGH_WATER
            self._starved = not room
        if not (room and self._for_end):
            self._wake()
        return room

    def whole(self, status: int, headers: Headers, data: bytes) -> None:
        """Head and body at once, when nothing but the end follows: the end will wake the loop."""
        self.headers = headers
        if data:
            with self._lock:
                self._pieces.append(data)
        self.status = status

    def complete(self, _trailers: Headers) -> None:
        """The response is complete, though the guest goes on for a while; uvicorn sends no trailers."""
        self.completed = True
        self._wake()

    def end(self, outcome: Outcome) -> None:
        """See `Sink`."""
        self.outcome = outcome
        self._wake()
        call = self.on_failed
        if call is not None and self.failed:
            with contextlib.suppress(RuntimeError):  # the loop was closed: the server has been stopped
                self._loop.call_soon_threadsafe(call)

    @property
    def over(self) -> bool:
        """Whether nothing more comes."""
        return self.completed or self.outcome is not None

    @property
    def failed(self) -> bool:
        """Whether it is over without being a proper answer."""
        return not self.completed and self.outcome is not None and self.outcome.error is not None

    def _wake(self) -> None:
        with self._lock:
            waiter, self._waiter = self._waiter, None
        if waiter is not None:
            try:
                self._loop.call_soon_threadsafe(_settle, waiter)
            except RuntimeError:  # the loop was closed: the server has been stopped
                self.gone = True

    def lose(self) -> None:
        """Nobody waits for it any more: stop the guest (on the loop)."""
        self.forget()
        if self.outcome is None and self.call is not None:
            self.call.cancel("the client closed the connection")

    def forget(self) -> None:
        """Take no more; a writer that waits goes on (on the loop)."""
        self.gone = True
        with self._lock:
            self._pieces.clear()
            starved, self._starved = self._starved, False
            waiter, self._waiter = self._waiter, None
        if waiter is not None:
            _settle(waiter)
        if starved and self.call is not None:
            self.call.resume()

    async def begun(self) -> None:
        """Wait for the head, or the end without one."""
        await self._change(lambda: self.status or self.over)

    async def ended(self, seconds: float) -> None:
        """Wait for the end, but no longer than that, and not when much is waiting to be sent."""
        self._for_end = True
        await self._change(lambda: self.over or self._starved, seconds)
        self._for_end = False

    async def more(self) -> None:
        """Wait for a piece, or the end."""
        await self._change(lambda: self._pieces or self.over)

    async def _change(self, ready: Callable[[], object], seconds: float | None = None) -> None:
        with self._lock:
            if ready() or self.gone:
                return
            waiter = self._waiter = self._loop.create_future()
        timer = self._loop.call_later(seconds, _settle, waiter) if seconds is not None else None
        await waiter
        if timer is not None:
            timer.cancel()

    def take(self) -> tuple[bytes, bool]:
        """What came since the last time, and whether that was all (on the loop)."""
        ended = self.over  # looked at first: the pieces come before the end
        with self._lock:
            pieces, self._pieces = self._pieces, []
            self._queued = 0
            starved, self._starved = self._starved, False
        if starved and self.call is not None and not ended:
            self.call.resume()
        return pieces[0] if len(pieces) == 1 else b"".join(pieces), ended


def _settle(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
