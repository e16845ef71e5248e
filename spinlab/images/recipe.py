"""What each Python image is made of: the pinned tools, the command, and the sources."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from spinlab.images import worlds
from spinlab.toolchains import environments
from spinlab.toolchains.progress import Progress, silent

HERE = Path(__file__).parent
SOURCES = (".py", ".wit", ".toml")

TZDATA = "tzdata==2025.2"
"""Time zones for `zoneinfo`, kept in the image."""


@dataclass(frozen=True)
class Recipe:
    """One kind of image.

    Attributes:
        wasi: ``0.2`` or ``0.3``.
        python: The version of CPython inside, major and minor.
        sdk, componentize: The pinned requirements of its toolchain.
        options: Options of componentize-py that an official build of a cell has too.
        own_world: Options that add our second world.
        folder: Where its entry is.
        handler: The class that componentize-py looks for in an official build.
    """

    wasi: str
    python: tuple[int, int]
    sdk: str
    componentize: str
    options: tuple[str, ...]
    own_world: tuple[tuple[str, ...], tuple[str, ...]]
    folder: str
    handler: str

    @property
    def pins(self) -> tuple[str, ...]:
        """What the toolchain's environment holds."""
        return (self.sdk, self.componentize)

    def toolchain(self, progress: Progress = silent) -> Path:
        """The folder of the official toolchain's environment, made at the first need."""
        return environments.ensure(f"python-{self.wasi}", self.pins, progress)

    def command(self, entry: str, output: str, *, own_world: bool = False, trigger: str = "") -> tuple[str, ...]:
        """The command line, without the program, that makes `output` of the module `entry`."""
        if trigger:
            return self._command_of(worlds.WORLDS[trigger, self.wasi], entry, output, own_world=own_world)
        before, after = self.own_world if own_world else ((), ())
        return (*self.options, *before, "componentize", *after, entry, "-o", output)

    def _command_of(self, world: worlds.World, entry: str, output: str, *, own_world: bool) -> tuple[str, ...]:
        common = self.options[:-2]
        if not world.has_wit:
            before, after = self.own_world if own_world else ((), ())
            return (*common, "-w", world.name, *before, "componentize", *after, entry, "-o", output)
        place = ("-d", "own/wit", "-w", "spinlab:image/image@0.1.0") if own_world else ("-d", "wit", "-w", world.name)
        sdk = ("-m", f"spin_sdk={worlds.PLATFORM[self.wasi]}")
        return (*common, *place, "componentize", *sdk, entry, "-o", output)


RECIPES: Mapping[str, Recipe] = {
    "0.2": Recipe(
        wasi="0.2",
        python=(3, 12),
        sdk="spin-sdk==3.4.1",
        componentize="componentize-py==0.17.2",
        options=("--import-interface-name", "fermyon:spin/sqlite@2.0.0=sqlite", "-w", "spin-http"),
        own_world=((), ("-m", "warm_up=image")),
        folder="python02",
        handler="IncomingHandler",
    ),
    "0.3": Recipe(
        wasi="0.3",
        python=(3, 14),
        sdk="spin-sdk==5.0.0",
        componentize="componentize-py==0.25.1",
        options=("-w", "spin:up/http-trigger@4.1.0"),
        own_world=(("-w", "spinlab:image/image"), ("-m", "warm_up=spinlab:image/image")),
        folder="python03",
        handler="HttpHandler",
    ),
}


@cache
def sources(wasi: str, trigger: str = "") -> Mapping[str, bytes]:
    """The files that make up the image's own part: path -> bytes."""
    found: dict[str, bytes] = {}
    for folder in (HERE / "guest", HERE / RECIPES[wasi].folder):
        for path in sorted(folder.rglob("*")):
            if path.suffix in SOURCES:
                found[path.relative_to(folder).as_posix()] = path.read_bytes()
    if trigger:
        found |= worlds.guests(trigger, wasi)
        if worlds.WORLDS[trigger, wasi].has_wit:
            found = {path: data for path, data in found.items() if not path.startswith("warm_up/")}
            found |= worlds.image_wit(trigger, wasi)
    return found


def key(wasi: str, requires: tuple[str, ...], trigger: str = "") -> str:
    """What an image is stored under: everything that goes into it, hashed."""
    recipe = RECIPES[wasi]
    hasher = hashlib.sha256()
    command = recipe.command("boot", "", own_world=True, trigger=trigger)
    for text in (*recipe.pins, *command, TZDATA, *requires):
        hasher.update(text.encode() + b"\0")
    for path, data in sorted(sources(wasi, trigger).items()):
        hasher.update(path.encode() + b"\0" + len(data).to_bytes(8, "big") + data)
    return hasher.hexdigest()[:32]
