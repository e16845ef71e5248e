"""Key-value stores in Redis: every key of the server's database is one of the store (Spin: crates/key-value-redis)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

from redis.asyncio import Redis
from redis.exceptions import RedisError, WatchError

from spinlab.host.effect import Effect, Result
from spinlab.host.loop import LOOP, Outside
from spinlab.host.pack import Item, pack
from spinlab.host.pool import Failed
from spinlab.host.sqlite_file import LARGEST, TOO_LARGE

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 30.0
CONNECTIONS = 16
KEYS_AT_ONCE = 1000
_OVERHEAD = 24

Explain = Callable[[Exception], Result]
Client = Any  # redis-py's annotations differ from release to release


async def _open(client: Client) -> Result:
    await client.ping()
    return Result()


async def _value(client: Client, key: str) -> bytes | None:
    if await client.strlen(key) > LARGEST - _OVERHEAD:
        raise Failed(TOO_LARGE)
    found: bytes | None = await client.get(key)
    return found


async def _get(client: Client, key: str) -> Result:
    value = await _value(client, key)
    return Result(head="none") if value is None else Result(head="some", data=value)


async def _set(client: Client, key: str, value: bytes) -> Result:
    await client.set(key, value)
    return Result()


async def _delete(client: Client, key: str) -> Result:
    await client.delete(key)
    return Result()


async def _exists(client: Client, key: str) -> Result:
    return Result(head="true" if await client.exists(key) else "false")


async def _increment(client: Client, key: str, delta: int) -> Result:
    return Result(head=str(await client.incrby(key, delta)))


async def _swap(client: Client, key: str, expected: bytes | None, new: bytes) -> Result:
    async with client.pipeline(transaction=True) as attempt:
        await attempt.watch(key)
        current = await _value(attempt, key)
        if current == expected:
            attempt.multi()
            attempt.set(key, new)
            try:
                await attempt.execute()
            except WatchError:
                current = await _value(client, key)
            else:
                return Result(head="done")
    return Result(head="failed", data=pack([current]))


async def _get_many(client: Client, *keys: str) -> Result:
    values: list[bytes | None] = []
    size = 0
    for key in keys:
        values.append(await _value(client, key))
        size += _OVERHEAD * 2 + len(key) + len(values[-1] or b"")
        if size > LARGEST:
            raise Failed(TOO_LARGE)
    return Result(data=pack(values))


async def _set_many(client: Client, *pairs: Sequence[Any]) -> Result:
    if pairs:
        await client.mset({str(key): value for key, value in pairs})
    return Result()


async def _delete_many(client: Client, *keys: str) -> Result:
    if keys:
        await client.delete(*keys)
    return Result()


async def _list_keys(client: Client, cursor: str | None) -> Result:
    if cursor is not None:
        raise Failed("list_keys: cursor not supported")
    scan = _Scan()
    found: list[str] = []
    while not scan.over:
        found += await scan.part(client)
    return Result(data=pack([found, None]))


class _Scan:
    """A walk over all keys, each told once."""

    def __init__(self) -> None:
        self.over = False
        self._cursor = 0
        self._seen: set[bytes] = set()
        self._size = _OVERHEAD

    async def part(self, client: Client) -> list[str]:
        self._cursor, keys = await client.scan(self._cursor, count=KEYS_AT_ONCE)
        new = list(dict.fromkeys(key for key in keys if key not in self._seen))
        self._seen.update(new)
        self._size += sum(_OVERHEAD + len(key) for key in new)
        if self._size > LARGEST:
            raise Failed(TOO_LARGE)
        self.over = int(self._cursor) == 0
        return [key.decode("utf-8", "replace") for key in new]


async def _count(client: Client) -> Result:
    return Result(head=str(await client.dbsize()))


async def _clear(client: Client) -> Result:
    raise Failed("others may use this Redis too: delete its keys one by one, or with redis-cli")


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


class Keys(Outside):
    """The keys of a store, a part at a time."""

    def __init__(self, client: Client, explain: Explain) -> None:
        super().__init__(stream=True)
        self._client = client
        self._explain = explain
        self._scan = _Scan()

    async def part(self) -> Result:
        """The next part of the list."""
        keys = await self._scan.part(self._client)
        self.stream = not self._scan.over
        return Result(head="whole" if self._scan.over else "more", data=pack(keys))

    def next(self) -> Result | Effect:
        """Begin the next part."""
        return LOOP.begin(self.part(), explain=self._explain)


class RedisStore:
    """A database of a Redis server.

    Parameters:
        url: Such as ``redis://127.0.0.1:6379``; may hold a password, which is never told.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.place = f"Redis at {parts.hostname or 'localhost'}:{parts.port or 6379}"
        self._url = url
        self._client: Client = None

    def begin(self, label: str, op: str, arguments: Sequence[Item], explain: Explain) -> Result | Effect:
        """Begin an operation of the interface on the server."""
        client = self._connected()
        if op == "keys":
            keys = Keys(client, explain)
            return LOOP.begin(keys.part(), keys, explain=explain)
        return LOOP.begin(self._do(op, client, arguments), explain=explain)

    @staticmethod
    async def _do(op: str, client: Client, arguments: Sequence[Item]) -> Result:
        return await _OPERATIONS[op](client, *arguments)

    def trouble(self, label: str, error: Exception) -> str:
        """A line for the user about what is wrong with the server; empty when it is the guest's own error."""
        if isinstance(error, (RedisError, OSError)) and "value is not an integer" not in str(error):
            return f"key-value store {label!r}: {self.place} can't be used ({error})"
        return ""

    def _connected(self) -> Client:
        if self._client is None:
            self._client = Redis.from_url(
                self._url,
                max_connections=CONNECTIONS,
                socket_connect_timeout=CONNECT_SECONDS,
                socket_timeout=ANSWER_SECONDS,
            )
        return self._client

    def close(self) -> None:
        """Close the connections."""
        client, self._client = self._client, None
        if client is not None:
            LOOP.begin(_closed(client))


async def _closed(client: Client) -> Result:
    await client.aclose()
    return Result()
