"""The Redis protocol (RESP 2 and 3): a connection that takes commands and gives their answers in the same order.

Written out here because guests are told what client libraries leave out: whether an answer was a status or a string,
and every item of a nested one. An answer is measured while it arrives, so that a large one is refused and not kept.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias

LIMIT = 128 << 20
"""Bytes of one answer at most (Spin: MAX_HOST_BUFFERED_BYTES)."""

ITEM = 32
"""What an item counts beside its own bytes (Spin: the size of a ``redis-result``)."""

DEPTH = 32
"""Lists within lists."""

IN_A_ROW = 1000
"""Items that are read before others in the loop have their turn."""


class Status(str):
    """A status, such as ``OK``."""

    __slots__ = ()


@dataclass(frozen=True)
class Unsupported:
    """An answer that Spin's interface has no case for, by the name of its type."""

    name: str


Reply: TypeAlias = "bool | int | float | bytes | Status | Unsupported | ServerError | list[Reply] | None"
"""An answer. A failure of the command as a whole is raised; within a list it stands in its place."""


class RedisError(Exception):
    """A command has no answer."""


class Lost(RedisError):
    """The connection is of no use any more."""


class TooLarge(Lost):
    """An answer is larger than the limit. What is left of it is not read, so the connection goes with it."""


class ServerError(RedisError):
    """What the server said instead of an answer.

    Attributes:
        code: Its first word, such as ``WRONGTYPE``.
        detail: The rest.
    """

    def __init__(self, text: str) -> None:
        self.code, _, self.detail = text.partition(" ")
        # The words of the client library that Spin uses, since guests get to read them.
        kind = _KINDS.get(self.code)
        known = f"An error was signalled by the server - {kind}: {self.detail}"
        super().__init__(known if kind else f"{self.code}: {self.detail}")


_KINDS = {
    "ERR": "ResponseError",
    "EXECABORT": "ExecAbortError",
    "LOADING": "BusyLoadingError",
    "NOSCRIPT": "NoScriptError",
    "MOVED": "Moved",
    "ASK": "Ask",
    "TRYAGAIN": "TryAgain",
    "CLUSTERDOWN": "ClusterDown",
    "CROSSSLOT": "CrossSlot",
    "MASTERDOWN": "MasterDown",
    "READONLY": "ReadOnly",
    "NOTBUSY": "NotBusy",
    "NOSUB": "NoSub",
}


def command(words: tuple[bytes, ...]) -> bytes:
    """A command as it is sent."""
    parts = [b"*%d\r\n" % len(words)]
    for word in words:
        parts += (b"$%d\r\n" % len(word), word, b"\r\n")
    return b"".join(parts)


class Replies:
    """Reads answers from a stream.

    Parameters:
        stream: Where they come from.
        limit: Bytes of one answer at most.
    """

    def __init__(self, stream: asyncio.StreamReader, limit: int = LIMIT) -> None:
        self._stream = stream
        self._limit = limit
        self._left = limit
        self._items = 0

    async def next(self) -> Reply:
        """The next answer.

        Raises:
            Lost: There is none, or it is not of this protocol.
        """
        try:
            while True:
                self._left = self._limit
                line = await self._line()
                reply = await self._read(line, 0)
                if line[:1] != b">":  # a push message is no answer to anything
                    return reply
        except (OSError, EOFError) as error:
            raise Lost(str(error) if isinstance(error, OSError) else "the server closed the connection") from None
        except (ValueError, KeyError, asyncio.LimitOverrunError):
            raise Lost("the server does not speak the protocol of Redis") from None

    async def _line(self) -> bytes:
        return (await self._stream.readuntil(b"\r\n"))[:-2]

    async def _item(self, depth: int) -> Reply:
        self._items += 1
        if self._items % IN_A_ROW == 0:
            await asyncio.sleep(0)
        return await self._read(await self._line(), depth)

    async def _read(self, line: bytes, depth: int) -> Reply:
        kind, text = line[:1], line[1:]
        self._spend(ITEM + len(text))
        if kind in _SIMPLE:
            return _SIMPLE[kind](text)
        count = int(text)
        if count < 0:
            return None
        if kind in b"$=!":
            return await self._bulk(kind, count)
        return await self._several(kind, count, depth + 1)

    async def _bulk(self, kind: bytes, count: int) -> Reply:
        self._spend(count)
        text = (await self._stream.readexactly(count + 2))[:-2]
        if kind == b"!":
            return ServerError(text.decode("utf-8", "replace"))
        return text if kind == b"$" else Unsupported("string with format attribute")

    async def _several(self, kind: bytes, count: int, depth: int) -> Reply:
        if depth > DEPTH:
            raise ValueError("nested too deeply")
        count *= _PER_ENTRY[kind]
        if count * ITEM > self._left:
            raise TooLarge(f"query result exceeds limit of {self._limit} bytes")
        items = [await self._item(depth) for _ in range(count)]
        if kind == b"|":
            await self._item(depth)  # attributes stand before what they belong to
        return Unsupported(_NAMES[kind]) if kind in _NAMES else items

    def _spend(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise TooLarge(f"query result exceeds limit of {self._limit} bytes")


def _whole(text: bytes) -> int:
    number = int(text)
    if not -(1 << 63) <= number < 1 << 63:
        raise ValueError("not an integer of 64 bits")
    return number


_SIMPLE: Mapping[bytes, Callable[[bytes], Reply]] = {
    b"+": lambda text: Status(text.decode("utf-8", "replace")),
    b"-": lambda text: ServerError(text.decode("utf-8", "replace")),
    b":": _whole,
    b"_": lambda _: None,
    b"#": {b"t": True, b"f": False}.__getitem__,
    b",": float,
    b"(": bytes,
}

_PER_ENTRY = {b"*": 1, b"~": 1, b">": 1, b"%": 2, b"|": 2}
_NAMES = {b"%": "Map", b"|": "Attribute", b">": "Push"}


class Session:
    """A connection to a server: commands go out as they are asked, each answer finds the one who waits for it.

    All of it happens in one asyncio loop. Who stops waiting for an answer leaves the connection usable.

    Parameters:
        reader, writer: The connection.
        on_end: Called when the connection is closed, by whomever.
    """

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, on_end: Callable[[], object] = bool
    ) -> None:
        self._writer = writer
        self._on_end = on_end
        self._waiting: deque[asyncio.Future[Reply]] = deque()
        self._sending = asyncio.Lock()
        self._failure: RedisError | None = None
        self._reading = asyncio.ensure_future(self._read(Replies(reader)))

    @property
    def alive(self) -> bool:
        """Whether it can be used."""
        return self._failure is None

    async def ask(self, *words: bytes) -> Reply:
        """The answer to a command.

        Raises:
            ServerError: The server refused it.
            Lost: The connection is of no use any more.
        """
        return await (await self.send(*words))

    async def send(self, *words: bytes) -> Awaitable[Reply]:
        """Send a command; its answer can be awaited later."""
        async with self._sending:
            if self._failure is not None:
                raise self._failure
            answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
            self._waiting.append(answer)
            self._writer.write(command(words))
            with suppress(OSError):  # the one who reads learns it too
                await self._writer.drain()
        return answer

    async def _read(self, replies: Replies) -> None:
        failure: RedisError = Lost("the connection is closed")
        try:
            while True:
                self._answer(await replies.next())
        except RedisError as error:
            failure = error
        finally:
            self._end(failure)

    def _answer(self, reply: Reply) -> None:
        if not self._waiting:
            raise Lost("the server sent an answer that nobody asked for")
        waiting = self._waiting.popleft()
        if waiting.done():
            return
        if isinstance(reply, ServerError):
            waiting.set_exception(reply)
        else:
            waiting.set_result(reply)

    def _end(self, failure: RedisError) -> None:
        self._failure = self._failure or failure
        self._writer.transport.abort()
        self._on_end()
        while self._waiting:
            waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_exception(failure)

    def close(self) -> None:
        """Close the connection at once; commands under way fail."""
        self._reading.cancel()
        self._end(Lost("the connection is closed"))
