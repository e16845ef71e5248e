"""Cuts a connection whose client does not read what waits for it."""

from __future__ import annotations

import array
import asyncio
import socket
from typing import Any, Protocol

LOOKS = 1.0  # seconds between two looks at a client that is slower than us


class Transport(Protocol):
    """What is looked at, and cut."""

    def get_write_buffer_size(self) -> int:
        """Bytes that the system did not take yet."""
        ...

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """The ``socket``."""
        ...

    def abort(self) -> None:
        """Close at once."""
        ...


class Stall:
    """Watches a client that reads slower than we write, until `stop`.

    Parameters:
        loop: The connection's.
        transport: The connection.
        seconds: How long the client may read nothing.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, transport: Transport, seconds: float) -> None:
        self._loop = loop
        self._transport = transport
        self._seconds = seconds
        self._left = unsent(transport)
        self._since = loop.time()
        self._every = min(LOOKS, seconds / 2)
        self._timer = loop.call_later(self._every, self._look)

    def stop(self) -> None:
        """The client reads again, or is gone."""
        self._timer.cancel()

    def _look(self) -> None:
        left, now = unsent(self._transport), self._loop.time()
        if left != self._left:
            self._left, self._since = left, now
        elif now - self._since >= self._seconds:
            self._transport.abort()
            return
        self._timer = self._loop.call_later(self._every, self._look)


def unsent(transport: Transport) -> int:
    """Bytes that the client did not take yet: ours, and where it can be asked the system's."""
    return transport.get_write_buffer_size() + _queued(transport.get_extra_info("socket"))


def _queued(sock: socket.socket | None) -> int:
    """What the system holds for the other side; 0 where it does not say."""
    try:
        import fcntl
        import termios
    except ImportError:  # Windows
        return 0
    size = array.array("i", [0])
    try:
        fcntl.ioctl(sock.fileno() if sock is not None else -1, termios.TIOCOUTQ, size)
    except (OSError, ValueError):
        return 0
    return size[0]
