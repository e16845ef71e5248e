"""A connection to MySQL: prepared statements with typed parameters, rows as they come."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from pymysql import err

from spinlab.host.connections import Permit
from spinlab.host.held import BATCH, LINGER, Connection, Cursor, Failed
from spinlab.host.mysql import values, wire
from spinlab.host.mysql.values import Column
from spinlab.host.mysql.wire import Wire
from spinlab.host.pack import Item, pack

T = TypeVar("T")

_MORE_RESULTS = 0x0008


class MySqlConnection(Connection):
    """One connection.

    What is said on it is said by tasks of its own, so that a guest that gives up in the midst of a packet leaves a
    connection that can still be understood.

    Parameters:
        wire: Logged in.
        database: What was asked for at first.
        again: Makes another connection of the same kind, to end a statement.
        permit: Its place among the app's connections.
    """

    def __init__(self, connected: Wire, database: str, again: Callable[[], Awaitable[Wire]], permit: Permit) -> None:
        super().__init__(permit)
        self._wire = connected
        self._database = database
        self._again = again
        self._said: asyncio.Future[Any] | None = None
        self._cursor: Selected | None = None

    @property
    def closed(self) -> bool:
        """Whether it is of no use any more."""
        return self._wire.gone

    def disconnect(self) -> None:
        """Let go of the socket."""
        self._wire.close()

    async def query(self, statement: str, params: Sequence[Item]) -> Cursor:
        """Begin a statement that gives rows."""
        return await self._say(self._query(statement, params))

    async def execute(self, statement: str, params: Sequence[Item]) -> int:
        """Do a statement for what it changes. Rows that it gives are read to nowhere."""
        return await self._say(self._execute(statement, params))

    async def _say(self, talk: Coroutine[Any, Any, T]) -> T:
        said = self._said = asyncio.ensure_future(_told(talk))
        said.add_done_callback(lambda done: done.cancelled() or done.exception())
        return await asyncio.shield(said)

    async def _query(self, statement: str, params: Sequence[Item]) -> Cursor:
        columns, number = await self._begin(statement, params)
        if columns is None:
            await self._close(number)
            raise Failed("other", "unable to stream query result")
        self._cursor = Selected(self._wire, columns, self._close(number))
        return self._cursor

    async def _execute(self, statement: str, params: Sequence[Item]) -> int:
        columns, number = await self._begin(statement, params)
        if columns is not None:
            await skip_rows(self._wire)
        await self._close(number)
        return 0

    async def _begin(self, statement: str, params: Sequence[Item]) -> tuple[list[Column] | None, int]:
        """Prepare a statement and begin it: its columns, None when it gives no rows, and its number."""
        await self._wire.command(wire.STMT_PREPARE, statement.encode())
        head = await self._wire.packet()
        number, columns, wanted = struct.unpack_from("<IHH", head, 1)
        for count in (wanted, columns):
            await self._skip(count + 1 if count else 0)
        try:
            if wanted != len(params):
                raise Failed("query-failed", f"Statement takes {wanted} parameters but {len(params)} was supplied")
            data = values.encode(params)
            await self._wire.command(wire.STMT_EXECUTE, struct.pack("<IBI", number, 0, 1) + data)
            return await self._answer(), number
        except values.Unfit as error:
            await self._close(number)
            raise Failed("bad-parameter", str(error)) from None
        except (Failed, err.MySQLError):
            await self._close(number)
            raise

    async def _skip(self, packets: int) -> None:
        for _ in range(packets):
            await self._wire.packet()

    async def _answer(self) -> list[Column] | None:
        """The columns of a result; None for an answer without rows."""
        head = await self._wire.packet()
        if head[:1] == b"\x00":
            await skip_results(self._wire, _status_of_ok(head))
            return None
        if head[:1] == b"\xfb":  # the server asks for one of our files
            self._wire.close()
            raise Failed("query-failed", "LOAD DATA LOCAL is not served")
        count = int.from_bytes(head[1:3], "little") if head[0] == 0xFC else head[0]
        fields = [await self._wire.field() for _ in range(count)]
        await self._skip(1)
        return [Column.of(field.name, field.type_code, field.flags) for field in fields]

    async def _close(self, number: int) -> None:
        if not self._wire.gone:
            await self._wire.command(wire.STMT_CLOSE, struct.pack("<I", number))  # has no answer

    async def reset(self) -> None:
        """Roll back what was left open, and forget what was set."""
        if not self._database:
            raise Failed("other", "which database was chosen can't be taken back")
        await self._say(self._reset())

    async def _reset(self) -> None:
        for code, data in (
            (wire.RESET_CONNECTION, b""),
            (wire.INIT_DB, self._database.encode()),
            (wire.QUERY, b"SET NAMES utf8mb4"),
        ):
            await self._wire.command(code, data)
            await self._wire.packet()

    async def recover(self) -> None:
        """End a statement that nobody wants any more."""
        talking = self._said is not None and not self._said.done()
        if talking or (self._cursor is not None and self._cursor.reading):
            await self._kill()
        if self._said is not None:
            with suppress(Failed):
                await asyncio.shield(self._said)
        cursor, self._cursor = self._cursor, None
        if cursor is not None:
            await cursor.discard()
        if self.closed:
            raise Failed("query-failed", wire.LOST)

    async def _kill(self) -> None:
        other = await self._again()
        try:
            await other.command(wire.QUERY, b"KILL QUERY %d" % self._wire.thread_id())
            await other.packet()
        finally:
            other.close()


class Selected(Cursor):
    """The rows of a statement that is under way; a task reads them, not much faster than they are taken.

    Parameters:
        connected: Where they come from.
        columns: What they have.
        close: Closes the statement.
    """

    def __init__(self, connected: Wire, columns: list[Column], close: Coroutine[Any, Any, None]) -> None:
        self.columns = pack([column.described for column in columns])
        self._wire = connected
        self._readers = [values.reader(column) for column in columns]
        self._rows: list[bytes] = []
        self._size = 0
        self._error: Failed | None = None
        self._unwanted = False
        self._news, self._room = asyncio.Event(), asyncio.Event()
        self._task = asyncio.ensure_future(self._read(close))

    @property
    def reading(self) -> bool:
        """Whether there is more to come."""
        return not self._task.done()

    async def more(self) -> tuple[list[bytes], bool]:
        """Some rows, and whether they are the last."""
        while not self._rows and self.reading:
            await self._new()
        with suppress(asyncio.TimeoutError):
            while self._size < BATCH and self.reading:
                await asyncio.wait_for(self._new(), LINGER)
        last = not self.reading
        if last and self._error is not None:
            raise self._error
        rows, self._rows, self._size = self._rows, [], 0
        self._room.set()
        return rows, last

    async def discard(self) -> None:
        """Read what is left, to nowhere."""
        self._unwanted = True
        self._room.set()
        await asyncio.shield(self._task)

    async def _new(self) -> None:
        self._news.clear()
        await self._news.wait()

    async def _read(self, close: Coroutine[Any, Any, None]) -> None:
        try:
            await _told(self._each(), "other")
            await _told(close)
        except Failed as error:
            self._error = self._error or error
        finally:
            close.close()
            asyncio.get_running_loop().call_soon(self._news.set)  # when this task is done

    async def _each(self) -> None:
        while True:
            data = await self._wire.packet()
            if data[0] == 0xFE and len(data) < 9:
                await skip_results(self._wire, struct.unpack_from("<H", data, 3)[0])
                return
            if self._unwanted or self._error is not None:
                continue
            try:
                row = values.row(data, self._readers)
            except values.Unfit as error:
                self._error = Failed("value-conversion-failed", str(error))
                continue
            self._rows.append(row)
            self._size += len(row)
            self._news.set()
            if self._size >= BATCH and not self._unwanted:
                self._room.clear()
                await self._room.wait()


async def skip_rows(connected: Wire) -> None:
    """Read the rows of a result, and all further results."""
    while True:
        data = await connected.packet()
        if data[0] == 0xFE and len(data) < 9:
            await skip_results(connected, struct.unpack_from("<H", data, 3)[0])
            return


async def skip_results(connected: Wire, status: int) -> None:
    """Read the further results of a statement, such as those of a procedure."""
    while status & _MORE_RESULTS:
        head = await connected.packet()
        if head[:1] == b"\x00":
            status = _status_of_ok(head)
            continue
        for _ in range(2):  # columns, then rows
            data = await connected.packet()
            while not (data[0] == 0xFE and len(data) < 9):
                data = await connected.packet()
        status = struct.unpack_from("<H", data, 3)[0]


def _status_of_ok(data: bytes) -> int:
    at = 1
    for _ in range(2):  # rows that were changed, and the last number that was given out
        _, at = values._size(data, at)
    return int.from_bytes(data[at : at + 2], "little")


async def _told(talk: Coroutine[Any, Any, T], name: str = "query-failed") -> T:
    """What a conversation comes to, with whatever goes wrong as the guest's error."""
    try:
        return await talk
    except Failed:
        raise
    except Exception as error:  # noqa: BLE001 (the library's, when a connection is lost or a server talks nonsense)
        raise Failed(name, wire.reason(error)) from None
