"""Bodies between the loop and the guest's thread."""

from __future__ import annotations

import asyncio

from spinlab.http import Body, Headers


class Taking:
    """Takes what a guest feeds, in the loop."""

    def __init__(self, body: Body) -> None:
        self._body = body
        self._loop = asyncio.get_running_loop()
        self._there = asyncio.Event()
        body.notify(on_data=self._wake)

    def _wake(self) -> None:
        self._loop.call_soon_threadsafe(self._there.set)

    async def next(self) -> bytes | Headers:
        """The next bytes; the trailers at the end.

        Raises:
            BodyAborted: The guest broke off.
        """
        while True:
            self._there.clear()
            taken = self._body.take()
            if taken is not None:
                return taken
            await self._there.wait()


class Feeding:
    """Feeds what a guest takes, from the loop."""

    def __init__(self, body: Body) -> None:
        self.body = body
        self._loop = asyncio.get_running_loop()
        self._room = asyncio.Event()
        self._waiting = False
        body.notify(on_room=self._wake)

    def _wake(self) -> None:
        if self._waiting:
            self._loop.call_soon_threadsafe(self._room.set)

    async def put(self, data: bytes) -> None:
        """Feed bytes, and wait until there is room for more."""
        self.body.feed(data)
        if self.body.room:
            return
        self._waiting = True
        try:
            while True:
                self._room.clear()
                if self.body.room:
                    return
                await self._room.wait()
        finally:
            self._waiting = False
