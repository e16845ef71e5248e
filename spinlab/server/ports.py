"""Which port each notebook had the last time, so that its links stay right when its kernel starts anew.

One small file for all kernels of a user. It is a convenience: whatever is wrong with it, a free port is found without.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from filelock import FileLock, Timeout

KEPT = 200
_LARGEST = 64 * 1024
_PATIENCE = 1.0  # seconds; nobody holds the lock longer than a write takes


def this_notebook(environ: Mapping[str, str] | None = None) -> str:
    """What tells this notebook from others: its path as Jupyter says it, else the working folder."""
    env = os.environ if environ is None else environ
    try:
        here = os.getcwd()
    except OSError:  # the folder is gone
        here = ""
    return os.path.join(here, env.get("JPY_SESSION_NAME", ""))


class Ports:
    """The file.

    Parameters:
        path: Where it is; written when the first port is kept.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def of(self, notebook: str) -> int | None:
        """The port that a notebook had; None when it is not known."""
        return self._read().get(_key(notebook))

    def keep(self, notebook: str, port: int) -> None:
        """Remember a notebook's port, and forget the one that was remembered longest ago when there are many."""
        if self.of(notebook) == port:
            return
        with contextlib.suppress(OSError, Timeout):
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with FileLock(f"{self.path}.lock", timeout=_PATIENCE, mode=0o600):
                known = self._read()
                known.pop(_key(notebook), None)
                known[_key(notebook)] = port
                self._write(dict(list(known.items())[-KEPT:]))

    def _read(self) -> dict[str, int]:
        try:
            with self.path.open("rb") as file:
                found = json.loads(file.read(_LARGEST))
        except (OSError, ValueError, RecursionError):
            return {}
        if not isinstance(found, dict):
            return {}
        return {k: p for k, p in found.items() if type(p) is int and 0 < p < 65536}

    def _write(self, known: Mapping[str, int]) -> None:
        descriptor, aside = tempfile.mkstemp(dir=self.path.parent)  # mode 0600
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(known, file)
            os.replace(aside, self.path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(aside)
            raise


def _key(notebook: str) -> str:
    """The file holds no names of notebooks."""
    return hashlib.sha256(notebook.encode("utf-8", "surrogateescape")).hexdigest()[:32]
