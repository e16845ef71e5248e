"""MQTT 3.1.1 for one who publishes: a connection to a server, messages out, acknowledgements back.

Written out here because it is little, and client libraries connect by themselves: they would look the server's name up
again behind the check of the address, and wait for it in a thread that nobody can interrupt.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from enum import IntEnum

CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP, PINGREQ, PINGRESP, DISCONNECT = (
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    12,
    13,
    14,
)  # packet types

LONGEST = (1 << 28) - 1
"""Bytes of a packet at most, after its head."""

_REFUSED = (
    "Success",
    "RefusedProtocolVersion",
    "BadClientId",
    "ServiceUnavailable",
    "BadUserNamePassword",
    "NotAuthorized",
)


class MqttError(Exception):
    """A message was not published."""


class ConnectionFailed(MqttError):
    """There is no connection, or no longer."""


class TooLarge(ConnectionFailed):
    """A packet is larger than the address allows (Spin reports it as this, though the connection is as it was)."""


class Qos(IntEnum):
    """How sure a message is to arrive, with the names of the interface."""

    at_most_once = 0
    at_least_once = 1
    exactly_once = 2

    @classmethod
    def named(cls, name: str) -> Qos:
        """By the name of the interface's case."""
        return cls[name.replace("-", "_")]


@dataclass(frozen=True)
class Options:
    """How to be let in.

    Attributes:
        client: The client's id.
        user, password: Empty for none.
        keep_alive: Seconds; 0 for never.
        clean: Whether the server forgets the client when it is gone.
        largest_in, largest_out: Bytes of a packet from and to the server.
    """

    client: str
    user: str = ""
    password: str = field(default="", repr=False)
    keep_alive: int = 0
    clean: bool = True
    largest_in: int = 10 << 10  # as the client library that Spin uses
    largest_out: int = 10 << 10


def packet(kind: int, body: bytes = b"", flags: int = 0) -> bytes:
    """A packet as it is sent.

    Raises:
        MqttError: It is too long for the protocol.
    """
    if len(body) > LONGEST:
        raise MqttError("payload is too long")
    head, left = bytearray([kind << 4 | flags]), len(body)
    while left > 127:
        head.append(left & 127 | 128)
        left >>= 7
    head.append(left)
    return bytes(head) + body


def text(value: str) -> bytes:
    """A text with its length.

    Raises:
        MqttError: It is too long for the protocol.
    """
    encoded = value.encode()
    if len(encoded) > 0xFFFF:
        raise MqttError("a text is longer than 65535 bytes")
    return len(encoded).to_bytes(2, "big") + encoded


def connect(options: Options) -> bytes:
    """The packet that a connection begins with."""
    flags = options.clean << 1 | bool(options.password) << 6 | bool(options.user) << 7
    login = b"".join(text(one) for one in (options.user, options.password) if one)
    keep_alive = (options.keep_alive & 0xFFFF).to_bytes(2, "big")
    made = packet(CONNECT, text("MQTT") + bytes([4, flags]) + keep_alive + text(options.client) + login)
    return _fitting(made, options.largest_out)


def publish(topic: str, payload: bytes, qos: Qos, number: int, largest: int) -> bytes:
    """A message as it is sent.

    Raises:
        MqttError: It is too long.
    """
    made = packet(PUBLISH, text(topic) + (number.to_bytes(2, "big") if qos else b"") + payload, qos << 1)
    return _fitting(made, largest)


def _fitting(made: bytes, largest: int) -> bytes:
    if len(made) > largest:
        raise TooLarge(
            "Mqtt state: Mqtt serialization/deserialization error: Cannot send packet of size "
            f"'{len(made)}'. It's greater than the broker's maximum packet size of: '{largest}'"
        )
    return made


async def read_packet(reader: asyncio.StreamReader, largest: int) -> tuple[int, bytes]:
    """The next packet's type and body; see `read_flagged`."""
    first, body = await read_flagged(reader, largest)
    return first >> 4, body


async def read_flagged(reader: asyncio.StreamReader, largest: int) -> tuple[int, bytes]:
    """The next packet's first byte, which has its type and flags, and its body.

    Raises:
        ConnectionFailed: There is none, or it is too long.
    """
    try:
        first = (await reader.readexactly(1))[0]
        size = shift = 0
        while True:
            byte = (await reader.readexactly(1))[0]
            size |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
            if shift > 21:
                raise ConnectionFailed("Malformed remaining length")
        if size > largest:
            raise ConnectionFailed(f"payload size limit exceeded: {size}")
        return first, await reader.readexactly(size)
    except EOFError:
        raise ConnectionFailed("Connection closed by peer abruptly") from None
    except OSError as error:
        raise ConnectionFailed(f"I/O: {error.strerror or error}") from None


async def introduce(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, options: Options) -> None:
    """Tell the server who we are, and let it let us in.

    Raises:
        ConnectionFailed: It does not.
        MqttError: Our name or password is too long.
    """
    writer.write(connect(options))
    kind, body = await read_packet(reader, options.largest_in)
    if kind != CONNACK or len(body) != 2:
        raise ConnectionFailed("Expected ConnAck packet")
    if body[1]:
        name = _REFUSED[body[1]] if body[1] < len(_REFUSED) else str(body[1])
        raise ConnectionFailed(f"Connection refused, return code: `{name}`")


class Session:
    """A connection that the server has accepted. All of it happens in one asyncio loop.

    Parameters:
        reader, writer: The connection.
        options: How we were let in.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, options: Options) -> None:
        self._reader = reader
        self._writer = writer
        self._options = options
        self._numbers: Iterator[int] = itertools.cycle(range(1, 1 << 16))
        self._waiting: dict[int, asyncio.Future[None]] = {}
        self._released: set[int] = set()
        self._sending = asyncio.Lock()
        self._failure: ConnectionFailed | None = None
        self._pinged = False
        self._tasks = [asyncio.ensure_future(self._read())]
        if options.keep_alive:
            self._tasks.append(asyncio.ensure_future(self._ping()))

    @classmethod
    async def begin(cls, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, options: Options) -> Session:
        """Introduce ourselves to the server; the connection is closed when that fails.

        Raises:
            ConnectionFailed: It does not let us in.
            MqttError: Our name or password is too long.
        """
        try:
            await introduce(reader, writer, options)
        except BaseException:
            writer.transport.abort()
            raise
        return cls(reader, writer, options)

    @property
    def alive(self) -> bool:
        """Whether it can be used."""
        return self._failure is None

    async def publish(self, topic: str, payload: bytes, qos: Qos) -> None:
        """Send a message, and wait until it has arrived as surely as `qos` says.

        Raises:
            ConnectionFailed: The connection is of no use any more.
            MqttError: The message is too long.
        """
        number = self._number() if qos else 0
        sent = publish(topic, payload, qos, number, self._options.largest_out)
        if not qos:
            await self._send(sent)
            return
        arrived = self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            await self._send(sent)
            await arrived
        finally:
            self._waiting.pop(number, None)
            self._released.discard(number)

    def _number(self) -> int:
        if len(self._waiting) >= (1 << 16) - 1:
            raise MqttError("too many messages under way")
        return next(number for number in self._numbers if number not in self._waiting)

    async def _send(self, sent: bytes) -> None:
        async with self._sending:
            if self._failure is not None:
                raise self._failure
            self._writer.write(sent)
            with suppress(OSError):  # the one who reads learns it too
                await self._writer.drain()
        if self._failure is not None:
            raise self._failure

    async def _read(self) -> None:
        failure = ConnectionFailed("the connection is closed")
        try:
            while True:
                self._take(*await read_packet(self._reader, self._options.largest_in))
        except ConnectionFailed as error:
            failure = error
        finally:
            self._end(failure)

    def _take(self, kind: int, body: bytes) -> None:
        number = int.from_bytes(body[:2], "big")
        waiting = self._waiting.get(number)
        if kind == PINGRESP:
            self._pinged = False
        elif waiting is None or waiting.done():
            return
        elif kind in (PUBACK, PUBCOMP):
            waiting.set_result(None)
        elif kind == PUBREC and number not in self._released:
            self._released.add(number)  # once: who does not read must not make us pile up answers
            self._writer.write(packet(PUBREL, body[:2], 2))

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(self._options.keep_alive)
            if self._pinged:
                self._end(ConnectionFailed("Last pingreq isn't acked"))
                return
            self._pinged = True
            with suppress(ConnectionFailed):
                await self._send(packet(PINGREQ))

    def _end(self, failure: ConnectionFailed) -> None:
        if self._failure is None:
            self._failure = failure
        self._writer.transport.abort()
        for task in self._tasks:
            if not task.done() and task is not asyncio.current_task():
                task.cancel()
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(self._failure)

    def close(self) -> None:
        """Take leave and close the connection at once; messages under way fail."""
        if self._failure is None:
            self._writer.write(packet(DISCONNECT))
        self._end(ConnectionFailed("the connection is closed"))
