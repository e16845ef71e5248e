"""A connection to PostgreSQL: statements with typed parameters, rows as they come, the server's own errors."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import ClassVar

from psycopg import Error as LibraryError
from psycopg import OperationalError, pq
from psycopg.postgres import types as built_in
from psycopg.pq.abc import PGresult

from spinlab.host.connections import Permit
from spinlab.host.held import BATCH, LINGER, Connection, Cursor, Failed
from spinlab.host.pack import Case, Item, pack
from spinlab.host.postgres import parameters, results, types
from spinlab.host.postgres.libpq import LOST, Wire

Exec, Field, Transaction = pq.ExecStatus, pq.DiagnosticField, pq.TransactionStatus

EXTRAS = {
    "column": Field.COLUMN_NAME,
    "constraint": Field.CONSTRAINT_NAME,
    "routine": Field.SOURCE_FUNCTION,
    "hint": Field.MESSAGE_HINT,
    "table": Field.TABLE_NAME,
    "datatype": Field.DATATYPE_NAME,
    "schema": Field.SCHEMA_NAME,
    "file": Field.SOURCE_FILE,
    "line": Field.SOURCE_LINE,
    "where_": Field.CONTEXT,
}
"""What a guest is told beside severity, code, message and detail, by Spin's names."""

AS_NEW = b"DISCARD ALL"


def failure(result: PGresult) -> Failed:
    """The guest's error for a result that says what is wrong."""
    if result.status != Exec.FATAL_ERROR:
        return Failed(
            "query-failed", "COPY is not served" if "COPY" in Exec(result.status).name else "unexpected answer"
        )
    code = _field(result, Field.SQLSTATE)
    if not code:  # libpq's own: the connection is lost
        return Failed("query-failed", LOST)
    severity = _field(result, Field.SEVERITY_NONLOCALIZED) or _field(result, Field.SEVERITY)
    message, detail = _field(result, Field.MESSAGE_PRIMARY), _field(result, Field.MESSAGE_DETAIL)
    text = f"{severity} {code}: {message}" + (f" ({detail})" if detail else "")
    extras: list[Item] = [[name, value] for name, field in EXTRAS.items() if (value := _field(result, field))]
    return Failed("db-error", data=pack([text, severity, code, message, detail or None, extras]))


def _field(result: PGresult, field: pq.DiagnosticField) -> str:
    return (result.error_field(field) or b"").decode(errors="replace")


class PostgresConnection(Connection):
    """One connection.

    Parameters:
        wire: Connected.
        permit: Its place among the app's connections.
    """

    def __init__(self, wire: Wire, permit: Permit) -> None:
        super().__init__(permit)
        self._wire = wire
        self._names: dict[int, str] = {}

    @property
    def closed(self) -> bool:
        """Whether it is of no use any more."""
        return self._wire.closed

    def disconnect(self) -> None:
        """Let go of the socket."""
        self._wire.finish()

    async def query(self, statement: str, params: Sequence[Item]) -> Cursor:
        """Begin a statement that gives rows."""
        return Selected(self, self._wire, await self._begun(statement, params, "bad-parameter"))

    async def execute(self, statement: str, params: Sequence[Item]) -> int:
        """Do a statement for what it changes."""
        cursor = Selected(self, self._wire, await self._begun(statement, params, "value-conversion-failed"))
        return await cursor.count()

    async def _begun(self, statement: str, params: Sequence[Item], unfit: str) -> list[tuple[str, int]]:
        """Send a statement; the names and types of its columns."""
        if "\0" in statement:
            raise Failed("query-failed", "the statement holds a null byte")
        try:
            described = await self._described(statement.encode())
            taken = [described.param_type(i) for i in range(described.nparams)]
            columns = [((described.fname(i) or b"").decode(), described.ftype(i)) for i in range(described.nfields)]
            if await self._learn([*taken, *(kind for _, kind in columns)]):
                await self._described(statement.encode())  # what was asked meanwhile took its place
            data = self._encoded(params, taken, unfit)
            conn = self._wire.conn
            conn.send_query_prepared(b"", data, [pq.Format.BINARY] * len(data), pq.Format.BINARY)
            conn.set_single_row_mode()
            await self._wire.send()
        except LibraryError:
            raise Failed("query-failed", LOST) from None
        return columns

    async def _described(self, statement: bytes) -> PGresult:
        """What the server makes of a statement, in one exchange."""
        conn = self._wire.conn
        conn.enter_pipeline_mode()
        conn.send_prepare(b"", statement)
        conn.send_describe_prepared(b"")
        conn.pipeline_sync()
        await self._wire.send()
        answers = await self._wire.until_sync()
        wrong = next((r for r in answers if r.status == Exec.FATAL_ERROR), None)
        if wrong is not None:
            raise failure(wrong)
        return answers[1]

    def _encoded(self, params: Sequence[Item], kinds: Sequence[int], unfit: str) -> list[bytes | None]:
        if len(params) != len(kinds):
            raise Failed("query-failed", f"expected {len(kinds)} parameters but got {len(params)}")
        return [self._one(i, item, kind, unfit) for i, (item, kind) in enumerate(zip(params, kinds, strict=True))]

    def _one(self, number: int, item: Item, kind: int, unfit: str) -> bytes | None:
        if isinstance(item, Case) and item.name.startswith("uint"):
            raise Failed("value-conversion-failed", "Postgres does not support unsigned integers")
        try:
            return parameters.encode(item, kind, self.name_of(kind))
        except types.Unfit as error:
            raise Failed(unfit, str(error)) from None
        except TypeError as error:
            raise Failed("query-failed", f"error serializing parameter {number}: {error}") from None

    def name_of(self, kind: int) -> str:
        """What PostgreSQL calls a type."""
        return self._names.get(kind) or _built_in(kind)

    async def _learn(self, kinds: Sequence[int]) -> bool:
        """Ask for the names of types that are not built in; whether there were any."""
        if len(self._names) > 1000:
            self._names.clear()
        unknown = {kind for kind in kinds if kind and not self.name_of(kind)}
        for kind in unknown:
            self._names[kind] = await self._asked(b"SELECT typname FROM pg_catalog.pg_type WHERE oid = $1", kind)
        return bool(unknown)

    async def _asked(self, statement: bytes, kind: int) -> str:
        conn = self._wire.conn
        conn.send_query_params(statement, [str(kind).encode()], [types.OID])
        await self._wire.send()
        found = ""
        while (result := await self._wire.result()) is not None:
            if result.status == Exec.TUPLES_OK and result.ntuples:
                found = (result.get_value(0, 0) or b"").decode(errors="replace")
        return found or f"oid {kind}"

    async def reset(self) -> None:
        """Roll back what was left open, and forget what was set."""
        if self._wire.conn.transaction_status != Transaction.IDLE:
            await self._done(b"ROLLBACK")
        await self._done(AS_NEW)
        if self._wire.conn.transaction_status != Transaction.IDLE:
            raise Failed("other", "a transaction is still open")

    async def _done(self, statement: bytes) -> None:
        self._wire.conn.send_query(statement)
        await self._wire.send()
        while (result := await self._wire.result()) is not None:
            if result.status == Exec.FATAL_ERROR:
                raise failure(result)

    async def recover(self) -> None:
        """End a statement that nobody wants any more."""
        conn = self._wire.conn
        if conn.status != pq.ConnStatus.OK:
            raise Failed("query-failed", LOST)
        if conn.transaction_status == Transaction.ACTIVE:
            await self._wire.interrupt()
            await self._wire.send()
            await self._wire.drain()


def _built_in(kind: int) -> str:
    known = built_in.get(kind)
    name = known.name.strip('"') if known else ""
    return f"_{name}" if known and kind == known.array_oid else name


class Selected(Cursor):
    """The rows of a statement that was sent."""

    over_limit: ClassVar[str] = "query-failed"

    def __init__(self, connection: PostgresConnection, wire: Wire, columns: Sequence[tuple[str, int]]) -> None:
        self._wire = wire
        self._known = pack([[name, results.case_of(kind, connection.name_of(kind))] for name, kind in columns])
        self._decoders: list[Callable[[bytes], bytes]] = [results.decoder(kind) for _, kind in columns]

    async def more(self) -> tuple[list[bytes], bool]:
        """Some rows, and whether they are the last."""
        rows: list[bytes] = []
        size = 0
        try:
            while size < BATCH:
                try:
                    result = await self._wire.result(LINGER if rows else None)
                except asyncio.TimeoutError:
                    break
                if result is None:
                    return rows, True
                for row in self._rows(await self._good(result)):
                    # As Spin: a result without rows has no columns.
                    self.columns = self._known
                    rows.append(row)
                    size += len(row)
        except LibraryError:
            raise Failed("query-failed", LOST) from None
        except types.Unfit as error:
            raise Failed("query-failed", str(error)) from None
        return rows, False

    async def _good(self, result: PGresult) -> PGresult:
        if result.status in (Exec.SINGLE_TUPLE, Exec.TUPLES_OK, Exec.COMMAND_OK, Exec.EMPTY_QUERY):
            return result
        wrong = failure(result)
        if result.status != Exec.FATAL_ERROR:
            self._wire.finish()  # in the midst of a COPY
        else:
            await self._wire.drain()
        raise wrong

    def _rows(self, result: PGresult) -> list[bytes]:
        count = range(len(self._decoders))
        return [results.row([result.get_value(i, j) for j in count], self._decoders) for i in range(result.ntuples)]

    async def count(self) -> int:
        """Read to the end: the number of rows that were changed, or read."""
        affected = 0
        try:
            while (result := await self._wire.result()) is not None:
                affected = (await self._good(result)).command_tuples or affected
        except OperationalError:
            raise Failed("query-failed", LOST) from None
        return affected
