"""The address of a Redis: ``redis://[[user]:password@]host[:port][/database]``, ``rediss://`` for TLS."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote

from spinlab.host.network import Destination, destination
from spinlab.manifest import hosts

_FORM = re.compile(
    r"(?P<scheme>rediss?|valkeys?)://(?:(?P<user>[^/?#]*)@)?(?P<authority>[^/?#@]*)"
    r"(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?(?:#(?P<fragment>.*))?",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True)
class RedisAddress:
    """Where a Redis is and how to be let in, read as Spin's client library does.

    Attributes:
        to: Host and port.
        tls: Whether the connection is one of TLS.
        verify: False to take any certificate (``#insecure``).
        user, password: None for none.
        database: Its number.
        protocol: 2 or 3.
        socket: Path of a socket in the file system, which only an operator may name; `to` is nowhere then.
    """

    to: Destination
    tls: bool = False
    verify: bool = True
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    database: int = 0
    protocol: int = 2
    socket: str = ""

    @property
    def place(self) -> str:
        """Where it is, without a password."""
        return self.socket or f"{hosts.show(self.to.host)}:{self.to.port or 6379}"

    @classmethod
    def of_operator(cls, url: str) -> RedisAddress:
        """Read an address from a configuration, where ``unix:///path?db=0&user=..&pass=..`` names a socket as well.

        Raises:
            ValueError: It is none; the text does not repeat it.
        """
        scheme, _, rest = url.partition(":")
        if scheme.lower() not in ("unix", "redis+unix", "valkey+unix"):
            return cls.parse(url)
        path, _, query = rest.partition("?")
        given = dict(parse_qsl(query, keep_blank_values=True))
        return cls(
            Destination("unix", "localhost", None),
            user=given.get("user"),
            password=given.get("pass"),
            database=_database(given.get("db", "")),
            protocol=_protocol(query),
            socket=unquote(path.removeprefix("//")),
        )

    @classmethod
    def parse(cls, address: str) -> RedisAddress:
        """Read an address.

        Raises:
            ValueError: It is none; the text does not repeat it, since it may hold a password.
        """
        found = _FORM.fullmatch(address)
        if found is None:
            raise ValueError("not the address of a Redis")
        to = destination(address)
        # Whoever reads user and host in another way than the check of the grant did must not connect.
        if destination(f"{to.scheme}://{found['authority']}") != to:
            raise ValueError("the host is not clear")
        tls = to.scheme in ("rediss", "valkeys")
        if tls and found["fragment"] not in (None, "insecure"):
            raise ValueError("only #insecure is supported as URL fragment")
        user, _, password = (found["user"] or "").partition(":")
        return cls(
            to,
            tls=tls,
            verify=found["fragment"] != "insecure",
            user=unquote(user, errors="strict") or None,
            password=unquote(password, errors="strict") or None,
            database=_database(found["path"].strip("/")),
            protocol=_protocol(found["query"] or ""),
        )

    def greeting(self) -> Iterator[tuple[bytes, ...]]:
        """The commands that a connection begins with."""
        secret = () if self.password is None else ((self.user or "default").encode(), self.password.encode())
        if self.protocol == 3:
            yield (b"HELLO", b"3", *((b"AUTH", *secret) if secret else ()))
        elif secret:
            yield (b"AUTH", *(secret if self.user else secret[1:]))
        if self.database:
            yield (b"SELECT", b"%d" % self.database)


def _database(text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,18}|", text, re.ASCII):
        raise ValueError("Invalid database number")
    return int(text or 0)


def _protocol(query: str) -> int:
    wanted = dict(parse_qsl(query, keep_blank_values=True)).get("protocol", "resp2")
    if wanted not in ("2", "3", "resp2", "resp3"):
        raise ValueError("Invalid protocol version")
    return int(wanted[-1])
