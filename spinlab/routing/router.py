"""Which function answers a path, of many.

The first pattern in Spin's order (`spinlab.routing.order`) that matches wins. So that thousands of routes cost no
more than a few, each is filed under its leading literal path: a path looks only under its own beginnings.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, NamedTuple, TypeVar

from spinlab.errors import RouteError
from spinlab.routing.order import in_order
from spinlab.routing.patterns import Kind, Pattern, parse

WELL_KNOWN_PREFIX = "/.well-known/spin/"
"""Paths that Spin answers itself."""

Target = TypeVar("Target")


class Duplicate(NamedTuple):
    """A pattern that several components have: the last one gets it.

    Attributes:
        route: The pattern.
        replaced: Component id that will never be used for it.
        effective: Component id that answers.
    """

    route: str
    replaced: str
    effective: str

    def __str__(self) -> str:
        return f"{self.replaced}: {self.route} (duplicate of {self.effective})"


class Unreachable(NamedTuple):
    """A route that no request can reach, and why."""

    route: str
    component: str
    reason: str

    def __str__(self) -> str:
        return f"{self.component}: {self.route} ({self.reason})"


@dataclass(frozen=True)
class Match(Generic[Target]):
    """The route that a path takes.

    Attributes:
        target: What was registered under the pattern.
        pattern: As written.
        component: Id of the component.
        params: Parameter -> value, percent-encoded as sent; a name that is there twice has its last value.
        wildcard: What ``/...`` caught, without slashes at its ends; None when the pattern has none.
        path: The path as sent.
    """

    target: Target
    pattern: str
    component: str
    params: dict[str, str]
    wildcard: str | None
    path: str

    @property
    def trailing(self) -> str | None:
        """What ``/...`` caught, as Spin reports it: empty, or from its slash on, with the path's trailing slash."""
        if self.wildcard is None:
            return None
        end = "/" if self.path.endswith("/") else ""
        return f"/{self.wildcard}{end}" if self.wildcard else end


@dataclass(frozen=True)
class _Entry(Generic[Target]):
    rank: int
    pattern: Pattern
    target: Target
    component: str


class Router(Generic[Target]):
    """Finds the route of a path.

    Parameters:
        routes: ``(pattern, target, component id)`` in the manifest's order; without private ones.

    Attributes:
        duplicates: Patterns that are there more than once, as Spin counts them (the same text).

    Raises:
        RouteError: A pattern can't be parsed, as Spin says it.
    """

    def __init__(self, routes: Iterable[tuple[str, Target, str]] = ()) -> None:
        duplicates: list[Duplicate] = []
        kept: dict[str, tuple[Pattern, Target, str]] = {}
        for text, target, component in routes:
            pattern = _parsed(text, component)
            if text in kept:
                duplicates.append(Duplicate(pattern.route or "/", kept[text][2], component))
            kept[text] = (pattern, target, component)
        self._kept = list(kept.values())
        self.duplicates: tuple[Duplicate, ...] = tuple(duplicates)

    def __len__(self) -> int:
        return len(self._kept)

    # Ordering waits for the first request: an app that grows makes a router for each function, and asks the last one.

    @cached_property
    def _entries(self) -> list[_Entry[Target]]:
        order = in_order([pattern for pattern, _, _ in self._kept])
        return [_Entry(rank, *self._kept[index]) for rank, index in enumerate(order)]

    @cached_property
    def _index(self) -> dict[str, list[_Entry[Target]]]:
        index: dict[str, list[_Entry[Target]]] = {}
        for entry in self._entries:
            index.setdefault(_leading_literal(entry.pattern), []).append(entry)
        return index

    @cached_property
    def unreachable(self) -> tuple[Unreachable, ...]:
        """Routes that no request reaches, although Spin accepts them."""
        return tuple(_unreachable(self._entries))

    @property
    def patterns(self) -> tuple[Pattern, ...]:
        """All patterns in the order in which they are tried."""
        return tuple(entry.pattern for entry in self._entries)

    @property
    def listed(self) -> tuple[tuple[str, Pattern], ...]:
        """Component id and pattern of each route, in the order in which they are tried."""
        return tuple((entry.component, entry.pattern) for entry in self._entries)

    def match(self, path: str) -> Match[Target] | None:
        """The route of `path` (raw, without query), or None: a 404."""
        trimmed = path.strip("/")
        best: _Entry[Target] | None = None
        captured = None
        for beginning in _beginnings(trimmed):
            for entry in self._index.get(beginning, ()):
                if best is not None and entry.rank > best.rank:
                    break
                found = entry.pattern.match(trimmed)
                if found is not None:
                    best, captured = entry, found
                    break
        if best is None or captured is None:
            return None
        return Match(best.target, best.pattern.text, best.component, captured.params, captured.wildcard, path)


def _parsed(text: str, component: str) -> Pattern:
    try:
        return parse(text)
    except RouteError as error:
        raise RouteError(
            f"Error parsing route {text} associated with component {component}: {error.message}", hint=error.hint
        ) from error


def _beginnings(trimmed: str) -> list[str]:
    """The path's leading parts that end at a slash or at its end, the empty one first."""
    found = [""]
    slash = trimmed.find("/")
    while slash >= 0:
        found.append(trimmed[:slash])
        slash = trimmed.find("/", slash + 1)
    found.append(trimmed)
    return found if trimmed else [""]


def _leading_literal(pattern: Pattern) -> str:
    """The literal path that every path of the pattern begins with, up to its last whole part."""
    text = ""
    whole = ""
    for kind, literal in pattern.segments:
        if kind is Kind.EXACT:
            text += literal
        elif kind is Kind.SLASH:
            whole = text
            text += "/"
        else:
            return whole
    return text


def _unreachable(entries: list[_Entry[Target]]) -> Iterable[Unreachable]:
    seen: dict[tuple[tuple[Kind, str], ...], _Entry[Target]] = {}
    for entry in entries:
        pattern = entry.pattern
        if pattern.route.startswith(WELL_KNOWN_PREFIX):
            reason = f"Routes under {WELL_KNOWN_PREFIX} are handled by the Spin runtime and will never be reached"
            yield Unreachable(pattern.text, entry.component, reason)
        shape = tuple((k, "" if k is Kind.PARAM else text) for k, text in pattern.segments)
        first = seen.setdefault(shape, entry)
        if first is not entry:
            yield Unreachable(
                pattern.text, entry.component, f"{first.pattern.text} of {first.component} matches the same paths first"
            )
