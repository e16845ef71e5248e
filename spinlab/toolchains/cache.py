"""Where toolchains and what they made are kept, and how it is written safely."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from spinlab.errors import CacheError
from spinlab.folders import VARIABLE, cache_dir

POLL = 0.2


def folder(*parts: str) -> Path:
    """A folder in the cache, made when it is not there, for this user only.

    Raises:
        CacheError: It can't be made.
    """
    path = cache_dir().joinpath(*parts)
    with complaining(path):
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


@contextmanager
def complaining(path: Path) -> Iterator[None]:
    """Turn what the operating system says about the cache into a `CacheError`."""
    try:
        yield
    except OSError as error:
        raise CacheError(
            f"the cache at {path} can't be used: {error.strerror or error}",
            hint=f"make room or set {VARIABLE} to a folder that can be written",
        ) from error


@contextmanager
def locked(name: str, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold a lock that all processes of this user share; `waiting` is called while another one has it."""
    path = folder("locks") / f"{name}.lock"
    lock = FileLock(path)
    with complaining(path):
        while True:
            try:
                lock.acquire(timeout=POLL)
                break
            except Timeout:
                waiting()
    try:
        yield
    finally:
        lock.release()


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder beside the cache's files that is gone afterwards, to make what is then moved into place."""
    base = folder("tmp")
    with complaining(base):
        path = Path(tempfile.mkdtemp(dir=base))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
