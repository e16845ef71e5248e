"""MQTT: a function runs for each message of the topics that a filter stands for (Spin: the plugin ``trigger-mqtt``).

It gets the payload and the topic, in the order in which messages come. As in Spin the server forgets us when the
connection is gone, so that what is published meanwhile is lost; and a message that fails is not delivered again.
"""

from __future__ import annotations

import asyncio
import re
from typing import Final, NamedTuple

from spinlab.errors import OptionError
from spinlab.host.loop import within
from spinlab.host.mqtt_session import ConnectionFailed, Options
from spinlab.host.mqtt_subscription import Subscription
from spinlab.host.network import Destination, destination
from spinlab.host.streams import context, problem
from spinlab.manifest import hosts
from spinlab.triggers.kind import Config, Place

CONNECTS_WITHIN: Final = 10.0
LARGEST: Final = 128 << 20
"""Bytes of a message at most."""

_OPTION: Final = re.compile(
    r"(?P<scheme>[a-z]+)://(?:(?P<user>[^:@/?#]*)(?::(?P<password>[^@#]*))?@)?(?P<host>[^/?#@]*)/?"
    r"(?:\?(?P<query>[^#]*))?#(?P<topic>.+)"
)
_ADDRESS: Final = re.compile(r"(?P<scheme>mqtts?|tcp|ssl)://(?P<authority>[^/?#@]+)/?", re.IGNORECASE)
_IN_QUERY: Final = ("qos", "keep_alive_interval")
_FORM: Final = "mqtt://localhost:1883#jobs, or with more: mqtt://user:{{ password }}@localhost:1883?qos=1#jobs"
_REFUSED: Final = ("BadUserNamePassword", "NotAuthorized")
"""What servers answer to a wrong password: the one, or the other."""


class Mqtt:
    """See `spinlab.triggers.kind.Kind`."""

    name = "mqtt"
    keys = ("topic", "qos", "address", "username", "password", "keep_alive_interval")
    required = 1
    templated = ("topic", "address", "username", "password")
    settings = ("address", "username", "password", "keep_alive_interval")
    application = settings
    defaults: Config = {
        "qos": "0",
        "address": "mqtt://localhost:1883",
        "username": "",
        "password": "",
        "keep_alive_interval": "30",
    }
    listens = True

    def declared(self, text: str) -> Config:
        """The topic, or the address of a server and the topic after ``#``."""
        if "://" not in text:
            return {"topic": text}
        found = _OPTION.fullmatch(text)
        if found is None:
            raise OptionError("a server is written with the topic", hint=_FORM)
        if found["password"] and "{{" not in found["password"]:
            raise OptionError(
                "a password does not stand in a cell: name a variable that has it",
                hint="%spin var mqtt_password --prompt, and mqtt://user:{{ mqtt_password }}@host#topic",
            )
        config = {"topic": found["topic"], "address": f"{found['scheme']}://{found['host']}", **_query(found["query"])}
        named = {"username": found["user"], "password": found["password"]}
        return {**config, **{key: value for key, value in named.items() if value}}

    def check(self, config: Config) -> None:
        """Everything is text, as in Spin; what is a template is not known yet."""
        for key, value in config.items():
            if not isinstance(value, str):
                raise OptionError(f"{key} is text, not {value!r}", hint=f'{key} = "{value}"')
        if config["qos"] not in ("0", "1", "2"):
            raise OptionError(f"qos can't be {config['qos']!r}", hint="0 (at most once), 1 (at least once) or 2 (once)")
        keep_alive = config["keep_alive_interval"]
        if not re.fullmatch("[0-9]{1,5}", keep_alive, re.ASCII) or int(keep_alive) > 0xFFFF:
            raise OptionError(f"keep_alive_interval can't be {keep_alive!r}", hint="seconds, such as 30; 0 for never")
        if "{{" not in config["topic"]:
            _check_filter(config["topic"])
        if "{{" not in config["address"]:
            _server(config["address"])

    def subject(self, config: Config) -> str:
        """The topic, or the filter."""
        return str(config["topic"])

    def message(self, config: Config, data: bytes) -> bytes:
        """The payload, on the topic of the trigger when that is one."""
        topic = str(config["topic"])
        if set(topic) & set("+#"):
            raise OptionError(f"{topic!r} stands for many topics", hint="%spin send NAME PAYLOAD --topic ONE")
        return _packed(topic, data)

    async def listen(self, config: Config, place: Place) -> None:
        """Subscribe, and deliver what comes."""
        self.check(config)
        server = _server(config["address"])
        reader, writer = await _connected(server)
        login = config["username"], config["password"]
        options = Options("", *login, int(config["keep_alive_interval"]), largest_in=LARGEST, largest_out=1 << 20)
        subscription = Subscription(reader, writer, options)
        try:
            async with within(CONNECTS_WITHIN):
                await subscription.begin(config["topic"], int(config["qos"]))
            place.listening(f"{server.shown}, topic {config['topic']}")
            while True:
                message = await subscription.next()
                await place.deliver(_packed(message.topic, message.payload), message.topic)
                subscription.acknowledge(message)
        except asyncio.TimeoutError:
            raise ConnectionFailed("the server does not answer") from None
        except ConnectionFailed as error:
            raise ConnectionFailed(_explained(str(error))) from None
        finally:
            subscription.close()


def _query(text: str | None) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in (text or "").split("&"):
        key, _, value = part.partition("=")
        if part and key not in _IN_QUERY:
            raise OptionError(
                f"the address of an MQTT server has no {key!r}", hint="there are: " + ", ".join(_IN_QUERY)
            )
        if part:
            found[key] = value
    return found


def _packed(topic: str, payload: bytes) -> bytes:
    """A message as the glue reads it (`spinlab.engine.receiving`)."""
    encoded = topic.encode()
    return len(encoded).to_bytes(4, "little") + encoded + payload


def _check_filter(topic: str) -> None:
    """MQTT 3.1.1, 4.7."""
    levels = topic.split("/")
    if not topic or "\0" in topic or len(topic.encode()) > 0xFFFF:
        raise OptionError("a topic has between 1 and 65535 bytes, none of them null", hint="--mqtt jobs")
    for n, level in enumerate(levels):
        alone = level in ("+", "#") or not set(level) & set("+#")
        if not alone or (level == "#" and n < len(levels) - 1):
            raise OptionError(
                f"{topic!r} is no filter of topics",
                hint="+ stands for one whole level, # for all that follow and comes last: jobs/+/new, jobs/#",
            )


class _Server(NamedTuple):
    to: Destination
    host: str
    port: int
    tls: bool

    @property
    def shown(self) -> str:
        """For people."""
        return f"{'mqtts' if self.tls else 'mqtt'}://{hosts.show(self.to.host)}:{self.port}"


def _server(address: str) -> _Server:
    found = _ADDRESS.fullmatch(address)
    try:
        if found is None:
            raise ValueError("it needs mqtt:// or mqtts:// and a host")
        to = destination(f"{found['scheme']}://{found['authority']}")
    except ValueError as error:
        raise OptionError(
            f"that is no address of an MQTT server: {error}", hint="such as mqtt://localhost:1883"
        ) from None
    tls = to.scheme in ("mqtts", "ssl")
    return _Server(to, hosts.show(to.host).strip("[]"), to.port or (8883 if tls else 1883), tls)


async def _connected(server: _Server) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    try:
        async with within(CONNECTS_WITHIN):
            return await asyncio.open_connection(server.host, server.port, ssl=context() if server.tls else None)
    except asyncio.TimeoutError:
        raise ConnectionFailed(f"no answer from {server.shown}") from None
    except OSError as error:
        raise ConnectionFailed(f"{server.shown}: {problem(error)}") from None


def _explained(reason: str) -> str:
    refused = any(f"`{name}`" in reason for name in _REFUSED)
    return "the server refuses the user name or password, or does not let this user in" if refused else reason


KIND = Mqtt()
