"""Packages of npm that a cell asks for with `--requires`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

from spinlab.errors import OptionError
from spinlab.languages import Progress, silent
from spinlab.toolchains import npm

_ONE = re.compile(
    r"(?P<name>(?:@[a-z0-9~][\w.~-]*/)?[a-z0-9~][\w.~-]*)(?:@(?P<version>[\w.^~<>=|*+-]+))?", re.ASCII | re.IGNORECASE
)


def normal(requires: Iterable[str]) -> tuple[str, ...]:
    """The same set of requirements always in the same words.

    Raises:
        OptionError: One is not of the form ``PACKAGE`` or ``PACKAGE@VERSION``, or two are of one package.
    """
    found: dict[str, str] = {}
    for given in requires:
        text = given.strip()
        match = _ONE.fullmatch(text)
        if match is None:
            python = re.fullmatch(r"(.+?)\s*==\s*(.+)", text)
            better = f"{python[1]}@{python[2]}" if python else "itty-router@5.0.18"
            raise OptionError(f"{given!r} is not a package of npm", hint=f"write its name and version: {better}")
        if found.setdefault(match["name"], text) != text:
            other = found[match["name"]]
            raise OptionError(f"two versions of {match['name']}: {other} and {text}", hint="keep one of them")
    return tuple(sorted(found.values()))


def names(requires: Iterable[str]) -> tuple[str, ...]:
    """The names alone."""
    return tuple(m["name"] for text in requires if (m := _ONE.fullmatch(text)) is not None)


def install(requires: tuple[str, ...], progress: Progress = silent) -> Path:
    """The folder whose `node_modules` has the packages, made at the first need; their install scripts do not run.

    Raises:
        BuildError: A package or version does not exist, or two can't be had together.
        ToolMissing: npm can't be had, or has no connection.
    """
    return npm.ensure("packages", requires, progress)


def pinned(home: Path, requires: Iterable[str]) -> dict[str, str]:
    """Package -> the version that was installed, of those that were asked for."""
    there = npm.versions(home)
    return {name: there[name] for name in names(requires) if name in there}


def scripts(home: Path) -> tuple[str, ...]:
    """The packages that wanted to run something when they were installed, and did not."""
    lock = json.loads((home / "package-lock.json").read_bytes())
    listed = lock.get("packages", {}).items()
    found = {path.rpartition("node_modules/")[2] for path, facts in listed if facts.get("hasInstallScript")}
    return tuple(sorted(found - {""}))


def owner(specifier: str) -> str:
    """The package that an import is from: ``@a/b`` of ``@a/b/c``."""
    parts = specifier.split("/")
    return "/".join(parts[:2]) if specifier.startswith("@") else parts[0]
