"""A request of a guest's own as it crosses from the bridge, and what can go wrong with it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

from spinlab.host.network import TIMEOUT, Destination, destination
from spinlab.http import Body

Fields = list[tuple[str, str]]
"""Header fields in latin-1, in order; names in lower case."""

URL = 65_535
"""Characters of a URL at most (as the ``http`` crate)."""

OURS = frozenset(
    (
        "connection",
        "host",
        "http2-settings",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "transfer-encoding",
        "upgrade",
    )
)
"""Fields that belong to a connection, not to a request; a guest can't set them."""

_ORIGIN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
_NO_HOST = re.compile(r"://(?::[0-9]*)?$")
"""What an SDK that wants an authority makes of a relative URL."""

_VISIBLE = re.compile(r"[\x21-\x7e]+")
_REPEATABLE = frozenset(("GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"))


class Broken(Exception):
    """An exchange that went wrong.

    Attributes:
        code: How, as an ``error-code`` of ``wasi:http`` names it.
        kept: True when it may be due to a connection that was kept from before.
        unseen: True when the server has certainly not worked on the request.
    """

    def __init__(self, code: str, message: str = "", *, kept: bool = False, unseen: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.kept = kept or unseen
        self.unseen = unseen


@dataclass(frozen=True)
class Timeouts:
    """Seconds: until there is a connection, until the response's head, between two pieces of its body."""

    connect: float = TIMEOUT
    first_byte: float = TIMEOUT
    between_bytes: float = TIMEOUT


@dataclass(frozen=True)
class Outgoing:
    """A request.

    Attributes:
        method: As the guest gave it.
        to: Where it goes; None for the app itself.
        target: Path and query.
        fields: Without those that belong to the connection.
        body: All of it, or as it comes.
        timeouts: How long it may take.
    """

    method: str
    to: Destination | None
    target: str
    fields: Fields = field(default_factory=list)
    body: bytes | Body = b""
    timeouts: Timeouts = Timeouts()

    def repeatable(self, *, seen: bool) -> bool:
        """Whether it can be sent a second time without doing a thing twice (RFC 9110, 9.2.2).

        Parameters:
            seen: Whether the server may have worked on it.
        """
        return isinstance(self.body, bytes) and (not seen or self.method in _REPEATABLE)

    def sized(self) -> tuple[Fields, bool]:
        """The fields with the length of the body, and whether that is known."""
        if any(name == "content-length" for name, _ in self.fields):
            return self.fields, True
        if isinstance(self.body, Body):
            return self.fields, False
        if self.body or self.method in ("POST", "PUT", "PATCH"):
            return [*self.fields, ("content-length", str(len(self.body)))], True
        return self.fields, True


def read_request(args: str, data: bytes) -> Outgoing:
    """Read ``METHOD URL``, a line of timeouts, ``more`` or ``whole``, and header lines.

    Raises:
        Broken: The request can't be sent.
    """
    first, timeouts, form, *lines = args.split("\n")
    method, _, url = first.partition(" ")
    if method == "CONNECT":
        raise Broken("HTTP-request-method-invalid", "a tunnel can't be asked for")
    if len(url) > URL:
        raise Broken("HTTP-request-URI-too-long")
    to, target = read_url(url)
    pairs = ((name.lower(), value) for name, _, value in (line.partition(": ") for line in lines))
    fields = [(name, value) for name, value in pairs if name not in OURS]
    body = Body(limit=WINDOW) if form == "more" else data
    if isinstance(body, Body):
        body.feed(data)
    return Outgoing(method, to, target, fields, body, _timeouts(timeouts))


WINDOW = 256 << 10
"""Bytes of a body that wait on their way, each way."""


def read_url(url: str) -> tuple[Destination | None, str]:
    """Where a URL leads (None for a relative one), and its path and query.

    Raises:
        Broken: Nothing can be sent there.
    """
    found = _ORIGIN.match(url)
    target = url[found.end() :] if found else url
    target = target.partition("#")[0]
    target = target if target.startswith("/") else f"/{target}"
    if not _VISIBLE.fullmatch(target):
        raise Broken("HTTP-request-URI-invalid", "a character that a URL can't hold")
    if found is None or _NO_HOST.search(found.group()):
        return None, target
    try:
        to = _destination(found.group())
    except ValueError as error:
        raise Broken("HTTP-request-URI-invalid", str(error)) from None
    if to.scheme not in ("http", "https") or not to.port:
        raise Broken("HTTP-request-URI-invalid", "neither http nor https")
    return to, target


_destination = lru_cache(maxsize=256)(destination)


def _timeouts(line: str) -> Timeouts:
    connect, first, between = (TIMEOUT if text == "-" else int(text) / 1e9 for text in line.split(" "))
    return Timeouts(connect, first, between)
