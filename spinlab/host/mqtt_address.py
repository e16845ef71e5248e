"""The address of an MQTT server: ``mqtt://host[:port]?client_id=ID``, ``mqtts://`` for TLS."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from spinlab.host.mqtt_session import Options
from spinlab.host.network import Destination, destination

_FORM = re.compile(
    r"(?:mqtts?|tcp|ssl)://(?:[^/?#]*@)?(?P<authority>[^/?#@]*)[^?#]*(?:\?(?P<query>[^#]*))?(?:#.*)?",
    re.IGNORECASE | re.DOTALL,
)

_NUMBERS = (
    "keep_alive_secs",
    "max_incoming_packet_size_bytes",
    "max_outgoing_packet_size_bytes",
    "request_channel_capacity_num",
    "max_request_batch_num",
    "pending_throttle_usecs",
    "inflight_num",
)


@dataclass(frozen=True)
class MqttAddress:
    """Where a server is, how to reach it and how to be let in.

    Attributes:
        to: Its host and port.
        port: Its port, which the scheme implies when the address has none.
        tls: Whether the connection is one of TLS.
        options: How to be let in.
    """

    to: Destination
    port: int
    tls: bool
    options: Options

    @classmethod
    def parse(cls, address: str, user: str = "", password: str = "", keep_alive: int = 0) -> MqttAddress:
        """Read an address as Spin's client library does. It wants a ``client_id``, and knows what it can be asked.

        Raises:
            ValueError: It is none; the text does not repeat it.
        """
        found = _FORM.fullmatch(address)
        if found is None:
            raise ValueError("not the address of an MQTT server")
        to = destination(address)
        # Whoever reads the host in another way than the check of the grant did must not connect.
        if destination(f"{to.scheme}://{found['authority']}") != to:
            raise ValueError("the host is not clear")
        tls = to.scheme in ("mqtts", "ssl")
        query = dict(parse_qsl(found["query"] or "", keep_blank_values=True))
        options = _options(query, user, password, keep_alive)
        return cls(to, to.port or (8883 if tls else 1883), tls, options)


def _options(query: Mapping[str, str], user: str, password: str, keep_alive: int) -> Options:
    """What the address says beside the host; what only steers Spin's library is read and left at that."""
    if "client_id" not in query or not set(query) <= {"client_id", "clean_session", *_NUMBERS}:
        raise ValueError("no client_id, or something unknown")
    numbers = {name: _number(query[name]) for name in _NUMBERS if name in query}
    clean = query.get("clean_session", "true")
    if clean not in ("true", "false"):
        raise ValueError("clean_session is true or false")
    largest_in = numbers.get("max_incoming_packet_size_bytes")
    largest_out = numbers.get("max_outgoing_packet_size_bytes")
    if largest_in is None or largest_out is None:  # one alone does nothing
        return Options(query["client_id"], user, password, keep_alive, clean == "true")
    return Options(query["client_id"], user, password, keep_alive, clean == "true", largest_in, largest_out)


def _number(digits: str) -> int:
    if not re.fullmatch(r"\+?[0-9]{1,19}", digits, re.ASCII):
        raise ValueError("not a number")
    return int(digits)
