"""Redis: a function runs for each message of a channel (Spin 4: ``crates/trigger-redis``).

The payload alone is passed on, in the order in which messages come. What is published while nobody listens is lost, and
a message that fails is not delivered again: Redis keeps neither.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Final

from spinlab.errors import OptionError
from spinlab.host.loop import within
from spinlab.host.redis_address import RedisAddress
from spinlab.host.resp import Lost, Replies, ServerError, command
from spinlab.host.streams import context
from spinlab.manifest import hosts
from spinlab.triggers.kind import Config, Place

PORT: Final = 6379
CONNECTS_WITHIN: Final = 10.0
ASKS_EVERY: Final = 20.0
"""Seconds after which the server is asked whether it is still there."""
SILENT_FOR: Final = 60.0
"""Seconds without a word after which it is not."""


class Redis:
    """See `spinlab.triggers.kind.Kind`."""

    name = "redis"
    keys = ("channel", "address")
    required = 1
    templated = ("channel", "address")
    settings = ("address",)
    application = ()
    defaults: Config = {"address": f"redis://localhost:{PORT}"}
    listens = True

    def declared(self, text: str) -> Config:
        """The channel, or the address and the channel after ``#``."""
        if "://" not in text:
            return {"channel": text}
        address, sign, channel = text.rpartition("#")
        if not sign or not channel:
            raise ValueError("an address is written with the channel: redis://localhost:6379#jobs")
        return {"channel": channel, "address": address}

    def check(self, config: Config) -> None:
        """A channel has a name, an address leads somewhere; what is a template is not known yet."""
        if not config["channel"]:
            raise OptionError("a channel has a name", hint="--redis jobs")
        address = str(config.get("address", ""))
        if address and "{{" not in address:
            _address(address)

    def subject(self, config: Config) -> str:
        """The channel."""
        return str(config["channel"])

    def message(self, config: Config, data: bytes) -> bytes:
        """The payload as it is."""
        return data

    async def listen(self, config: Config, place: Place) -> None:
        """Subscribe, and deliver what comes."""
        address, channel = _address(str(config["address"])), str(config["channel"])
        reader, writer = await _connected(address)
        asking = None
        try:
            replies = Replies(reader)
            async with within(CONNECTS_WITHIN):
                for words in (*replace(address, protocol=2).greeting(), (b"SUBSCRIBE", channel.encode())):
                    writer.write(command(words))
                    answer = await replies.next()
                    if isinstance(answer, ServerError):
                        raise answer
            place.listening(f"{address.place}, channel {channel}")
            asking = asyncio.ensure_future(_ask(writer))
            while True:
                async with within(SILENT_FOR):
                    push = await replies.next()
                if isinstance(push, list) and len(push) == 3 and push[0] == b"message" and isinstance(push[2], bytes):
                    await place.deliver(push[2], channel)
        except asyncio.TimeoutError:
            raise Lost("the server does not answer") from None
        finally:
            if asking is not None:
                asking.cancel()
            writer.transport.abort()


async def _connected(address: RedisAddress) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host = hosts.show(address.to.host).strip("[]")
    tls = context(verify=address.verify) if address.tls else None
    try:
        async with within(CONNECTS_WITHIN):
            return await asyncio.open_connection(host, address.to.port or PORT, ssl=tls)
    except asyncio.TimeoutError:
        raise Lost(f"no answer from {address.place}") from None


async def _ask(writer: asyncio.StreamWriter) -> None:
    while True:
        await asyncio.sleep(ASKS_EVERY)
        writer.write(command((b"PING",)))


def _address(text: str) -> RedisAddress:
    try:
        return RedisAddress.parse(text)
    except ValueError as error:
        raise OptionError(f"that is no address of a Redis: {error}", hint="such as redis://localhost:6379") from None


KIND = Redis()
