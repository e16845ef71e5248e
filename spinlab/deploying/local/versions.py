"""Copies of what is deployed: one folder a version, so that the notebook can go on while it runs."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from spinlab.deploying.files import digest_of, files
from spinlab.errors import DeployError


@dataclass(frozen=True)
class Placed:
    """A version that was put in its place.

    Attributes:
        folder: Where.
        files: How many files it has.
        size: Their bytes.
        moved: Bytes of those that the version before did not have.
        changed: Their paths.
    """

    folder: Path
    files: int
    size: int
    moved: int
    changed: tuple[str, ...]


def place(source: Path, target: Path, before: Path | None) -> Placed:
    """Copy a project; what the version before has already is linked to it, and so takes no room.

    Raises:
        DeployError: The files can't be read or written; nothing is left of the copy.
    """
    size = moved = 0
    changed = []
    found = files(source)
    try:
        target.mkdir(mode=0o700, parents=True)
        for path in found:
            origin, copy = source / path, target / path
            copy.parent.mkdir(parents=True, exist_ok=True)
            amount = origin.lstat().st_size
            size += amount
            if before is not None and _linked(origin, before / path, copy):
                continue
            shutil.copyfile(origin, copy, follow_symlinks=False)
            moved += amount
            changed.append(path)
    except OSError as error:
        shutil.rmtree(target, ignore_errors=True)
        raise DeployError(
            f"the export can't be copied: {error.strerror or error}", hint="what ran before goes on; make room"
        ) from error
    return Placed(target, len(found), size, moved, tuple(changed))


def _linked(origin: Path, known: Path, copy: Path) -> bool:
    """Whether a file is the same as a known one, and `copy` is that now."""
    try:
        if origin.is_symlink() or known.is_symlink() or not known.is_file():
            return False
        if origin.stat().st_size != known.stat().st_size or digest_of(origin) != digest_of(known):
            return False
        os.link(known, copy)
    except OSError:
        copy.unlink(missing_ok=True)
        return False
    return True
