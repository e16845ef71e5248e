"""Outbound Redis: ``fermyon:spin/redis@2.0.0`` and ``spin:redis@3.0.0`` (Spin 4: crates/factor-outbound-redis).

One connection for each that a guest opens, since a connection has a state of its own (``SELECT``, ``MULTI``); it goes
with the request. Operations of one guest at the same time share it: they are sent at once and answered in order.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from typing import cast

from spinlab.function import Function
from spinlab.host.effect import Caller, Effect, Record, Result
from spinlab.host.loop import LOOP, Outside
from spinlab.host.network import Destination, Network, Unreachable, destination
from spinlab.host.pack import Case, Item, pack, unpack
from spinlab.host.redis_address import RedisAddress
from spinlab.host.resp import Lost, RedisError, Reply, ServerError, Session, Status, Unsupported
from spinlab.host.services import Services
from spinlab.host.streams import open_stream, problem

MANIFEST = ("allowed_outbound_hosts",)
RUNTIME = ("outbound_redis", "outbound_networking")
IMPORTS = ("fermyon:spin/redis", "spin:redis/")

NAME = "outbound Redis"


class Redis:
    """Serves ``redis.*`` for one function.

    Parameters:
        function: Whose grants hold.
        services: Whose network it is.
    """

    def __init__(self, function: Function, services: Services) -> None:
        self._function = function
        self._services = services

    def start(self, op: str, args: str, data: bytes, call: Caller) -> Result | Effect:
        """Begin ``redis.open`` or an operation on a connection."""
        if op == "redis.open":
            return self._open(args, call)
        connection = call.effect(int(args))
        if not isinstance(connection, Connection) or connection.session is None or connection.closed:
            return Result.error("gone")
        operation = op.partition(".")[2]
        record = Record(NAME, operation, str(connection.to), len(data))
        call.record(record)
        effect = LOOP.begin(connection.ask(connection.session, operation, data, record))
        effect.record = record
        return effect

    def describe(self, op: str, args: str, data: bytes) -> tuple[str, str, str] | None:
        """Tell of an ``open``; an operation tells of itself, since only its connection knows where it leads."""
        if op != "redis.open":
            return None
        try:
            return NAME, "open", str(destination(args, "redis"))
        except ValueError:
            return NAME, "open", "an address that can't be read"

    def _open(self, address: str, call: Caller) -> Result | Effect:
        try:
            to = destination(address, "redis")
        except ValueError:
            return Result.error("invalid-address")
        refusal = self._services.network.check(self._function, self._services, to.scheme, to.host, to.port)
        if refusal is not None:
            return Result.refused(refusal)
        try:
            wanted = RedisAddress.parse(address)
        except ValueError:
            return Result.error("invalid-address")
        connection = Connection(wanted.to)
        LOOP.begin(connection.open(wanted, self._services.network, call), connection, explain=_explain)
        return connection


class Connection(Outside):
    """A connection that a guest opened.

    Attributes:
        to: Where it leads.
        session: None until it is open.
        closed: Whether the guest, or the end of its request, closed it.
    """

    def __init__(self, to: Destination) -> None:
        super().__init__(stream=True)
        self.to = to
        self.session: Session | None = None
        self.closed = False

    async def open(self, address: RedisAddress, network: Network, call: Caller) -> Result:
        """Connect, and introduce ourselves."""
        self.session = await connect(network, address, holder=call)
        if self.closed:
            self._close()
        return Result()

    async def ask(self, session: Session, operation: str, data: bytes, record: Record) -> Result:
        """Do an operation, and tell the trace what came of it."""
        try:
            result = await _ask(session, operation, data)
        except Exception as error:  # noqa: BLE001 (whatever fails is the guest's error)
            result = _explain(error)
        if not self.closed:
            record.close(result)
        return result

    def cancel(self) -> None:
        """Close the connection, or stop opening it."""
        super().cancel()
        self.closed = True
        LOOP.loop.call_soon_threadsafe(self._close)

    def _close(self) -> None:
        if self.session is not None:
            self.session.close()


async def connect(network: Network, address: RedisAddress, *, holder: object = None) -> Session:
    """A connection that is ready for commands. Grants are not checked here.

    Raises:
        RedisError: The server refused us.
        Unreachable: There is no server.
        OSError: The connection was lost, or TLS failed.
    """
    link = await network.connect("redis", address.to.host, address.to.port or 6379, holder=holder)
    try:
        reader, writer = await open_stream(link, address.to.host if address.tls else None, verify=address.verify)
    except BaseException:
        link.permit.release()
        raise
    return await introduced(Session(reader, writer, link.permit.release), address)


async def introduced(session: Session, address: RedisAddress) -> Session:
    """A session that the server has let in; it is closed when that fails.

    Raises:
        RedisError: The server refused us.
    """
    try:
        answers: list[Awaitable[Reply]] = [await session.send(*words) for words in address.greeting()]
        for answer in await asyncio.gather(*answers, return_exceptions=True):
            if isinstance(answer, BaseException):
                raise answer
    except BaseException:
        session.close()
        raise
    return session


def _explain(error: Exception) -> Result:
    if isinstance(error, Unreachable):
        limited = error.code == "connection-limit-reached"
        return Result.error("too-many-connections") if limited else Result.error("other", problem(error))
    if isinstance(error, _WrongTypeError):
        return Result.error("type-error")
    if isinstance(error, (RedisError, OSError, ssl.SSLError)):
        return Result.error("other", problem(error))
    return Result.error("other", f"{type(error).__name__}: {error}")


class _WrongTypeError(Exception):
    """An answer is not of the type that the operation gives."""


async def _ask(session: Session, operation: str, data: bytes) -> Result:
    given = cast("list[Item]", unpack(data))
    words, read = _OPERATIONS[operation]
    return Result(data=pack([read(await session.ask(*words(given)))]))


def _words(name: bytes) -> Callable[[list[Item]], list[bytes]]:
    """Makes a command of texts, bytes, and lists of texts."""

    def words(given: list[Item]) -> list[bytes]:
        found = [name]
        for one in given:
            items = one if isinstance(one, list) else [one]
            found += (item.encode() if isinstance(item, str) else cast("bytes", item) for item in items)
        return found

    return words


def _execute(given: list[Item]) -> list[bytes]:
    name, arguments = cast("tuple[str, list[int | bytes]]", given)
    return [name.encode(), *(b"%d" % one if isinstance(one, int) else one for one in arguments)]


def _nothing(_: Reply) -> Item:
    return None


def _payload(reply: Reply) -> Item:
    if reply is not None and not isinstance(reply, bytes):
        raise _WrongTypeError
    return reply


def _number(reply: Reply) -> Item:
    if not isinstance(reply, int):
        raise _WrongTypeError
    return int(reply)


def _texts(reply: Reply) -> Item:
    if not isinstance(reply, list):
        raise _WrongTypeError
    try:
        return [cast("bytes", one).decode() for one in reply]
    except (UnicodeDecodeError, AttributeError):
        raise _WrongTypeError from None


def _flat(reply: Reply) -> Item:
    """All items of an answer, one after the other, however they were nested."""
    found: list[Item] = []
    _append(reply, found)
    return found


def _append(reply: Reply, found: list[Item]) -> None:
    if isinstance(reply, list):
        for one in reply:
            _append(one, found)
    elif isinstance(reply, ServerError):
        raise reply
    elif isinstance(reply, Unsupported):
        raise Lost(f"Could not convert Redis response - TypeError: Redis {reply.name} type is not supported")
    elif isinstance(reply, Status):
        found.append(Case("status", str(reply)))
    elif isinstance(reply, float):
        found.append(_float(reply).encode())
    elif isinstance(reply, bool):
        found.append(int(reply))
    else:
        found.append(reply)


def _float(number: float) -> str:
    """As Rust shows it: never with an exponent, without a fraction that is zero."""
    if number != number or number in (float("inf"), float("-inf")):
        return {"nan": "NaN"}.get(str(number), str(number))
    text = format(Decimal(repr(number)), "f")
    return text.removesuffix(".0")


_OPERATIONS: Mapping[str, tuple[Callable[[list[Item]], list[bytes]], Callable[[Reply], Item]]] = {
    "publish": (_words(b"PUBLISH"), _nothing),
    "get": (_words(b"GET"), _payload),
    "set": (_words(b"SET"), _nothing),
    "incr": (_words(b"INCR"), _number),
    "del": (_words(b"DEL"), _number),
    "sadd": (_words(b"SADD"), _number),
    "smembers": (_words(b"SMEMBERS"), _texts),
    "srem": (_words(b"SREM"), _number),
    "execute": (_execute, _flat),
}
