"""Where toolchains and what they made are kept, and how it is written safely."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from spinlab.errors import CacheError
from spinlab.folders import VARIABLE, cache_dir, shared

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


def place(kind: str, name: str, ready: str) -> Path:
    """Where something is that is made once: in the cache for all users when it is finished there, else in the user's.

    Parameters:
        kind: The folder in the cache.
        name: Its own.
        ready: The file in it that says that it is finished.
    """
    made = shared(kind, name)
    return made if made and (made / ready).exists() else folder(kind) / name


def grown(kind: str) -> Path:
    """A folder that tools write to as they go on, which begins as what the cache for all users has."""
    path, begun = cache_dir() / kind, shared(kind)
    if begun is None or path.exists():
        return folder(kind)
    with locked(f"grown-{kind}"), scratch() as aside:
        if not path.exists():
            with complaining(path):
                shutil.copytree(begun, aside / kind, symlinks=True)
                os.replace(aside / kind, path)
    return folder(kind)


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
    from filelock import FileLock, Timeout  # it brings asyncio and sqlite3, and most runs take no lock

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


def replace(path: Path, data: bytes) -> None:
    """Write a file at once: whoever reads it meanwhile sees all of it, or what was there before."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=path.name, delete=False) as fresh:
        fresh.write(data)
    os.replace(fresh.name, path)


def keep(place: Path, data: bytes, room: int) -> None:
    """Keep a file that can be made again; a folder that can't be written costs that each time, nothing else.

    Parameters:
        place: Its path; the folder is made when it is not there.
        data: What it holds.
        room: Bytes that files of its kind in the folder have together: those not used for longest go first.
    """
    with suppress(OSError):
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, aside = tempfile.mkstemp(dir=place.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
            os.replace(aside, place)
            _make_room(place, room)
        except BaseException:
            with suppress(OSError):
                os.unlink(aside)
            raise


def _make_room(newest: Path, room: int) -> None:
    found = newest.parent.glob(f"*{newest.suffix}")
    kept = sorted((path.stat().st_mtime, path.stat().st_size, path) for path in found)
    left = sum(size for _, size, _ in kept)
    for _, size, path in kept:
        if left <= room:
            return
        if path != newest:
            path.unlink(missing_ok=True)
            left -= size


def kept(place: Path) -> bytes | None:
    """What `keep` has put there; None when it is not there any more."""
    with suppress(OSError):
        data = place.read_bytes()
        os.utime(place)  # used now
        return data
    return None
