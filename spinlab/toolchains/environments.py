"""Tools from PyPI, each pinned and in a virtual environment of its own in the cache."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from spinlab.errors import CacheError, ToolMissing
from spinlab.folders import VARIABLE
from spinlab.toolchains import cache
from spinlab.toolchains.process import ProgramError, environment, run
from spinlab.toolchains.progress import Progress, silent

READY: Final = "ready"


def path_of(name: str, pins: Iterable[str]) -> Path:
    """Where the environment is, or will be."""
    identity = "\0".join((*pins, sys.executable, sys.version)).encode()
    return cache.place("toolchains", f"{name}-{hashlib.sha256(identity).hexdigest()[:12]}", READY)


def is_ready(name: str, pins: Iterable[str]) -> bool:
    """Whether the environment is there already."""
    return (path_of(name, pins) / READY).exists()


def program(home: Path, name: str) -> Path:
    """A program of the environment at `home`."""
    return home / "Scripts" / f"{name}.exe" if os.name == "nt" else home / "bin" / name


def packages(home: Path) -> Path:
    """The folder that the environment's packages are in.

    Raises:
        ToolMissing: The environment is not what it was.
    """
    found = home / "Lib" / "site-packages" if os.name == "nt" else next(home.glob("lib/python*/site-packages"), None)
    if found is None or not found.is_dir():
        raise ToolMissing(f"the environment at {home} is damaged", hint="remove that folder; it is made again")
    return found


def ensure(name: str, pins: Sequence[str], progress: Progress = silent) -> Path:
    """The folder of the environment, made at the first need.

    Parameters:
        name: What it is called in the cache.
        pins: Pinned requirements, such as ``ziglang==0.17.1``.
        progress: Told while it is made.

    Raises:
        ToolMissing: It can't be made: no network, or no `venv` in this Python.
        CacheError: There is no room for it.
    """
    home = path_of(name, pins)
    if (home / READY).exists():
        return home
    with cache.locked(home.name, lambda: progress("another process gets the toolchain ready", None)):
        if not (home / READY).exists():
            shutil.rmtree(home, ignore_errors=True)
            try:
                _make(pins, home, progress)
            except BaseException:
                shutil.rmtree(home, ignore_errors=True)
                raise
    return home


def _make(pins: Sequence[str], home: Path, progress: Progress) -> None:
    what = f"getting {' and '.join(pins)}"
    progress(what, None)
    env = environment({"PIP_DISABLE_PIP_VERSION_CHECK": "1"}, network=True, own=("PIP_",))

    def tick() -> None:
        progress(what, None)

    try:
        run([sys.executable, "-I", "-m", "venv", home], cwd=home.parent, env=env, tick=tick)
    except ProgramError as error:
        _full(error, home)
        raise ToolMissing(
            "this Python can't make a virtual environment, which a toolchain lives in",
            hint="install the module venv (Debian: apt install python3-venv)",
            details=error.output,
        ) from None
    pip(home, ["install", *pins], cwd=home.parent, tick=tick)
    (home / READY).touch()


def pip(home: Path, arguments: list[str], *, cwd: Path, tick: Callable[[], None] = lambda: None) -> str:
    """Run pip of the environment at `home`, wheels only, so that nothing is executed to install a package.

    Raises:
        ToolMissing: pip failed.
        CacheError: The disk is full.
    """
    command: list[str | os.PathLike[str]] = [program(home, "python"), "-I", "-m", "pip", *arguments[:1]]
    command += ["--quiet", "--no-input", "--only-binary", ":all:", "--no-compile", *arguments[1:]]
    env = environment({"PIP_DISABLE_PIP_VERSION_CHECK": "1"}, network=True, own=("PIP_",))
    try:
        return run(command, cwd=cwd, env=env, tick=tick)
    except ProgramError as error:
        _full(error, home)
        raise ToolMissing(
            f"pip could not get {' '.join(a for a in arguments[1:] if '==' in a)}",
            hint="is there a connection to a package index? once built, an image or tool needs none",
            details=error.output,
        ) from None


def _full(error: ProgramError, home: Path) -> None:
    if error.kind == "disk":
        raise CacheError(
            f"there is no room on the disk for the toolchain in {home.parent}",
            hint=f"make room, or set {VARIABLE} to a folder on another disk",
            details=error.output,
        ) from None
