"""The Rust toolchain that builds the bridge: the recorded one when it is here, else the first that works."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from spinlab.toolchains import rust
from spinlab.toolchains.rust import BARE as TARGET

__all__ = ["TARGET", "NoToolchain", "Toolchain", "find"]

SOURCES: Final = "lib/rustlib/src/rust"

Say = Callable[[str], None]


class NoToolchain(Exception):
    """No toolchain is here and none can be installed; the message says what was tried."""


@dataclass(frozen=True)
class Toolchain:
    """A cargo that builds for `TARGET`.

    Attributes:
        cargo: The command's first words.
        rustc: What ``rustc --version`` says, with a word about the standard library when it is built from source.
        arguments: Arguments every cargo build needs.
        environment: Variables to set.
        sources: Where the standard library's sources lie, to be left out of the output.
    """

    cargo: tuple[str, ...]
    rustc: str
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    sources: Path | None = None

    def run(self, *arguments: str, cwd: Path, environment: Mapping[str, str] | None = None) -> str:
        """Run cargo; answers its output, raises CalledProcessError when it fails."""
        env = {**os.environ, **self.environment, **(environment or {})}
        done = subprocess.run(
            [*self.cargo, *arguments], cwd=cwd, env=env, check=True, stdout=subprocess.PIPE, text=True
        )
        return done.stdout


def find(recorded: str = "", say: Say = print) -> Toolchain:
    """The first toolchain that works; the one that was `recorded` (rustc's version line) is preferred."""
    reasons: list[str] = []
    for attempt in (_rustup, _debian):
        found = attempt(recorded, say, reasons)
        if found is not None:
            return found
    raise NoToolchain(
        "no Rust toolchain for " + TARGET + "\n  " + "\n  ".join(reasons) + "\n"
        f"Install Rust from rustup.rs, then: rustup target add {TARGET}"
    )


def _rustup(recorded: str, say: Say, reasons: list[str]) -> Toolchain | None:
    known = sorted((found for found in rust.here()), key=lambda found: found.version != recorded)
    for install in (False, True):
        for found in known:
            name = found.root.name
            if install:
                say(f"rustup target add {TARGET} (toolchain {name})")
                rust.rustup("target", "add", TARGET, "--toolchain", name)
            if (found.root / "lib" / "rustlib" / TARGET / "lib").is_dir():
                variables = {"RUSTC": str(found.rustc)}
                return Toolchain(
                    (str(found.cargo),), found.version, environment=variables, sources=found.root / SOURCES
                )
    tried = ", ".join(found.root.name for found in known)
    reasons.append(f"rustup can't install the target {TARGET} for {tried}" if known else "rustup is not installed")
    return None


def _debian(recorded: str, say: Say, reasons: list[str]) -> Toolchain | None:
    del recorded
    said: set[str] = set()

    def progress(what: str, _done: float | None = None) -> None:
        if what not in said:
            said.add(what)
            say(what)

    failed = rust.unpack(progress)
    found = rust.unpacked()
    if found is None:
        reasons.append(failed or "the compiler of Debian's rustc-web packages does not run")
        return None
    return Toolchain((str(found.cargo),), found.version, found.arguments, dict(found.environment), found.root / SOURCES)
