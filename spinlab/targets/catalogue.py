"""The places, and what each of them has.

Sources: Spin's ``wit/`` and its trigger crates at the tags of each release; ``containerd-shim-spin``: its triggers, and
the Spin in each of its releases; ``spinframework/spin-environments``; Akamai's page of quotas and limits.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from spinlab.errors import OptionError

Release = tuple[int, int]
"""Of Spin: major and minor."""

SHIM_TRIGGERS: Final = frozenset({"http", "redis", "mqtt", "sqs", "command"})
OWN_TRIGGERS: Final = frozenset({"http", "redis"})
"""What Spin runs without a plugin."""


@dataclass(frozen=True)
class Target:
    """A place that runs Spin applications.

    Attributes:
        name: Short, as `spinlab targets --target` takes it.
        title: For readers.
        spin: The Spin inside.
        kind: ``spin`` (the command), ``shim`` (a cluster's nodes), or ``hosted``.
        triggers: Those that start something there; None where plugins bring more.
        databases: Whether it has SQLite databases.
        lacks: Beginnings of interfaces that are not served, though its Spin has them.
        largest: Bytes of all components together; None for no limit that is known.
        memory: Bytes that one instance may use; None for what is asked for.
    """

    name: str
    title: str
    spin: Release
    kind: str = "spin"
    triggers: frozenset[str] | None = None
    databases: bool = True
    lacks: tuple[str, ...] = ()
    largest: int | None = None
    memory: int | None = None


def _spin(major: int, minor: int) -> Target:
    return Target(f"spin-{major}.{minor}", f"Spin {major}.{minor}", (major, minor))


def _shim(version: str, spin: Release) -> Target:
    text = ".".join(map(str, spin))
    return Target(f"shim-{version}", f"containerd-shim-spin {version} (Spin {text})", spin, "shim", SHIM_TRIGGERS)


TARGETS: Final = (
    _spin(3, 4),
    _spin(3, 5),
    _spin(3, 6),
    _spin(4, 0),
    _spin(4, 1),
    _shim("0.24.0", (3, 6)),
    _shim("0.25.1", (4, 0)),
    _shim("0.26.0", (4, 1)),
    Target("spinkube", "SpinKube's quick start (shim 0.24.0)", (3, 6), "shim", SHIM_TRIGGERS),
    Target(
        "akamai",
        "Akamai Functions",
        (4, 1),
        "hosted",
        frozenset({"http"}),
        databases=False,
        lacks=("wasi:keyvalue/atomics",),
        largest=50 << 20,
        memory=128 << 20,
    ),
)
"""In the order in which they are shown."""

_FIRST: Final[tuple[tuple[str, Release], ...]] = (
    ("fermyon:spin/", (2, 0)),
    ("fermyon:spin-", (3, 0)),
    ("wasi:keyvalue/", (3, 0)),
    ("wasi:config/", (3, 0)),
    ("spin:postgres/postgres@3.", (3, 0)),
    ("spin:postgres/postgres@4.0.", (3, 4)),
    ("spin:postgres/", (4, 0)),
    ("spin:sqlite/sqlite@3.0.", (3, 2)),
    ("spin:", (4, 0)),
    ("wasi:otel/", (4, 0)),
)
"""Beginning of an interface's name -> the first release that has it."""

_CANDIDATES: Final = {"0.3.0-rc-2026-01-06": (3, 6), "0.3.0-rc-2026-03-15": (4, 0)}
"""Release candidate of WASI 0.3 -> the first release that has it."""

_LAST: Final = {"0.3.0-rc-2026-01-06": (3, 6)}
"""And the last one, where it was taken out again."""


@dataclass(frozen=True)
class Span:
    """The releases of Spin that have an interface; `last` is None while it is there."""

    first: Release
    last: Release | None = None

    def has(self, release: Release) -> bool:
        """Whether a release is one of them."""
        return self.first <= release and (self.last is None or release <= self.last)


def span(interface: str) -> Span | None:
    """The releases of Spin that have an interface; None for one that none has."""
    package, _, version = interface.partition("@")
    if package.startswith("wasi:") and version.startswith("0.2.") and "draft" not in version:
        return None if package.startswith(("wasi:keyvalue", "wasi:nn", "wasi:blobstore")) else _otel_or_old(package)
    if package.startswith("wasi:") and version.startswith("0.3."):
        first = _CANDIDATES.get(version, (4, 1)) if "-rc-" in version else (4, 1)
        known = "-rc-" not in version or version in _CANDIDATES
        return Span(first, _LAST.get(version)) if known else None
    return next((Span(first) for start, first in _FIRST if interface.startswith(start)), None)


def _otel_or_old(package: str) -> Span:
    return Span((4, 0)) if package.startswith("wasi:otel") else Span((2, 0))


def find(name: str) -> Target:
    """The target of that name.

    Raises:
        OptionError: There is none.
    """
    plain = name.lower().replace("@", "-").replace("containerd-shim-spin", "shim").replace("-v", "-")
    found = next((target for target in TARGETS if target.name in (name, plain)), None)
    if found is None:
        names = [target.name for target in TARGETS]
        near = get_close_matches(plain, names, n=1)
        hint = f"did you mean {near[0]}?" if near else "there are: " + ", ".join(names)
        raise OptionError(f"no target is called {name!r}", hint=hint)
    return found
