from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from spinlab.host.connections import Connections, Permit
from spinlab.host.pooling import Pool, Pools, Session


class Plain(Session):
    """A connection to nothing."""

    def __init__(self, permit: Permit) -> None:
        super().__init__(permit)
        self.gone = False
        self.resets = 0
        self.fails = False

    @property
    def closed(self) -> bool:
        return self.gone

    async def reset(self) -> None:
        self.resets += 1
        await asyncio.sleep(0)
        if self.fails:
            raise OSError("no")

    def disconnect(self) -> None:
        self.gone = True


def pooled(test: Callable[[Pool, list[Plain], Connections], Awaitable[None]], size: int = 2) -> None:
    """Run a test with a pool, the connections that it has made, and their count."""

    async def run() -> None:
        book, made = Connections(), []

        async def connect(holder: Any) -> Session:
            made.append(Plain(await book.wait("pg", holder)))
            return made[-1]

        pool = Pool(connect, size)
        await test(pool, made, book)
        pool.shut()

    asyncio.run(run())


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def test_a_connection_that_came_back_is_reset_and_used_again() -> None:
    async def test(pool: Pool, made: list[Plain], book: Connections) -> None:
        first = await pool.take(None)
        pool.give(first)
        assert await pool.take(None) is first
        assert made[0].resets == 1

    pooled(test)


def test_one_that_can_not_be_reset_is_closed() -> None:
    async def test(pool: Pool, made: list[Plain], book: Connections) -> None:
        first = await pool.take(None)
        made[0].fails = True
        pool.give(first)
        assert await pool.take(None) is not first
        assert made[0].gone
        assert len(book) == 1

    pooled(test)


def test_one_that_the_server_closed_meanwhile_is_not_given_out() -> None:
    async def test(pool: Pool, made: list[Plain], book: Connections) -> None:
        pool.give(await pool.take(None))
        await settled()
        made[0].gone = True
        assert await pool.take(None) is made[1]
        assert len(book) == 1

    pooled(test)


def test_who_finds_the_pool_empty_waits_for_the_next_that_comes_back() -> None:
    async def test(pool: Pool, made: list[Plain], book: Connections) -> None:
        first, _ = await pool.take(None), await pool.take(None)
        waiting = asyncio.ensure_future(pool.take(None))
        await settled()
        assert not waiting.done()
        pool.give(first)
        assert await waiting is first

    pooled(test)


def test_who_gives_up_waiting_does_not_keep_a_place() -> None:
    async def test(pool: Pool, made: list[Plain], book: Connections) -> None:
        first, _ = await pool.take(None), await pool.take(None)
        impatient, patient = asyncio.ensure_future(pool.take(None)), asyncio.ensure_future(pool.take(None))
        await settled()
        impatient.cancel()
        pool.give(first)
        assert await patient is first

    pooled(test)


def test_a_connection_that_fails_leaves_room_for_another() -> None:
    async def run() -> None:
        async def connect(holder: Any) -> Session:
            raise OSError("no")

        pool = Pool(connect, 1)
        for _ in range(3):
            with pytest.raises(OSError, match="no"):
                await pool.take(None)
        assert pool.unused

    asyncio.run(run())


def test_what_is_not_used_is_closed_when_the_app_lets_go() -> None:
    async def test(pool: Pool, made: list[Plain], book: Connections) -> None:
        kept, used = await pool.take(None), await pool.take(None)
        pool.give(kept)
        await settled()
        pool.shut()
        assert (made[0].gone, made[1].gone) == (True, False)
        pool.give(used)
        assert made[1].gone
        assert len(book) == 0

    pooled(test)


def test_pools_without_connections_are_forgotten() -> None:
    async def run() -> None:
        async def connect(holder: Any) -> Session:
            raise AssertionError

        pools = Pools()
        first = pools.of("a", connect)
        assert pools.of("b", connect) is not first
        assert pools.of("a", connect) is not first

    asyncio.run(run())
