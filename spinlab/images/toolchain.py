"""The official toolchain of an image, in an environment of its own."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from spinlab.errors import ToolMissing
from spinlab.images import cache
from spinlab.images.process import ProgramError, environment, run
from spinlab.images.recipe import Recipe
from spinlab.languages import Progress

READY = "ready"


def path_of(recipe: Recipe) -> Path:
    """Where the environment of `recipe` is, or will be."""
    identity = "\0".join((*recipe.pins, sys.executable, sys.version)).encode()
    return cache.folder("toolchains") / f"python-{recipe.wasi}-{hashlib.sha256(identity).hexdigest()[:12]}"


def program(home: Path, name: str) -> Path:
    """A program of the environment at `home`."""
    return home / "Scripts" / f"{name}.exe" if os.name == "nt" else home / "bin" / name


def ensure(recipe: Recipe, progress: Progress) -> Path:
    """The folder of the environment, made at the first need.

    Raises:
        ToolMissing: It can't be made: no network, or no `venv` in this Python.
    """
    home = path_of(recipe)
    if (home / READY).exists():
        return home
    with cache.locked(home.name, lambda: progress("another process gets the toolchain ready", None)):
        if not (home / READY).exists():
            shutil.rmtree(home, ignore_errors=True)
            try:
                _make(recipe, home, progress)
            except BaseException:
                shutil.rmtree(home, ignore_errors=True)
                raise
    return home


def _make(recipe: Recipe, home: Path, progress: Progress) -> None:
    what = f"getting {' and '.join(recipe.pins)}"
    progress(what, None)
    env = environment({"PIP_DISABLE_PIP_VERSION_CHECK": "1"}, network=True)

    def tick() -> None:
        progress(what, None)

    try:
        run([sys.executable, "-I", "-m", "venv", home], cwd=home.parent, env=env, tick=tick)
    except ProgramError as error:
        raise ToolMissing(
            "this Python can't make a virtual environment, which the image's toolchain lives in",
            hint="install the module venv (Debian: apt install python3-venv)",
            details=str(error),
        ) from None
    pip(home, ["install", *recipe.pins], cwd=home.parent, tick=tick)
    (home / READY).touch()


def pip(home: Path, arguments: list[str], *, cwd: Path, tick: Callable[[], None] = lambda: None) -> str:
    """Run pip of the environment at `home`, wheels only, so that nothing is executed to install a package.

    Raises:
        ToolMissing: pip failed.
    """
    command: list[str | os.PathLike[str]] = [program(home, "python"), "-I", "-m", "pip", *arguments[:1]]
    command += ["--quiet", "--no-input", "--only-binary", ":all:", "--no-compile", *arguments[1:]]
    try:
        return run(command, cwd=cwd, env=environment({"PIP_DISABLE_PIP_VERSION_CHECK": "1"}, network=True), tick=tick)
    except ProgramError as error:
        raise ToolMissing(
            f"pip could not get {' '.join(a for a in arguments[1:] if '==' in a)}",
            hint="is there a connection to a package index? once built, an image needs none",
            details=str(error),
        ) from None
