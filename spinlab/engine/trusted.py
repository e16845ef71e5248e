"""Files whose content runs as code: everything is checked on the open descriptor, and that descriptor is loaded."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, TypeVar

from spinlab.errors import ComponentError
from spinlab.folders import guarded

T = TypeVar("T")
Loader = Callable[[Path | bytes], T]
"""Makes something of a path (valid during the call) or of bytes."""

POSIX: Final = os.name == "posix"
_SMALL: Final = 1 << 18  # below this, copying is cheaper than a mapping, which holds a descriptor
_DESCRIPTORS: Final = next((d for d in ("/proc/self/fd", "/dev/fd") if POSIX and os.path.isdir(d)), None)


class Untrusted(Exception):
    """The file is not what its name says, or others could have written it."""


@contextlib.contextmanager
def opened(path: Path) -> Iterator[int]:
    """A descriptor of a file that is no link."""
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    descriptor = os.open(path, flags)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def load(descriptor: int, digest: str, loader: Loader[T], *, known: bool = False, shared: bool = False) -> T:
    """Check the open file, then hand that same file to the loader.

    Parameters:
        descriptor: Of the open file.
        digest: What its content must have.
        loader: Takes it.
        known: Whether the content is known to have that digest.
        shared: Whether it is in the cache for all users: then it may be the administrator's, others may read it, and
            nothing about it is changed, which in a layered file system would make a copy of it.
    """
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise Untrusted("it is not a regular file")
    if not (guarded(status) if shared else _private(status)):
        raise Untrusted("others can write it, or the file system keeps no file private")
    try:
        if _DESCRIPTORS is None or status.st_size < _SMALL:
            code = _contents(descriptor)
            if not known and hashlib.sha256(code).hexdigest() != digest:
                raise Untrusted("its content has changed")
            loaded = loader(code)
        else:
            if not known and digest_of(descriptor) != digest:
                raise Untrusted("its content has changed")
            loaded = loader(Path(_DESCRIPTORS) / str(descriptor))
    except ComponentError as error:  # wasmtime itself refuses it, for instance for another processor
        raise Untrusted(str(error)) from error
    if POSIX and not shared:
        with contextlib.suppress(OSError):
            os.utime(descriptor)
    return loaded


def _private(status: os.stat_result) -> bool:
    return not POSIX or (status.st_uid == os.geteuid() and not stat.S_IMODE(status.st_mode) & 0o077)


def _contents(descriptor: int) -> bytes:
    with open(descriptor, "rb", closefd=False) as file:
        file.seek(0)
        return file.read()


def digest_of(descriptor: int) -> str:
    """The sha256 of an open file, in hex."""
    digest = hashlib.sha256()
    block = memoryview(bytearray(1 << 20))
    with open(descriptor, "rb", buffering=0, closefd=False) as file:
        file.seek(0)
        while count := file.readinto(block):
            digest.update(block[:count])
    return digest.hexdigest()
