"""One route pattern: its grammar, and how it matches a path.

A pattern is a row of segments, cut at ``/`` and ``.``: literal text, ``:name``, and ``/...`` (or ``/*``) at the end.
Matching is on the raw, percent-encoded path, without its query; slashes at both ends don't count, so ``/a``, ``/a/``
and ``//a`` are one path. The rules are those of Spin 4 (``crates/routes``, routefinder 0.5.4).
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest
from typing import NamedTuple
from urllib.parse import quote

from spinlab.errors import RouteError

_SEPARATOR = re.compile(r"[./]")
_NEVER_IN_A_PATH = re.compile(r"[^!-~]|[?#]")


class Kind(enum.IntEnum):
    """What a segment is, in the order of precedence."""

    EXACT = 0
    PARAM = 1
    WILDCARD = 2
    SLASH = 3
    DOT = 4


class Segment(NamedTuple):
    """A piece of a pattern; `text` is the literal or the parameter's name."""

    kind: Kind
    text: str = ""


class Captured(NamedTuple):
    """What a pattern caught of a path: its parameters, and the tail without slashes at its ends (None: no wildcard)."""

    params: dict[str, str]
    wildcard: str | None


@dataclass(frozen=True)
class Pattern:
    """A route pattern, parsed.

    Attributes:
        text: As written.
        route: With a leading slash, and without one trailing slash (so ``/`` is empty): Spin's "based route".
        segments: What it consists of.
        wildcard: Whether it ends in ``/...`` or ``/*``.
    """

    text: str
    route: str
    segments: tuple[Segment, ...]
    wildcard: bool

    @property
    def prefix(self) -> str:
        """The route without its trailing wildcard; ``/`` when nothing is left."""
        for suffix in ("/...", "/*"):
            if self.route.endswith(suffix):
                return self.route[: -len(suffix)] or "/"
        return self.route or "/"

    @property
    def params(self) -> tuple[str, ...]:
        """The names of its parameters, in order."""
        return tuple(s.text for s in self.segments if s.kind is Kind.PARAM)

    def match(self, path: str) -> Captured | None:
        """What it captures of `path` (raw, without query), or None when it does not match."""
        return _match(self.segments, path.strip("/"))

    def __str__(self) -> str:
        return self.text


@lru_cache(maxsize=16384)
def parse(text: str) -> Pattern:
    """Read a route pattern as Spin does.

    Parameters:
        text: As in ``route = "..."``; a missing leading slash is added.

    Raises:
        RouteError: Spin would refuse it, stop on it, or could never match it. The message names the pattern, the hint
            says what to write.
    """
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise RouteError(f"route {text!r}: half a surrogate pair is no character", hint="write the character itself")
    absolute = text if text.startswith("/") else f"/{text}"
    route = absolute.removesuffix("/")
    spec = route[:-3] + "*" if route.endswith("/...") else route
    segments = tuple(_segments(text, spec.strip("/")))
    _check(text, route, segments)
    wild = bool(segments) and segments[-1].kind is Kind.WILDCARD
    return Pattern(text, route, segments, wild)


def _segments(text: str, spec: str) -> list[Segment]:
    found: list[Segment] = []
    before, start = "", 0
    for end in [*(m.start() for m in _SEPARATOR.finditer(spec)), len(spec)]:
        segment = _segment(text, spec[start:end])
        if before == ".":
            # Spin joins a dot to the literal before it; only after anything else is it a segment of its own.
            if found and found[-1].kind is Kind.EXACT:
                found[-1] = Segment(Kind.EXACT, found[-1].text + ".")
            else:
                found.append(Segment(Kind.DOT))
        if segment is not None:
            if before == "/":
                found.append(Segment(Kind.SLASH))
            found.append(segment)
        before, start = spec[end : end + 1], end + 1
    return found


def _segment(text: str, section: str) -> Segment | None:
    if not section:
        return None
    if section == "*":
        return Segment(Kind.WILDCARD)
    if section.startswith("*"):
        raise RouteError(
            f"route {text!r}: since there can only be one wildcard, it doesn't need a name. "
            f"replace `{section}` with `*`",
            hint="write it without a name, at the end: " + repr(text.replace(f"/{section}", "/...")),
        )
    if section == ":":
        raise RouteError(f"route {text!r}: params must be named", hint="write a name after the colon, such as :id")
    if section.startswith(":"):
        return Segment(Kind.PARAM, section[1:])
    return Segment(Kind.EXACT, section)


def _check(text: str, route: str, segments: tuple[Segment, ...]) -> None:
    bad = _NEVER_IN_A_PATH.search(text)
    if bad:
        raise RouteError(
            f"route {text!r}: {bad.group()!r} never stands in the path of a request",
            hint=_instead_of(text, bad.group()),
        )
    if any(s.kind is Kind.WILDCARD for s in segments[:-1]) or "/.../" in route:
        raise RouteError(
            f"route {text!r}: a wildcard can only be at the end",
            hint="use :name for one segment in the middle, and /... for everything below the end",
        )


def _instead_of(text: str, character: str) -> str:
    if character in "?#":
        return "routes match the path only; leave the rest away and read the query in the function"
    return f"write it percent-encoded: {quote(text, safe='/:*.%!$&()+,;=@~-_' + chr(39))!r}"


def _match(segments: tuple[Segment, ...], rest: str) -> Captured | None:
    params: dict[str, str] = {}
    wildcard: str | None = None
    for segment, following in zip_longest(segments, segments[1:]):
        size = _size(segment, rest, following.kind if following else None)
        if size is None:
            return None
        if segment.kind is Kind.PARAM:
            params[segment.text] = rest[:size]
        elif segment.kind is Kind.WILDCARD:
            wildcard = rest
        rest = rest[size:]
    return Captured(params, wildcard) if rest in ("", "/") else None


def _size(segment: Segment, rest: str, following: Kind | None) -> int | None:
    """How many characters of `rest` a segment takes; None when it does not match there."""
    if segment.kind is Kind.EXACT:
        return len(segment.text) if rest.startswith(segment.text) else None
    if segment.kind is Kind.SLASH:
        if rest.startswith("/"):
            return 1
        return 0 if not rest and following is Kind.WILDCARD else None
    if segment.kind is Kind.PARAM:
        return _param(rest, dot_follows=following is Kind.DOT)
    if segment.kind is Kind.WILDCARD:
        return len(rest)
    return 1 if rest.startswith(".") else None


def _param(rest: str, *, dot_follows: bool) -> int | None:
    if not rest:
        return None
    if dot_follows:
        stop = _SEPARATOR.search(rest)
        return stop.start() if stop and stop.group() == "." else None
    slash = rest.find("/")
    return len(rest) if slash < 0 else slash
