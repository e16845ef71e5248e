"""Packages that a cell asks for with `--requires`: pure Python, from wheels, pinned."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from spinlab.errors import BuildError, OptionError, ToolMissing
from spinlab.images.recipe import Recipe
from spinlab.toolchains import environments

_PIN = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?P<extras>\[[^\]]*\])?\s*==\s*(?P<version>[\w.!+-]+)",
    re.ASCII,
)
_COMPILED = (".so", ".pyd", ".dylib", ".dll")
_MISSING = re.compile(r"No matching distribution found for ([^\s(]+)")


def normal(requires: Iterable[str]) -> tuple[str, ...]:
    """The same set of requirements always in the same words.

    Raises:
        OptionError: One is not of the form ``PKG==V``.
    """
    found: dict[str, str] = {}
    for text in requires:
        match = _PIN.fullmatch(text.strip())
        if match is None:
            raise OptionError(
                f"{text!r} is not a pinned package", hint="write its exact version: --requires idna==3.10"
            )
        name = re.sub(r"[-_.]+", "-", match["name"]).lower()
        pin = f"{name}{(match['extras'] or '').replace(' ', '')}=={match['version']}"
        if found.setdefault(name, pin) != pin:
            raise OptionError(f"two versions of {name}: {found[name]} and {pin}", hint="keep one of them")
    return tuple(sorted(found.values()))


def install(recipe: Recipe, home: Path, requires: tuple[str, ...], target: Path, tick: Callable[[], None]) -> None:
    """Put the packages and what they need into `target`.

    Raises:
        BuildError: A package has compiled parts, or is not there as a wheel.
    """
    version = ".".join(map(str, recipe.python))
    arguments = ["install", "--target", str(target), "--platform", "any", "--implementation", "py", "--abi", "none"]
    arguments += ["--python-version", version, *requires]
    try:
        environments.pip(home, arguments, cwd=target.parent, tick=tick)
    except ToolMissing as error:
        missing = _MISSING.search(error.details)
        if missing is None:
            raise
        raise BuildError(
            f"the package {missing[1]} is not there as pure Python",
            hint="the sandbox has no compiled packages; only wheels named *-none-any.whl can be taken, "
            "and the packages that they need must be such wheels too",
            details=error.details,
        ) from None
    refuse_compiled(target)


def refuse_compiled(target: Path) -> None:
    """Make sure that nothing in `target` is compiled, whatever its wheel's name said.

    Raises:
        BuildError: Names the package.
    """
    for record in sorted(target.glob("*.dist-info/RECORD")):
        name = record.parent.name.partition("-")[0]
        tags = (record.parent / "WHEEL").read_text(encoding="utf-8", errors="replace")
        files = [line.partition(",")[0] for line in record.read_text(encoding="utf-8").splitlines()]
        found = next((f for f in files if f.endswith(_COMPILED) or ".so." in f), None)
        if found or "root-is-purelib: false" in tags.lower():
            raise BuildError(
                f"the package {name} has compiled parts" + (f" ({found})" if found else ""),
                hint="the sandbox runs pure Python only; look for a package without compiled parts",
            )
