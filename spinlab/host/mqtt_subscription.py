"""MQTT 3.1.1 for one who listens: a connection to a server, one subscription, messages in, acknowledgements out."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from spinlab.host.loop import within
from spinlab.host.mqtt_session import (
    DISCONNECT,
    PINGREQ,
    PUBACK,
    PUBCOMP,
    PUBLISH,
    PUBREC,
    PUBREL,
    ConnectionFailed,
    Options,
    introduce,
    packet,
    read_flagged,
    text,
)

SUBSCRIBE, SUBACK = 8, 9
REFUSED = 0x80


@dataclass(frozen=True)
class Message:
    """What was published.

    Attributes:
        topic: Where.
        payload: What.
        qos: How sure it is to arrive: 0, 1 or 2.
        number: Tells it from others under way; 0 for those that are not acknowledged.
    """

    topic: str
    payload: bytes
    qos: int
    number: int


class Subscription:
    """Messages of the topics that a filter stands for. All of it happens in one asyncio loop.

    Parameters:
        reader, writer: The connection, which is this one's from now on.
        options: How to be let in.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, options: Options) -> None:
        self._reader = reader
        self._writer = writer
        self._options = options
        self._unreleased: set[int] = set()
        self._pinging: asyncio.Task[None] | None = None

    async def begin(self, topic: str, qos: int) -> None:
        """Be let in, and subscribe.

        Raises:
            MqttError: The server refuses, or is lost.
        """
        await introduce(self._reader, self._writer, self._options)
        self._writer.write(packet(SUBSCRIBE, b"\0\1" + text(topic) + bytes([qos]), 2))
        while True:  # a retained message may come before the answer
            first, body = await read_flagged(self._reader, self._options.largest_in)
            if first >> 4 == SUBACK:
                break
        if len(body) != 3 or body[2] == REFUSED:
            raise ConnectionFailed(f"the server refuses the subscription to {topic!r}")
        if self._options.keep_alive:
            self._pinging = asyncio.ensure_future(self._ping())

    async def next(self) -> Message:
        """The next message; one of QoS 2 comes once.

        Raises:
            ConnectionFailed: The connection is lost.
        """
        while True:
            first, body = await self._read()
            kind = first >> 4
            if kind == PUBREL and len(body) == 2:
                self._unreleased.discard(int.from_bytes(body, "big"))
                self._writer.write(packet(PUBCOMP, body))
            elif kind == PUBLISH:
                message = _message(first, body)
                if message.qos < 2:
                    return message
                if message.number not in self._unreleased:
                    self._unreleased.add(message.number)
                    return message
                self.acknowledge(message)

    def acknowledge(self, message: Message) -> None:
        """Tell the server that a message has arrived."""
        if message.qos:
            self._writer.write(packet(PUBACK if message.qos == 1 else PUBREC, message.number.to_bytes(2, "big")))

    def close(self) -> None:
        """Take leave and close the connection."""
        if self._pinging is not None:
            self._pinging.cancel()
        if not self._writer.transport.is_closing():
            self._writer.write(packet(DISCONNECT))
        self._writer.close()

    async def _read(self) -> tuple[int, bytes]:
        wait = self._options.keep_alive
        if not wait:
            return await read_flagged(self._reader, self._options.largest_in)
        try:
            async with within(wait * 1.5 + 5):  # an answer to our ping at least
                return await read_flagged(self._reader, self._options.largest_in)
        except asyncio.TimeoutError:
            raise ConnectionFailed("the server does not answer") from None

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(self._options.keep_alive * 0.75)
            self._writer.write(packet(PINGREQ))


def _message(first: int, body: bytes) -> Message:
    qos = first >> 1 & 3
    end = 2 + int.from_bytes(body[:2], "big")
    begin = end + 2 if qos else end
    if qos > 2 or len(body) < begin:
        raise ConnectionFailed("Malformed packet")
    try:
        topic = body[2:end].decode()
    except UnicodeDecodeError:
        raise ConnectionFailed("Topic is not UTF-8") from None
    return Message(topic, body[begin:], qos, int.from_bytes(body[end:begin], "big"))
