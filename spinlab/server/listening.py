"""What a user decides about the listener: where it answers, and who may ask."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spinlab.errors import OptionError
from spinlab.server.edge import Policy
from spinlab.server.hosts import parse_host, parse_origin
from spinlab.server.shared import socket_file

JUPYTERS = "jupyter"
"""The value of `Listening.socket_file` that means the file which jupyter-server-proxy knows."""

_TOKEN = re.compile(r"[A-Za-z0-9._~-]{8,256}")


@dataclass(frozen=True)
class Listening:
    """The options of the listener; wrong ones are refused when it is made.

    Attributes:
        listen: ``ADDRESS:PORT``; empty for port 3000, or the one that this notebook had, or the next that is free.
        socket_file: A file to listen on instead, for its owner only; ``jupyter`` for the one that the Jupyter server
            passes on at ``BASE/spinlab``.
        token: A secret that each request has to show; empty for none.
        hosts: Further Host headers to answer to, ``name`` or ``name:port``.
        origins: Origins whose pages may send unsafe methods from another site; ``*`` for every one.
        trusted_pages: Whether proxied pages may have Jupyter's own origin.

    Raises:
        OptionError: One of them can't be used.
    """

    listen: str = ""
    socket_file: str = ""
    token: str = field(default="", repr=False)
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    trusted_pages: bool = False

    def __post_init__(self) -> None:
        for name in ("hosts", "origins"):
            given = getattr(self, name)
            if isinstance(given, str):
                raise OptionError(f"{name} is a list, not {given!r}", hint=f"{name} = [{given!r}]")
            object.__setattr__(self, name, tuple(given))
        if self.listen:
            self.address()
        if self.token and not _TOKEN.fullmatch(self.token):
            hint = "8 to 256 letters, digits and . _ ~ -, such as secrets.token_urlsafe() makes"
            raise OptionError("the token can't stand in an address", hint=hint)
        for host in self.hosts:
            if parse_host(host) is None:
                raise OptionError(f"{host!r} is not a host", hint="write name or name:port, such as lab.example.org")
        for origin in self.origins:
            if origin != "*" and parse_origin(origin.rstrip("/")) is None:
                raise OptionError(f"{origin!r} is not an origin", hint="write https://example.org, or *")

    def address(self) -> tuple[str, int]:
        """Address and port of `listen`.

        Raises:
            OptionError: It is none.
        """
        host, sign, port = self.listen.rpartition(":")
        if not sign or not (port.isascii() and port.isdigit()) or int(port) > 65535:
            raise OptionError(f"{self.listen!r} is not an address", hint="an address is written 127.0.0.1:3000")
        return host.strip("[]") or "127.0.0.1", int(port)

    def place(self) -> dict[str, Any]:
        """Where to listen, in the words of `spinlab.server.Server`; empty for the usual place.

        Raises:
            ListenError: Jupyter's folder for socket files is not known.
        """
        if self.socket_file:
            return {"socket_file": socket_file() if self.socket_file == JUPYTERS else Path(self.socket_file)}
        if self.listen:
            host, port = self.address()
            return {"host": host, "port": port, "find_free_port": False}
        return {}

    def policy(self) -> Policy:
        """Who may ask."""
        return Policy(
            frozenset(name.lower() for name in self.hosts),
            frozenset(origin.lower().rstrip("/") for origin in self.origins),
            self.trusted_pages,
            self.token,
        )
