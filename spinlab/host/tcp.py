"""A TCP connection of a guest. It reads when the guest does, and holds no more than one piece that waits to go out."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress

from spinlab.host.connections import Permit
from spinlab.host.effect import END, Effect, Result
from spinlab.host.loop import LOOP, Outside
from spinlab.host.socket_facts import LINGERS, Endpoint, code, forget, set_option, set_options

PIECE = 1 << 17
"""Bytes that one read gives at most."""


class Tcp(Outside):
    """A connection: the effect that makes it, and then the handle.

    Parameters:
        to: Where it goes.
        options: Such as ``hops=3``, set before it connects.
        permit: Its place in the count.
    """

    def __init__(self, to: Endpoint, options: list[str], permit: Permit) -> None:
        super().__init__(stream=True)
        self._to = to
        self._options = options
        self._permit = permit
        self._socket: socket.socket | None = None
        self._reading: Outside | None = None
        self._writing: Outside | None = None
        self._ends = False
        self._closing = False

    def connect(self) -> Tcp:
        """Begin."""
        LOOP.begin(self._connect(), self, explain=lambda error: Result.error(code(error), str(error)))
        return self

    async def _connect(self) -> Result:
        try:
            sock = socket.socket(self._to.family, socket.SOCK_STREAM)
            self._socket = sock
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            set_options(sock, self._options)
            await asyncio.get_running_loop().sock_connect(sock, self._to.name)
            return Result(head=f"{Endpoint.of(sock.getsockname())}\n{Endpoint.of(sock.getpeername())}")
        except BaseException:
            self._let_go()
            raise

    # On the guest's thread. The bridge has one read and one write under way at most.

    def read(self) -> Result | Effect:
        """What has come, or as soon as something does; the end of the stream when the peer has sent all."""
        sock = self._socket
        if sock is None or self._closing:
            return Result.error("invalid-state")
        try:
            return self._received(sock.recv(PIECE))
        except (BlockingIOError, InterruptedError):
            pass
        except OSError as error:
            return Result.error(code(error), str(error))
        self._reading = LOOP.begin(self._read(sock), explain=_explained)
        return self._reading

    async def _read(self, sock: socket.socket) -> Result:
        return self._received(await asyncio.get_running_loop().sock_recv(sock, PIECE))

    def _received(self, data: bytes) -> Result:
        if self.record is not None:
            self.record.received += len(data)
        return Result(data=data) if data else Result(END)

    def write(self, data: bytes) -> Result | Effect:
        """Send; the effect is there when the next piece may come."""
        sock = self._socket
        if sock is None or self._closing or self._ends:
            return Result.error("invalid-state")
        if self._writing is not None and self._writing.peek() is None:
            return Result.error("concurrency-conflict")
        if self.record is not None:
            self.record.sent += len(data)
        try:
            count = sock.send(data)
        except (BlockingIOError, InterruptedError):
            count = 0
        except OSError as error:
            return Result.error(code(error), str(error))
        if count == len(data):
            return Result()
        self._writing = LOOP.begin(self._write(sock, data[count:]), _Written(), explain=_explained)
        return self._writing

    async def _write(self, sock: socket.socket, data: bytes) -> Result:
        await asyncio.get_running_loop().sock_sendall(sock, data)
        if self._ends:
            _shut(sock, socket.SHUT_WR)
        return Result()

    def shutdown(self, how: str) -> Result:
        """Say that nothing more is sent (behind what is still on its way), or read."""
        sock = self._socket
        if sock is None or self._closing:
            return Result.error("invalid-state")
        if how == "receive":
            _shut(sock, socket.SHUT_RD)
        elif not self._ends:
            self._ends = True
            if self._writing is None or self._writing.peek() is not None:
                _shut(sock, socket.SHUT_WR)
        return Result()

    def option(self, name: str, value: int) -> Result:
        """Set an option."""
        if self._socket is None:
            return Result.error("invalid-state")
        set_option(self._socket, name, value)
        return Result()

    def cancel(self) -> None:
        """Close it, once what was written is out or nobody takes it."""
        if not self._closing:
            self._closing = True
            asyncio.run_coroutine_threadsafe(self._close(), LOOP.loop)

    async def _close(self) -> None:
        for task in (self.task, self._reading.task if self._reading else None):
            if task is not None:
                task.cancel()
        writing = self._writing.task if self._writing else None
        if writing is not None:
            with suppress(Exception, asyncio.CancelledError):
                await asyncio.wait_for(asyncio.wrap_future(writing), LINGERS)
        await asyncio.sleep(0)
        self._let_go()

    def _let_go(self) -> None:
        if self._socket is not None:
            forget(self._socket)
            self._socket.close()
        self._permit.release()


class _Written(Outside):
    """A piece on its way out. Nobody waiting for it does not call it back."""

    def cancel(self) -> None:
        """The connection decides."""


def _explained(error: Exception) -> Result:
    return Result.error(code(error), str(error))


def _shut(sock: socket.socket, how: int) -> None:
    with suppress(OSError):
        sock.shutdown(how)
