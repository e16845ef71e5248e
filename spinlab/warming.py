"""Do beforehand, once per machine, what the first cells of each language would have to wait for.

For each language: its tools and libraries, its image, and a starter that answered a request, so that all that it runs
on is compiled, and by the better compiler. What was warmed needs no network.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Final

from spinlab import images
from spinlab.app import App
from spinlab.engine import Engine
from spinlab.errors import SpinError
from spinlab.folders import SHARED, VARIABLE
from spinlab.function import Function
from spinlab.languages import language, starter, title_of
from spinlab.toolchains.progress import Progress, silent

USUAL: Final = ("python", "javascript", "typescript", "wat", "c")
"""What the lessons are written in and what runs in a gigabyte."""


@dataclass(frozen=True)
class Warmed:
    """A language that is ready.

    Attributes:
        title: Its name for people.
        seconds: What it took; next to nothing when it was ready before.
    """

    title: str
    seconds: float


def warm(names: Iterable[str] = USUAL, progress: Progress = silent) -> Iterator[Warmed]:
    """Make languages ready, one after the other: each compiler uses all cores.

    Parameters:
        names: Of languages, as in a cell.
        progress: Told about anything that takes long.

    Raises:
        OptionError: There is no such language.
        ToolMissing, BuildError: Something of it can't be had, or does not work here.
        CacheError: There is no room.
    """
    chosen = dict.fromkeys(language(name) for name in names)
    with tempfile.TemporaryDirectory(prefix="spinlab-warm-") as folder:
        for one in chosen:
            began = perf_counter()
            before = getattr(one, "warm", None)
            if before is not None:
                before(progress)
            first = Function(f"warm-{one.name}", starter(one.name), one.name, routes=("/",))
            for function in (first, replace(first, wasi="0.3")) if one.name == "python" else (first,):
                _answer(function, Path(folder), progress)
            yield Warmed(title_of(one), perf_counter() - began)


def _answer(function: Function, folder: Path, progress: Progress) -> None:
    """Run a function once, and have the better compiler come to its end."""
    engine = Engine()
    app = App("warm", engine=engine, state_dir=folder)
    try:
        app.add(function, progress=progress)
        answer = app.get("/")
        if answer.status >= 500:
            raise SpinError(f"the first function in {function.language} does not work here", details=str(answer.error))
        progress(f"compiling for {function.language}", None)
        engine.settle()
    finally:
        app.close()
        engine.close()


@contextmanager
def into(folder: Path) -> Iterator[None]:
    """Within the block what is made goes to a cache for all users of this machine, which they can read afterwards."""
    before = {name: os.environ.pop(name, None) for name in (VARIABLE, SHARED)}
    os.environ[VARIABLE] = str(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
        images.forget_toolchain()  # hundreds of megabytes that only building an image needs
        _let_read(folder)
    finally:
        os.environ.pop(VARIABLE)
        os.environ.update({name: value for name, value in before.items() if value is not None})


def _let_read(folder: Path) -> None:
    """Let everybody read, and nobody but the owner write. Links stay as they are."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            reads = 0o555 if path.is_dir() or mode & 0o100 else 0o444
            path.chmod((mode & 0o7700 | reads | 0o200) & ~0o022)
