"""Connections to databases that are kept for the next request, one pool for each address. Everything here happens in
the loop's thread (`spinlab.host.loop`)."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Hashable
from contextlib import suppress
from typing import Any

from spinlab.host.connections import Permit
from spinlab.host.loop import within

SIZE = 64
"""Connections to one address at once, as Spin's."""

IDLE = 60.0
"""Seconds until a connection that nobody uses is closed."""

PATIENCE = 5.0
"""Seconds for making a used connection fit for somebody else."""

_running: set[asyncio.Task[None]] = set()


def in_background(work: Coroutine[Any, Any, None]) -> None:
    """Do this while nobody waits for it."""
    task = asyncio.ensure_future(work)
    _running.add(task)
    task.add_done_callback(_running.discard)


class Session(ABC):
    """One connection to a database.

    Attributes:
        permit: Its place among the app's connections.
    """

    def __init__(self, permit: Permit) -> None:
        self.permit = permit

    @property
    @abstractmethod
    def closed(self) -> bool:
        """Whether it is of no use any more; finds out whether the server has gone."""

    @abstractmethod
    async def reset(self) -> None:
        """End a transaction, and forget what was set: the next user finds it as new. Raises when it can't."""

    @abstractmethod
    def disconnect(self) -> None:
        """Let go of the socket, at once."""

    def close(self) -> None:
        """Let go of everything. A second time does nothing."""
        self.disconnect()
        self.permit.release()


class Pool:
    """The connections to one address.

    Parameters:
        connect: Makes one on behalf of a request.
        size: How many there may be at once.
    """

    def __init__(self, connect: Callable[[object], Awaitable[Session]], size: int = SIZE) -> None:
        self._connect = connect
        self._size = size
        self._count = 0
        self._returning = 0
        self._idle: list[tuple[Session, asyncio.TimerHandle]] = []
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._shut = False

    @property
    def unused(self) -> bool:
        """Whether there is no connection, and nobody who wants one."""
        return self._count == 0 and not self._waiting

    async def take(self, holder: object) -> Session:
        """A connection, as soon as there is one; `holder` is the request that wants it."""
        while True:
            session = self._kept()
            if session is not None:
                return session
            # One that is about to come back is there sooner than a new one.
            if self._count < self._size and len(self._waiting) >= self._returning:
                break
            await self._turn()
        self._count += 1
        try:
            return await self._connect(holder)
        except BaseException:
            self._count -= 1
            self._wake()
            raise

    def give(self, session: Session) -> None:
        """The request that had it is over."""
        if session.closed or self._shut:
            self._drop(session)
            return
        session.permit.hand_over()
        self._returning += 1
        in_background(self._recycle(session))

    def let_go(self) -> None:
        """Close what nobody uses."""
        idle, self._idle = self._idle, []
        for session, timer in idle:
            timer.cancel()
            self._drop(session)

    def shut(self) -> None:
        """Keep none any more."""
        self._shut = True
        self.let_go()

    def _kept(self) -> Session | None:
        while self._idle:
            session, timer = self._idle.pop()
            timer.cancel()
            if not session.closed:
                return session
            self._drop(session)
        return None

    async def _turn(self) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn in self._waiting:
                self._waiting.remove(turn)
            else:
                self._wake()
            raise

    def _wake(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return

    async def _recycle(self, session: Session) -> None:
        fit = False
        with suppress(Exception):  # whatever fails, it is not kept
            async with within(PATIENCE):
                await session.reset()
            fit = not session.closed
        self._returning -= 1
        if fit and not self._shut and not session.permit.awaited:
            timer = asyncio.get_running_loop().call_later(IDLE, self._expire, session)
            self._idle.append((session, timer))
            self._wake()
        else:
            self._drop(session)

    def _expire(self, session: Session) -> None:
        self._idle = [entry for entry in self._idle if entry[0] is not session]
        self._drop(session)

    def _drop(self, session: Session) -> None:
        self._count -= 1
        session.close()
        self._wake()


class Pools:
    """All pools of one kind of database."""

    def __init__(self) -> None:
        self._pools: dict[Hashable, Pool] = {}

    def of(self, key: Hashable, connect: Callable[[object], Awaitable[Session]]) -> Pool:
        """The pool with that key, made with `connect` when there is none."""
        self._pools = {k: pool for k, pool in self._pools.items() if not pool.unused}
        return self._pools.setdefault(key, Pool(connect))

    def let_go(self) -> None:
        """Close what nobody uses."""
        for pool in self._pools.values():
            pool.let_go()

    def shut(self) -> None:
        """Keep none any more."""
        pools, self._pools = self._pools, {}
        for pool in pools.values():
            pool.shut()
