"""The crates that a cell is built with: those of ``--requires``, and those that its kind of handler needs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from spinlab.errors import OptionError
from spinlab.languages.rust.source import Form, Source

SDK: Final[Mapping[Form, str]] = {
    "service": "6.0.0",
    "component": "5.2.0",
    "short": "5.2.0",
    "plain": "6.0.0",
    "program": "5.2.0",
}
"""The version of spin-sdk for each kind of handler, as Spin's templates have it."""

WITHOUT_DEFAULTS: Final = "no-default-features"

_NAME = r"[A-Za-z][A-Za-z0-9_-]*"
_WRITTEN: Final = re.compile(
    rf"({_NAME})(?:(?:==|=|@)([0-9*^~<>=., ]+[0-9A-Za-z.-]*))?((?:\+[A-Za-z0-9_./-]+)*)", re.ASCII
)


@dataclass(frozen=True)
class Crate:
    """A dependency.

    Attributes:
        name: As in the registry.
        version: A requirement as cargo reads it; empty for any.
        features: Features to turn on.
        defaults: Whether its default features are on.
        written: The option that asked for it; empty when nobody did.
        path: Its folder, for one that is beside the source.
    """

    name: str
    version: str = ""
    features: tuple[str, ...] = ()
    defaults: bool = True
    written: str = ""
    path: str = ""

    def line(self, version: str = "") -> str:
        """Its line in ``Cargo.toml``.

        Parameters:
            version: What it resolved to, for one of any version.
        """
        parts = [f'path = "{self.path}"'] if self.path else [f'version = "{self.version or version or "*"}"']
        parts += [] if self.defaults else ["default-features = false"]
        parts += ["features = [" + ", ".join(f'"{f}"' for f in self.features) + "]"] if self.features else []
        short = len(parts) == 1 and not self.path
        return f"{self.name} = " + (parts[0].partition(" = ")[2] if short else "{ " + ", ".join(parts) + " }")


KNOWN: Final = (
    Crate("anyhow", "1"),
    Crate("wasi", "0.14"),
    Crate("wasip2", "1"),
    Crate("wasip3", "0.7", ("async-spawn",)),
    Crate("wit-bindgen", "0.63"),
    Crate("wstd", "0.6"),
)
"""Crates that a source may use without asking for them, as Spin's and WASI's examples do."""


def of(source: Source, requires: Iterable[str], used: Iterable[Source] = ()) -> tuple[Crate, ...]:
    """The crates of a cell, by name.

    Parameters:
        requires: What its options ask for, and those of its modules.
        used: Its modules.

    Raises:
        OptionError: One of the options is no crate.
    """
    found = {crate.name.replace("-", "_"): crate for crate in map(parse, requires)}
    names = source.crates.union(*(one.crates for one in used))
    for crate in KNOWN:
        key = crate.name.replace("-", "_")
        if key in names:
            found.setdefault(key, crate)
    asked = found.get("spin_sdk")
    if asked is not None and not asked.version:
        found["spin_sdk"] = Crate(asked.name, SDK[source.form], asked.features, asked.defaults, asked.written)
    elif source.form in ("component", "service") or "spin_sdk" in names:
        found.setdefault("spin_sdk", Crate("spin-sdk", SDK[source.form]))
    return tuple(sorted(found.values(), key=lambda crate: crate.name))


def parse(written: str) -> Crate:
    """A crate as ``--requires`` says it: ``regex``, ``regex=1.11``, ``regex==1.11.1``, ``serde=1+derive``.

    Raises:
        OptionError: It is none.
    """
    match = _WRITTEN.fullmatch(written.strip())
    if match is None:
        error = OptionError(
            f"--requires {written} is no crate",
            hint="write NAME, NAME=VERSION or NAME=VERSION+FEATURE, such as serde=1+derive",
        )
        error.subject = ("requires", written)
        raise error
    name, version, features = match[1], (match[2] or "").strip(), match[3].split("+")[1:]
    if "==" in written:
        version = f"={version}"
    chosen = tuple(sorted({f for f in features if f != WITHOUT_DEFAULTS}))
    return Crate(name, version, chosen, WITHOUT_DEFAULTS not in features, written)
