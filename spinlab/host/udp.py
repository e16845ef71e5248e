"""A UDP socket of a guest: on a port that the system chose, to and from the places that are granted."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress

from spinlab.host.connections import Permit
from spinlab.host.effect import DONE, Effect, Result
from spinlab.host.loop import LOOP, Outside
from spinlab.host.socket_facts import Endpoint, code, forget, set_option, set_options

BIGGEST = 65535
"""Bytes of a datagram."""

AGAIN = 0.002
"""Seconds after which a datagram that found no room is tried again."""


class Udp(Effect):
    """A bound socket.

    Parameters:
        at: Where it is bound.
        options: Such as ``hops=3``.
        permit: Its place in the count.
        takes: Whether a datagram from there may reach the guest; others are dropped.

    Raises:
        OSError: It can't be bound.
    """

    def __init__(self, at: Endpoint, options: list[str], permit: Permit, takes: Callable[[Endpoint], bool]) -> None:
        super().__init__(stream=True)
        self._permit = permit
        self._takes = takes
        self._peer: Endpoint | None = None
        self._tasks: list[Outside] = []
        self._closing = False
        self._socket = socket.socket(at.family, socket.SOCK_DGRAM)
        try:
            self._socket.setblocking(False)
            set_options(self._socket, options)
            self._socket.bind(at.name)
            self.finish(Result(head=str(Endpoint.of(self._socket.getsockname()))))
        except BaseException:
            self._socket.close()
            raise

    def connect(self, peer: Endpoint | None) -> Result:
        """Take datagrams from `peer` only; None: from everywhere again."""
        self._peer = peer
        return Result()

    def send(self, data: bytes, to: Endpoint) -> Result | Effect:
        """Send one datagram; the effect is there when the next one may come."""
        if self._closing:
            return Result.error("invalid-state")
        if self.record is not None:
            self.record.sent += len(data)
        try:
            self._socket.sendto(data, to.name)
        except (BlockingIOError, InterruptedError):
            return self._begin(self._send(data, to))
        except OSError as error:
            return Result.error(code(error), str(error))
        return Result()

    async def _send(self, data: bytes, to: Endpoint) -> Result:
        while True:
            await asyncio.sleep(AGAIN)
            with suppress(BlockingIOError, InterruptedError):
                self._socket.sendto(data, to.name)
                return Result()

    def receive(self) -> Result | Effect:
        """The next datagram and where it comes from, as soon as there is one."""
        if self._closing:
            return Result.error("invalid-state")
        try:
            found = self._next()
        except OSError as error:
            return Result.error(code(error), str(error))
        return found or self._begin(self._receive())

    def _next(self) -> Result | None:
        """The next datagram that the guest may have; None when there is none yet."""
        while True:
            try:
                data, name = self._socket.recvfrom(BIGGEST)
            except (BlockingIOError, InterruptedError):
                return None
            except ConnectionError:
                continue  # an earlier datagram found nobody; that is no matter of this socket
            source = Endpoint.of(name)
            if self._peer in (None, source) and self._takes(source):
                if self.record is not None:
                    self.record.received += len(data)
                return Result(DONE, str(source), data)

    async def _receive(self) -> Result:
        while True:
            await _readable(self._socket)
            found = self._next()
            if found is not None:
                return found

    def _begin(self, work: object) -> Effect:
        effect = LOOP.begin(work, explain=lambda error: Result.error(code(error), str(error)))  # type: ignore[arg-type]
        self._tasks = [task for task in self._tasks if task.peek() is None]
        self._tasks.append(effect)
        return effect

    def option(self, name: str, value: int) -> Result:
        """Set an option."""
        set_option(self._socket, name, value)
        return Result()

    def cancel(self) -> None:
        """Close it."""
        if not self._closing:
            self._closing = True
            asyncio.run_coroutine_threadsafe(self._close(), LOOP.loop)

    async def _close(self) -> None:
        for effect in self._tasks:
            effect.cancel()
        await asyncio.sleep(0)
        forget(self._socket)
        self._socket.close()
        self._permit.release()


async def _readable(sock: socket.socket) -> None:
    """Wait until something has come."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    try:
        loop.add_reader(sock, lambda: None if ready.done() else ready.set_result(None))
    except NotImplementedError:  # Windows' own loop waits for transfers only
        await asyncio.sleep(AGAIN)
        return
    try:
        await ready
    finally:
        loop.remove_reader(sock)
