"""What PostgreSQL and MySQL have in common: addresses that must be granted, statements, rows that come in batches."""

from __future__ import annotations

import asyncio
import re
import weakref
from abc import ABC, abstractmethod
from collections.abc import Hashable, Sequence
from contextlib import suppress
from typing import ClassVar

from spinlab.function import Function
from spinlab.host import network
from spinlab.host.effect import Caller, Effect, Result
from spinlab.host.held import BATCH, LIMIT, BadAddress, Connection, Failed, Held, Rows
from spinlab.host.loop import LOOP
from spinlab.host.network import Destination, Network, Unreachable
from spinlab.host.pack import Item, joined, unpack
from spinlab.host.pooling import Pools, Session
from spinlab.host.services import Services
from spinlab.host.streams import problem

_pools: weakref.WeakKeyDictionary[Network, dict[str, Pools]] = weakref.WeakKeyDictionary()


def pools(of: Network, kind: str) -> Pools:
    """The pools of an app's network; they are shut together with it."""
    kinds = _pools.setdefault(of, {})
    if kind not in kinds:
        made = kinds[kind] = Pools()
        of.connections.spare(made.let_go)
        of.on_close(lambda: LOOP.loop.call_soon_threadsafe(made.shut) and None)
    return kinds[kind]


class Rdbms(ABC):
    """One kind of database for one function.

    Parameters:
        function: Whose grants hold.
        services: Whose network is used.
    """

    NAME: ClassVar[str]
    KIND: ClassVar[str]

    def __init__(self, function: Function, services: Services) -> None:
        self._function = function
        self._services = services

    @abstractmethod
    def destinations(self, address: str) -> Sequence[Destination]:
        """Where an address leads: all of it must be granted. Raises `BadAddress`."""

    @abstractmethod
    async def connect(self, address: str, extra: Item, holder: object) -> Connection:
        """A new connection. Raises `Failed` or `Unreachable`."""

    def describe(self, op: str, args: str, data: bytes) -> tuple[str, str, str] | None:
        """For the trace: where it connects, and of a statement only what it begins with."""
        verb = op.partition(".")[2]
        if verb == "next":
            return None
        if verb == "open":
            with suppress(BadAddress):
                return self.NAME, verb, ", ".join(str(to) for to in self.destinations(args))
            return self.NAME, verb, ""
        return self.NAME, verb, _keyword(data)

    def start(self, op: str, args: str, data: bytes, call: Caller) -> Result | Effect:
        """Begin an operation."""
        verb = op.partition(".")[2]
        if verb == "open":
            return self._open(args, data, call)
        found = call.effect(int(args))
        if verb == "next":
            if not isinstance(found, Rows):
                return Result.error("other", "the rows are gone")
            return LOOP.begin(_next(found), explain=explained)
        if not isinstance(found, Held):
            return Result.error("gone")
        statement, params, stream = _read(data)
        if verb == "execute":
            return LOOP.begin(_execute(found, statement, params), explain=explained)
        if verb == "query":
            rows = Rows(found, None if stream else LIMIT)
            return LOOP.begin(_query(found, rows, statement, params), rows, explain=explained)
        return Result.error("other", f"{op} is not available")

    def _open(self, address: str, data: bytes, call: Caller) -> Result | Effect:
        try:
            places = self.destinations(address)
        except BadAddress as error:
            return Result.error("connection-failed", str(error))
        for to in places:
            refusal = network.check(self._function, self._services, to.scheme, to.host, to.port)
            if refusal is not None:
                return Result.refused(refusal)
        extra = unpack(data) if data else []
        held = Held()
        return LOOP.begin(self._opening(held, address, extra, call), held, explain=explained)

    async def _opening(self, held: Held, address: str, extra: Item, call: Caller) -> Result:
        async def connect(holder: object) -> Session:
            return await self.connect(address, extra, holder)

        key: Hashable = (self._function.name, address, repr(extra))
        return await held.open(pools(self._services.network, self.KIND).of(key, connect), call)


def explained(error: Exception) -> Result:
    """The guest's error for whatever an operation raised."""
    if isinstance(error, Failed):
        return error.result
    if isinstance(error, Unreachable):
        text = "too many connections" if error.code == "connection-limit-reached" else problem(error)
        return Result.error("connection-failed", text)
    if isinstance(error, asyncio.TimeoutError):
        return Result.error("connection-failed", "timed out")
    return Result.error("other", str(error) or type(error).__name__)


async def _execute(held: Held, statement: str, params: Sequence[Item]) -> Result:
    async with held.turn() as connection:
        return Result(head=str(await connection.execute(statement, params)))


async def _query(held: Held, rows: Rows, statement: str, params: Sequence[Item]) -> Result:
    async with held.turn() as connection:
        cursor = await connection.query(statement, params)
        held.begin(rows, cursor)
    first, last = await _batch(rows)
    rows.stream = not last
    return Result(head="whole" if last else "more", data=b"l2:" + cursor.columns + joined(first))


async def _next(rows: Rows) -> Result:
    batch, last = await _batch(rows)
    data = joined(batch)
    if rows.record is not None:
        rows.record.received += len(data)
    return Result(head="whole" if last else "more", data=data)


async def _batch(rows: Rows) -> tuple[list[bytes], bool]:
    if rows.cursor is not None:
        async with rows.held.turn(rows):
            if rows.cursor is not None:
                batch, last = await rows.batch()
                if last:
                    rows.held.ended(rows)
                return batch, last
    return _taken_in(rows)


def _taken_in(rows: Rows) -> tuple[list[bytes], bool]:
    size, count = 0, 0
    while count < len(rows.taken_in) and size < BATCH:
        size += len(rows.taken_in[count])
        count += 1
    batch = rows.taken_in[:count]
    del rows.taken_in[:count]
    if not batch and rows.error is not None:
        raise rows.error
    return batch, not rows.taken_in and rows.error is None


def _read(data: bytes) -> tuple[str, Sequence[Item], bool]:
    item = unpack(data)
    if not isinstance(item, list) or len(item) not in (2, 3) or not isinstance(item[1], list):
        raise ValueError("a statement and its parameters were expected")
    if not isinstance(item[0], str):
        raise ValueError("a statement is text")
    return item[0], item[1], len(item) == 3 and item[2] is True


_BEGINNING = re.compile(rb"l\d:s\d+:\s*([A-Za-z]{1,20})\b")


def _keyword(data: bytes) -> str:
    match = _BEGINNING.match(data)
    return match[1].decode().upper() if match else "statement"
