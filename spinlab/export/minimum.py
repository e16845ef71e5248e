"""Which release of Spin a component needs, and why: from what it imports and exports."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from spinlab.engine import binary


class Minimum(NamedTuple):
    """A release of Spin, as ``(major, minor)``, and what needs it."""

    version: tuple[int, int]
    reason: str

    @property
    def text(self) -> str:
        """Such as ``3.4``."""
        return ".".join(map(str, self.version))


LEAST = Minimum((3, 4), "what spinlab exports is made for it")

WITH_STATIC = Minimum((4, 0), "static responses come with it")

# Beginning of an import's or export's name -> the first release that provides or accepts it (Spin: wit/, changelog).
_FIRST = (
    ("wasi:http/handler@0.3.0-rc-2026-03-15", (4, 0)),
    ("wasi:http/handler@0.3.", (4, 1)),
    ("spin:postgres/postgres@4.0.", (3, 4)),
    ("spin:postgres/postgres@4.", (4, 0)),
    ("spin:postgres/postgres@3.0.", (3, 0)),
    ("spin:sqlite/sqlite@3.0.", (3, 2)),
    ("spin:", (4, 0)),
)


def minimum(component: bytes) -> Minimum:
    """The first release of Spin that runs a component or core module; all of them make components of those."""
    if component[:8] == binary.MODULE_HEADER:
        return LEAST
    return of_interfaces(x.name for x in (*binary.imports(component), *binary.exports(component)))


def of_interfaces(names: Iterable[str]) -> Minimum:
    """The first release of Spin that has all interfaces of these names."""
    return highest(Minimum(first, name) for name in names for first in _needed(name))


def highest(found: Iterable[Minimum]) -> Minimum:
    """The latest of several, and at least the one that spinlab exports for; the best reason of the same release."""
    return max((*found, LEAST), key=lambda m: (m.version, m.reason != LEAST.reason, m.reason))


def _needed(name: str) -> tuple[tuple[int, int], ...]:
    return next(((first,) for start, first in _FIRST if name.startswith(start)), ())
