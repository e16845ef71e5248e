"""Key-value stores in Redis: every key of the server's database is one of the store (Spin: crates/key-value-redis)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

from spinlab.host import streams
from spinlab.host.effect import Effect, Result
from spinlab.host.loop import LOOP, Outside
from spinlab.host.pack import Item, pack
from spinlab.host.pool import Failed
from spinlab.host.redis import introduced
from spinlab.host.redis_address import RedisAddress
from spinlab.host.resp import Lost, Reply, ServerError, Session
from spinlab.host.sqlite_file import LARGEST, TOO_LARGE
from spinlab.host.streams import BUFFER

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 30.0
KEYS_AT_ONCE = b"1000"
_OVERHEAD = 24

_OF_THE_SERVER = ("NOAUTH", "WRONGPASS", "NOPERM", "LOADING", "READONLY", "OOM")
"""Errors that are no fault of the guest's."""

Explain = Callable[[Exception], Result]
Ask = Callable[..., Awaitable[Reply]]
"""Sends a command and gives its answer; words are text, bytes or numbers."""


async def _open(ask: Ask) -> Result:
    await ask("PING")
    return Result()


async def _value(ask: Ask, key: str) -> bytes | None:
    found = await ask("GET", key)
    return found if isinstance(found, bytes) else None


async def _get(ask: Ask, key: str) -> Result:
    value = await _value(ask, key)
    return Result(head="none") if value is None else Result(head="some", data=value)


async def _set(ask: Ask, key: str, value: bytes) -> Result:
    await ask("SET", key, value)
    return Result()


async def _delete(ask: Ask, key: str) -> Result:
    await ask("DEL", key)
    return Result()


async def _exists(ask: Ask, key: str) -> Result:
    return Result(head="true" if await ask("EXISTS", key) else "false")


async def _increment(ask: Ask, key: str, delta: int) -> Result:
    return Result(head=str(await ask("INCRBY", key, str(delta))))


async def _get_many(ask: Ask, *keys: str) -> Result:
    values: list[bytes | None] = []
    size = 0
    for key in keys:
        values.append(await _value(ask, key))
        size += _OVERHEAD * 2 + len(key) + len(values[-1] or b"")
        if size > LARGEST:
            raise Failed(TOO_LARGE)
    return Result(data=pack(values))


async def _set_many(ask: Ask, *pairs: Sequence[Any]) -> Result:
    if pairs:
        await ask("MSET", *(word for pair in pairs for word in pair))
    return Result()


async def _delete_many(ask: Ask, *keys: str) -> Result:
    if keys:
        await ask("DEL", *keys)
    return Result()


async def _list_keys(ask: Ask, cursor: str | None) -> Result:
    if cursor is not None:
        raise Failed("list_keys: cursor not supported")
    scan = _Scan()
    found: list[str] = []
    while not scan.over:
        found += await scan.part(ask)
    return Result(data=pack([found, None]))


async def _count(ask: Ask) -> Result:
    return Result(head=str(await ask("DBSIZE")))


async def _clear(ask: Ask) -> Result:
    raise Failed("others may use this Redis too: delete its keys one by one, or with redis-cli")


async def _swap(ask: Ask, key: str, expected: bytes | None, new: bytes) -> Result:
    """On a connection of its own, since WATCH is the connection's."""
    await ask("WATCH", key)
    current = await _value(ask, key)
    if current == expected:
        await ask("MULTI")
        await ask("SET", key, new)
        if await ask("EXEC") is not None:
            return Result(head="done")
        current = await _value(ask, key)
    return Result(head="failed", data=pack([current]))


class _Scan:
    """A walk over all keys, each told once."""

    def __init__(self) -> None:
        self.over = False
        self._cursor = b"0"
        self._seen: set[bytes] = set()
        self._size = _OVERHEAD

    async def part(self, ask: Ask) -> list[str]:
        reply = await ask("SCAN", self._cursor, "COUNT", KEYS_AT_ONCE)
        if not isinstance(reply, list) or len(reply) != 2 or not isinstance(reply[1], list):
            raise Failed("the server's list of keys can't be read")
        self._cursor = reply[0] if isinstance(reply[0], bytes) else b"0"
        new = [key for key in dict.fromkeys(reply[1]) if isinstance(key, bytes) and key not in self._seen]
        self._seen.update(new)
        self._size += sum(_OVERHEAD + len(key) for key in new)
        if self._size > LARGEST:
            raise Failed(TOO_LARGE)
        self.over = self._cursor == b"0"
        return [key.decode("utf-8", "replace") for key in new]


_OPERATIONS: dict[str, Callable[..., Awaitable[Result]]] = {
    "open": _open,
    "get": _get,
    "set": _set,
    "delete": _delete,
    "exists": _exists,
    "increment": _increment,
    "swap": _swap,
    "get-many": _get_many,
    "set-many": _set_many,
    "delete-many": _delete_many,
    "list-keys": _list_keys,
    "count": _count,
    "clear": _clear,
}
_ONCE = frozenset({"increment", "swap"})
"""Operations that must not be done twice, so that a lost connection leaves it open whether they were done."""


class Keys(Outside):
    """The keys of a store, a part at a time."""

    def __init__(self, ask: Ask, explain: Explain) -> None:
        super().__init__(stream=True)
        self._ask = ask
        self._explain = explain
        self._scan = _Scan()

    async def part(self) -> Result:
        """The next part of the list."""
        keys = await self._scan.part(self._ask)
        self.stream = not self._scan.over
        return Result(head="whole" if self._scan.over else "more", data=pack(keys))

    def next(self) -> Result | Effect:
        """Begin the next part."""
        return LOOP.begin(self.part(), explain=self._explain)


class RedisStore:
    """A database of a Redis server. Operations of everybody share one connection, as in Spin.

    Parameters:
        url: Such as ``redis://127.0.0.1:6379``; may hold a password, which is never told.

    Raises:
        ValueError: That is no address of a Redis.
    """

    def __init__(self, url: str) -> None:
        self._address = RedisAddress.of_operator(url)
        self.place = f"Redis at {self._address.place}"
        self._session: Session | None = None
        self._connecting: asyncio.Lock | None = None

    def begin(self, label: str, op: str, arguments: Sequence[Item], explain: Explain) -> Result | Effect:
        """Begin an operation of the interface on the server."""
        if op == "keys":
            keys = Keys(self._asker(again=True), explain)
            return LOOP.begin(keys.part(), keys, explain=explain)
        return LOOP.begin(self._do(op, arguments), explain=explain)

    def trouble(self, label: str, error: Exception) -> str:
        """A line for the user about what is wrong with the server; empty when it is the guest's own error."""
        if isinstance(error, (Lost, OSError, asyncio.TimeoutError)) or _refuses_us(error):
            return f"key-value store {label!r}: {self.place} can't be used ({self.words(error)})"
        return ""

    def words(self, error: Exception) -> str:
        """What an error says; a time that ran out says nothing by itself."""
        if isinstance(error, asyncio.TimeoutError):
            return "the server does not answer"
        return getattr(error, "strerror", None) or str(error) or type(error).__name__

    async def _do(self, op: str, arguments: Sequence[Item]) -> Result:
        if op != "swap":
            return await _OPERATIONS[op](self._asker(again=op not in _ONCE), *arguments)
        session = await self._connect()
        try:
            return await _swap(_asking(session), *arguments)  # type: ignore[arg-type]
        finally:
            session.close()

    def _asker(self, *, again: bool) -> Ask:
        async def ask(*given: str | bytes) -> Reply:
            fresh, session = await self._ready()
            try:
                return await _asking(session)(*given)
            except Lost as lost:
                if fresh or not again or TOO_LARGE in str(lost):
                    raise
            _, session = await self._ready()  # the server was away since the connection was used last
            return await _asking(session)(*given)

        return ask

    async def _ready(self) -> tuple[bool, Session]:
        """Whether the connection was made for this, and the connection."""
        self._connecting = self._connecting or asyncio.Lock()
        async with self._connecting:
            if self._session is not None and self._session.alive:
                return False, self._session
            self._session = await self._connect()
            return True, self._session

    async def _connect(self) -> Session:
        address = self._address
        to = address.to
        if address.socket:
            connecting = asyncio.open_unix_connection(address.socket, limit=BUFFER)
        else:
            tls = streams.context(verify=address.verify) if address.tls else None
            connecting = asyncio.open_connection(str(to.host), to.port or 6379, ssl=tls, limit=BUFFER)
        reader, writer = await asyncio.wait_for(connecting, CONNECT_SECONDS)
        return await asyncio.wait_for(introduced(Session(reader, writer), address), CONNECT_SECONDS)

    def close(self) -> None:
        """Close the connection."""
        session, self._session = self._session, None
        if session is not None:
            with suppress(RuntimeError):
                LOOP.loop.call_soon_threadsafe(session.close)


def _asking(session: Session) -> Ask:
    async def ask(*given: str | bytes) -> Reply:
        encoded = [word if isinstance(word, bytes) else word.encode("utf-8", "replace") for word in given]
        answer = await session.send(*encoded)
        try:
            return await asyncio.wait_for(asyncio.ensure_future(answer), ANSWER_SECONDS)
        except asyncio.TimeoutError:
            session.close()
            raise

    return ask


def _refuses_us(error: Exception) -> bool:
    return isinstance(error, ServerError) and error.code in _OF_THE_SERVER
