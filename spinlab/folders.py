"""Where spinlab keeps what it made and can make again, and where an administrator has made it for all."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from platformdirs import user_cache_path

VARIABLE: Final = "SPINLAB_CACHE_DIR"
SHARED: Final = "SPINLAB_SHARED_CACHE"


def cache_dir() -> Path:
    """The folder of spinlab's cache: `SPINLAB_CACHE_DIR` when set, else the user's cache folder."""
    chosen = os.environ.get(VARIABLE)
    return Path(chosen).expanduser().absolute() if chosen else user_cache_path("spinlab", appauthor=False)


def shared(*parts: str) -> Path | None:
    """A file or folder in the cache that `spinlab warm --shared` has filled for all users of this machine.

    It is only ever read, before the user's own. Compiled code in it is mapped by every kernel, so that the machine
    holds one copy of it.

    Parameters:
        parts: The path in that cache; none for the cache itself.

    Returns:
        None when `SPINLAB_SHARED_CACHE` names no cache, there is no such path in it, or others than this user and the
        administrator can change the cache or that path.
    """
    chosen = os.environ.get(SHARED)
    if not chosen:
        return None
    root = Path(chosen).expanduser().absolute()
    path = root.joinpath(*parts)
    return path if only_ours(root) and only_ours(path) else None


def only_ours(path: Path) -> bool:
    """Whether nobody but this user and the administrator can write a file or into a folder that is there."""
    try:
        return guarded(path.lstat())
    except OSError:
        return False


def guarded(status: os.stat_result) -> bool:
    """The same of what `os.stat` says; a link is not followed and never is."""
    if os.name != "posix":
        return True  # the access lists of the folder say who may
    if not (stat.S_ISDIR(status.st_mode) or stat.S_ISREG(status.st_mode)):
        return False
    return status.st_uid in (0, os.geteuid()) and not stat.S_IMODE(status.st_mode) & 0o022
