"""Compiled code on disk, by content.

An entry is one file, ``KEY/DIGEST.code``: the key says what it was compiled from, by what and for which processor; the
digest is the file's own. Compiled code runs with the rights of this process, so an entry is used only when the open
descriptor is a regular file of ours that nobody else can write, and its bytes have that digest; then that same
descriptor is what wasmtime maps. Anything else counts as absent and is compiled again.

Beside it there may be one for all users of the machine, which is only read. Its files may be the administrator's.

Writers put a file aside and rename it, so several kernels can share a cache. When the disk is full or the folder can't
be written, everything works without, and says so once.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from spinlab import folders
from spinlab.engine import native, trusted
from spinlab.engine.processor import processor
from spinlab.engine.trusted import POSIX, Loader, T, Untrusted, digest_of, opened
from spinlab.errors import CacheError
from spinlab.folders import cache_dir

LIMIT: Final = 2 << 30
_SUFFIX: Final = ".code"
_ASIDE: Final = "tmp-"
_STALE: Final = 3600.0  # seconds after which a file put aside belongs to a process that died


@dataclass(frozen=True)
class Entry:
    """One file of the cache.

    Attributes:
        key: What it was compiled from.
        size: Bytes.
        used: When it was last loaded, seconds since the epoch.
    """

    key: str
    size: int
    used: float


def default_folder() -> Path:
    """Where compiled code goes: ``$SPINLAB_CACHE_DIR/compiled``, else in the user's cache folder."""
    return cache_dir() / "compiled"


def key(content: str, strategy: str, settings: str) -> str:
    """The key of what is compiled from `content` (a digest) with a strategy and a fingerprint of settings."""
    parts = (content, strategy, settings, native.VERSION, sys.platform, processor())
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:40]


class Cache:
    """A folder of compiled code.

    Parameters:
        folder: Made when the first entry is written; default `default_folder`.
        limit: Bytes to keep; what was used least recently goes first.
        shared: A folder of the same form that is only read; when `folder` is left out, by default the one that
            `spinlab.folders.shared` gives.
    """

    def __init__(self, folder: Path | None = None, limit: int = LIMIT, shared: Path | None = None) -> None:
        self.folder = folder or default_folder()
        self.shared = shared or (None if folder else folders.shared("compiled"))
        self.limit = limit
        self.warning = ""
        self._guard = threading.Lock()
        self._estimate: int | None = None

    def load(self, key: str, loader: Loader[T]) -> T | None:
        """What `loader` makes of the entry, or None when there is none that can be trusted and used."""
        found = self._load(self.shared / key, loader, shared=True) if self.shared else None
        return found if found is not None else self._load(self.folder / key, loader)

    def _load(self, folder: Path, loader: Loader[T], *, shared: bool = False) -> T | None:
        try:
            names = [n for n in os.listdir(folder) if n.endswith(_SUFFIX)]
        except OSError:
            return None
        for name in names:
            path = folder / name
            try:
                with opened(path) as descriptor:
                    return trusted.load(descriptor, name[: -len(_SUFFIX)], loader, shared=shared)
            except Untrusted:
                if not shared:
                    _remove(path)
            except OSError:
                continue
        return None

    @contextlib.contextmanager
    def aside(self) -> Iterator[Path | None]:
        """A new private file in the cache to write code into, for `adopt`; None when the cache can't be written.

        It is gone after the ``with`` block unless it was adopted.
        """
        path: Path | None = None
        try:
            self._make(self.folder)
            descriptor, name = tempfile.mkstemp(prefix=_ASIDE, dir=self.folder)  # mode 0600, exclusive
            os.close(descriptor)
            path = Path(name)
        except (OSError, CacheError) as error:
            self.warn(error)
        try:
            yield path
        finally:
            if path:
                _remove(path)

    def adopt(self, path: Path, key: str, loader: Loader[T]) -> T | None:
        """Make a file from `aside` the entry of `key`, and load it from there."""
        try:
            with opened(path) as descriptor:
                digest = digest_of(descriptor)
                size = os.fstat(descriptor).st_size
                loaded = trusted.load(descriptor, digest, loader, known=True)
            folder = self.folder / key
            self._make(folder)
            for other in folder.iterdir():
                _remove(other)
            os.replace(path, folder / (digest + _SUFFIX))
        except (OSError, CacheError, Untrusted) as error:
            self.warn(error)
            return None
        self._grew(size)
        return loaded

    def store(self, key: str, code: memoryview | bytes) -> bool:
        """Write an entry from memory; False when the cache can't be written."""
        with self.aside() as path:
            if path is None:
                return False
            try:
                with open(path, "wb") as file:
                    file.write(code)
            except OSError as error:  # a full disk shows itself here
                self.warn(error)
                return False
            return self.adopt(path, key, lambda _: True) is not None

    @contextlib.contextmanager
    def lock(self, key: str, stopped: Callable[[], bool] = lambda: False) -> Iterator[None]:
        """Held while `key` is compiled, so that several kernels compile once. Skipped where there is no disk.

        Waiting for it can be interrupted; when `stopped` says so the block runs without the lock.
        """
        from filelock import FileLock, Timeout  # it brings asyncio and sqlite3, and most code is compiled already

        try:
            self._make(self.folder)
            lock = FileLock(self.folder / f"{key[:3]}.lock", mode=0o600)
        except (OSError, CacheError):
            yield
            return
        while not stopped():
            try:
                lock.acquire(timeout=0.1)
                break
            except Timeout:
                continue
            except OSError:
                break
        try:
            yield
        finally:
            if lock.is_locked:
                lock.release()

    def entries(self) -> tuple[Entry, ...]:
        """Every entry, most recently used first."""
        found = []
        for path in self._files():
            with contextlib.suppress(OSError):
                status = path.stat()
                found.append(Entry(path.parent.name, status.st_size, status.st_mtime))
        return tuple(sorted(found, key=lambda e: e.used, reverse=True))

    def size(self) -> int:
        """Bytes of all entries."""
        return sum(entry.size for entry in self.entries())

    def clear(self) -> int:
        """Remove every entry; returns the bytes that were freed. What is loaded keeps working."""
        freed = self.size()
        for path in self._files():
            _remove(path)
            _remove_folder(path.parent)
        with contextlib.suppress(OSError):
            for path in self.folder.glob(f"{_ASIDE}*"):
                _remove(path)
        with self._guard:
            self._estimate = None
        return freed

    def _files(self) -> Iterator[Path]:
        with contextlib.suppress(OSError):
            yield from self.folder.glob(f"*/*{_SUFFIX}")

    def _make(self, folder: Path) -> None:
        """Make a private folder, or take back what others may do in one that is ours."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not POSIX:
            return  # the user's profile on Windows is private by its access list
        status = folder.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
            raise CacheError(f"{folder} belongs to somebody else", hint="set SPINLAB_CACHE_DIR to a folder of your own")
        if stat.S_IMODE(status.st_mode) & 0o077:
            folder.chmod(0o700)

    def warn(self, error: Exception | str) -> None:
        """Say once that code is not kept, and why."""
        with self._guard:
            first, self.warning = not self.warning, str(error)
        if first:
            warnings.warn(
                f"compiled code is not kept: {error}. Everything works, but is compiled again in each kernel "
                "(set SPINLAB_CACHE_DIR to a folder with room)",
                RuntimeWarning,
                stacklevel=4,
            )

    def _grew(self, size: int) -> None:
        with self._guard:
            known = self._estimate
            self._estimate = known + size if known is not None else None
            over = known is None or known + size > self.limit
        if over:
            self._shrink()

    def _shrink(self) -> None:
        """Remove what was used least recently until there is a tenth of room."""
        entries = sorted(self.entries(), key=lambda e: e.used)
        total = sum(entry.size for entry in entries)
        if total > self.limit:
            for entry in entries[:-1]:  # never the one just written
                if total <= self.limit * 0.9:
                    break
                for path in (self.folder / entry.key).glob(f"*{_SUFFIX}"):
                    _remove(path)
                _remove_folder(self.folder / entry.key)
                total -= entry.size
        with contextlib.suppress(OSError):
            for path in self.folder.glob(f"{_ASIDE}*"):
                if time.time() - path.stat().st_mtime > _STALE:
                    _remove(path)
        with self._guard:
            self._estimate = total


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()


def _remove_folder(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.rmdir()
