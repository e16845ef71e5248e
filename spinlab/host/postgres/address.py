"""Addresses of PostgreSQL servers, in both of their forms, as Spin reads them (``tokio_postgres::Config``)."""

from __future__ import annotations

import getpass
import re
from dataclasses import dataclass, field
from urllib.parse import unquote

from spinlab.host.held import BadAddress
from spinlab.manifest import hosts

PORT = 5432

_WORDS = {
    "sslmode": ("disable", "prefer", "require"),
    "sslnegotiation": ("postgres", "direct"),
    "target_session_attrs": ("any", "read-write", "read-only"),
    "channel_binding": ("disable", "prefer", "require"),
    "load_balance_hosts": ("disable", "random"),
}
_NUMBERS = (
    "connect_timeout",
    "tcp_user_timeout",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_retries",
)
_TEXTS = ("user", "password", "dbname", "options", "application_name", "host", "hostaddr", "port")

_PAIR = re.compile(r"\s*(\w+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^\s'\\]|\\.)*))(?=\s|$)", re.DOTALL)


@dataclass(frozen=True)
class Place:
    """One server of an address.

    Attributes:
        host: Its name, or its address where there is no name; what a certificate is checked for.
        port: Its port.
        address: Where the address says to connect instead of looking the name up.
    """

    host: hosts.Host
    port: int
    address: hosts.Host | None = None


@dataclass(frozen=True)
class Address:
    """What a guest gave.

    Attributes:
        places: The servers, in order.
        user, password, database: Who wants to use which database.
        settings: The other parameters that were given.
    """

    places: tuple[Place, ...]
    user: str
    password: str = field(default="", repr=False)
    database: str = ""
    settings: dict[str, str] = field(default_factory=dict)


def read(text: str) -> Address:
    """The address that `text` holds: a URL, or ``host=... user=...``.

    Raises:
        BadAddress: It holds none. The message names the parameter, never a value.
    """
    if "\0" in text:
        raise BadAddress("the address holds a null byte")
    for scheme in ("postgres://", "postgresql://"):
        if text.startswith(scheme):
            return _made(_from_url(text[len(scheme) :]))
    return _made(_from_pairs(text))


def _from_pairs(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    at = 0
    while text[at:].strip():
        match = _PAIR.match(text, at)
        if match is None:
            raise BadAddress(
                "invalid connection string: expected key=value pairs or postgres://user:password@host/name"
            )
        name, quoted, plain = match.groups()
        _put(found, name, re.sub(r"\\(.)", r"\1", quoted if quoted is not None else plain, flags=re.DOTALL))
        at = match.end()
    return found


def _from_url(rest: str) -> dict[str, str]:
    found: dict[str, str] = {}
    credentials, at, after = rest.partition("@")
    if at:
        user, colon, password = credentials.partition(":")
        _put(found, "user", _decoded(user))
        if colon:
            _put(found, "password", _decoded(password))
        rest = after
    rest, _, query = rest.partition("?")
    hosts, _, name = rest.partition("/")
    if hosts:
        pairs = [_host_and_port(one) for one in hosts.split(",")]
        _put(found, "host", ",".join(host for host, _ in pairs))
        _put(found, "port", ",".join(port for _, port in pairs))
    if name:
        _put(found, "dbname", _decoded(name))
    for pair in query.split("&") if query else ():
        key, equals, value = pair.partition("=")
        if not equals:
            raise BadAddress("invalid connection string: a parameter without a value")
        _put(found, _decoded(key), _decoded(value))
    return found


def _decoded(text: str) -> str:
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise BadAddress("invalid connection string: not UTF-8") from None


def _host_and_port(text: str) -> tuple[str, str]:
    if text.startswith("["):
        host, bracket, port = text[1:].partition("]")
        if not bracket or (port and not port.startswith(":")):
            raise BadAddress("invalid connection string: an IPv6 address without its closing bracket")
        return host, port[1:] or str(PORT)
    host, _, port = text.partition(":")
    return _decoded(host), port or str(PORT)


def _put(found: dict[str, str], name: str, value: str) -> None:
    if name not in _TEXTS and name not in _NUMBERS and name not in _WORDS:
        raise BadAddress(f"invalid connection string: unknown option `{name[:64]}`")
    if name in _WORDS and value not in _WORDS[name]:
        raise BadAddress(f"invalid connection string: invalid value for option `{name}`")
    if name in _NUMBERS and not re.fullmatch(r"-?[0-9]{1,18}", value):
        raise BadAddress(f"invalid connection string: invalid value for option `{name}`")
    if "\0" in value:
        raise BadAddress(f"invalid connection string: a null byte in `{name}`")
    found[name] = value


def _made(found: dict[str, str]) -> Address:
    names = _listed(found.pop("host", ""))
    addresses = _listed(found.pop("hostaddr", ""))
    ports = [_port(text) for text in _listed(found.pop("port", ""))] or [PORT]
    if not names and not addresses:
        raise BadAddress("invalid configuration: both host and hostaddr are missing")
    count = max(len(names), len(addresses))
    if names and addresses and len(names) != len(addresses):
        raise BadAddress(f"number of hosts ({len(names)}) is different from number of hostaddrs ({len(addresses)})")
    if len(ports) not in (1, count):
        raise BadAddress("invalid configuration: invalid number of ports")
    if any(name.startswith("/") for name in names):
        raise BadAddress("Unix sockets are not supported on WebAssembly")
    places = tuple(
        Place(
            _host(names[i] if names else addresses[i]),
            ports[i] if len(ports) > 1 else ports[0],
            _host(addresses[i], "hostaddr") if addresses else None,
        )
        for i in range(count)
    )
    user = found.pop("user", "") or getpass.getuser()
    password, database = found.pop("password", ""), found.pop("dbname", "")
    return Address(places, user, password, database or user, found)


def _listed(text: str) -> list[str]:
    return text.split(",") if text else []


def _port(text: str) -> int:
    if not re.fullmatch("[0-9]{0,5}", text) or int(text or PORT) > 0xFFFF:
        raise BadAddress("invalid connection string: invalid value for option `port`")
    return int(text or PORT)


def _host(text: str, option: str = "host") -> hosts.Host:
    try:
        found = hosts.parse(f"[{text}]" if ":" in text else text)
    except ValueError:
        raise BadAddress(f"invalid connection string: invalid value for option `{option}`") from None
    if option == "hostaddr" and isinstance(found, str):
        raise BadAddress("invalid connection string: invalid value for option `hostaddr`")
    return found
