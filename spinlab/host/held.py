"""Connections that a guest holds, and rows that it takes in batches. All of it happens in the loop's thread."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import ClassVar

from spinlab.host.effect import ERROR, Caller, Result
from spinlab.host.loop import LOOP, Outside, within
from spinlab.host.pack import Item
from spinlab.host.pooling import PATIENCE, Pool, Session, in_background

LIMIT = 128 << 20
"""Bytes of one result, as Spin's."""

BATCH = 64 << 10
"""Bytes of rows that cross at once, about."""

LINGER = 0.01
"""Seconds that rows wait for further ones to cross with."""


class BadAddress(Exception):
    """An address that can't be read. The message may be shown to the guest."""


class Failed(Exception):
    """A statement that did not work.

    Attributes:
        result: The guest's error.
    """

    def __init__(self, name: str, message: str = "", data: bytes = b"") -> None:
        super().__init__(message)
        self.result = Result(ERROR, name, data or message.encode())


def too_large() -> str:
    """What a guest is told of a result over the limit."""
    return f"query result exceeds limit of {LIMIT} bytes"


class Cursor(ABC):
    """The rows of one statement, as they come.

    Attributes:
        columns: Packed names and types.
        over_limit: The error's name for a result that is too large.
    """

    columns: bytes = b"l0:"
    over_limit: ClassVar[str] = "other"

    @abstractmethod
    async def more(self) -> tuple[list[bytes], bool]:
        """Some packed rows, and whether they are the last. Raises `Failed`."""


class Connection(Session):
    """A connection that statements can be sent on, one after the other."""

    @abstractmethod
    async def query(self, statement: str, params: Sequence[Item]) -> Cursor:
        """Begin a statement that gives rows. Raises `Failed`."""

    @abstractmethod
    async def execute(self, statement: str, params: Sequence[Item]) -> int:
        """Do a statement for what it changes: the number of rows. Raises `Failed`."""

    @abstractmethod
    async def recover(self) -> None:
        """Get rid of a statement that nobody wants any more. Raises when it can't."""


class Rows(Outside):
    """A statement of a guest, and the rows that it has not taken yet."""

    def __init__(self, held: Held, limit: int | None) -> None:
        super().__init__(stream=True)
        self.held = held
        self.cursor: Cursor | None = None
        self.taken_in: list[bytes] = []
        self.error: Failed | None = None
        self._left = limit
        self._over = False

    def cancel(self) -> None:
        """The guest wants no more of them."""
        super().cancel()
        LOOP.loop.call_soon_threadsafe(self.held.forget, self)

    async def batch(self) -> tuple[list[bytes], bool]:
        """Some rows, and whether they are the last."""
        assert self.cursor is not None
        rows, last = await self.cursor.more()
        if self._left is not None:
            self._left -= sum(map(len, rows))
            if self._left < 0:
                raise Failed(self.cursor.over_limit, too_large())
        if last:
            self.over()
        return rows, last

    async def take_in(self) -> None:
        """Read all the rest, since the connection is needed for something else."""
        size = 0
        try:
            while self.cursor is not None:
                rows, _ = await self.batch()
                self.taken_in += rows
                size += sum(map(len, rows))
                if size > LIMIT and self.cursor is not None:
                    raise Failed(self.cursor.over_limit, too_large())
        except Failed as error:
            self.error = error

    def over(self) -> None:
        """Nothing more comes from the server."""
        self.cursor = None
        if not self._over:
            self._over = True
            self.held.leave()


class Held(Outside):
    """A connection that a guest holds. Statements and their rows use it one after the other."""

    def __init__(self) -> None:
        super().__init__(stream=True)
        self._connection: Connection | None = None
        self._pool: Pool | None = None
        self._turn = asyncio.Lock()
        self._rows: Rows | None = None
        self._users = 0
        self._dropped = False

    async def open(self, pool: Pool, call: Caller) -> Result:
        """Get a connection."""
        connection = await pool.take(call)
        assert isinstance(connection, Connection)
        self._connection, self._pool, self._users = connection, pool, 1
        return Result()

    def cancel(self) -> None:
        """The guest does not hold it any more."""
        super().cancel()
        LOOP.loop.call_soon_threadsafe(self._drop)

    def _drop(self) -> None:
        if not self._dropped:
            self._dropped = True
            if self._connection is not None:
                self.leave()

    def leave(self) -> None:
        """One user less; after the last one the connection goes back."""
        self._users -= 1
        if self._users == 0 and self._connection is not None and self._pool is not None:
            connection, self._connection = self._connection, None
            self._pool.give(connection)

    @asynccontextmanager
    async def turn(self, rows: Rows | None = None) -> AsyncIterator[Connection]:
        """Use the connection alone. What is under way when the user gives up is ended first."""
        connection = self._connection
        if connection is None:
            raise Failed("connection-failed", "the connection is closed")
        self._users += 1
        try:
            await self._turn.acquire()
        except BaseException:
            self.leave()
            raise
        try:
            if self._rows is not None and self._rows is not rows:
                await self._rows.take_in()
                if self._rows.error is not None:
                    await self._recover(connection, self._rows)
                self._rows = None
            yield connection
        except BaseException as error:
            if isinstance(error, Failed) and rows is None:
                self._free()
                raise
            # A statement is under way, or rows are: nobody else may see them.
            in_background(self._clean(connection, rows or self._rows))
            raise
        else:
            self._free()

    def _free(self) -> None:
        self._turn.release()
        self.leave()

    async def _clean(self, connection: Connection, rows: Rows | None) -> None:
        try:
            await self._recover(connection, rows)
        finally:
            self._free()

    async def _recover(self, connection: Connection, rows: Rows | None) -> None:
        try:
            async with within(PATIENCE):
                await connection.recover()
        except Exception:  # noqa: BLE001 (whatever fails, nobody can use it any more)
            connection.close()
        if rows is not None:
            if rows.cursor is not None and rows.error is None:
                rows.error = Failed("query-failed", "the rest of the rows is lost")
            self.ended(rows)
            rows.over()

    def begin(self, rows: Rows, cursor: Cursor) -> None:
        """These rows come next; they use the connection until the last one."""
        self._users += 1
        self._rows, rows.cursor = rows, cursor

    def ended(self, rows: Rows) -> None:
        """All of them came."""
        if self._rows is rows:
            self._rows = None

    def forget(self, rows: Rows) -> None:
        """Nobody wants the rest of them."""
        rows.taken_in.clear()
        if rows.cursor is not None and self._connection is not None:
            in_background(self._forget(rows))

    async def _forget(self, rows: Rows) -> None:
        async with self._turn:
            if rows.cursor is not None and self._connection is not None:
                await self._recover(self._connection, rows)
