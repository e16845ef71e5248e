"""Names to addresses. The system's resolver can't be interrupted, so it has threads of its own."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

Lookup = Callable[..., list[Any]]
"""As `socket.getaddrinfo`."""

AT_ONCE = 16
"""Lookups under way at once; a server that does not answer holds one of them for as long as the system waits."""


class Resolver:
    """Looks names up without holding up the loop.

    Parameters:
        lookup: Does it.
    """

    def __init__(self, lookup: Lookup = socket.getaddrinfo) -> None:
        self._lookup = lookup
        self._free = threading.BoundedSemaphore(AT_ONCE)
        self._freed: asyncio.Event | None = None

    async def resolve(self, name: str, port: int) -> list[tuple[socket.AddressFamily, tuple[Any, ...]]]:
        """The addresses of a name for a stream of bytes, best first.

        Raises:
            OSError: It has none.
        """
        loop = asyncio.get_running_loop()
        while not self._free.acquire(blocking=False):
            self._freed = self._freed or asyncio.Event()
            await self._freed.wait()
        answer: asyncio.Future[list[Any]] = loop.create_future()

        def work() -> None:
            try:
                found = self._lookup(name, port, type=socket.SOCK_STREAM)
                tell, what = answer.set_result, found
            except Exception as error:  # noqa: BLE001 (it belongs to the one who waits)
                tell, what = answer.set_exception, error  # type: ignore[assignment]
            self._free.release()
            with suppress(RuntimeError):  # the loop is closed: the process ends
                loop.call_soon_threadsafe(done, tell, what)

        def done(tell: Callable[[Any], None], what: Any) -> None:
            freed, self._freed = self._freed, None
            if freed is not None:
                freed.set()
            if not answer.done():
                tell(what)

        # A daemon: a name server that does not answer must not hold up the end of the process.
        threading.Thread(target=work, name="spinlab-lookup", daemon=True).start()
        found = await answer
        return [(family, address) for family, _, _, _, address in found if family in (socket.AF_INET, socket.AF_INET6)]
