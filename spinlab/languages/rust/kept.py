"""Builds that were made before, so that the same cell needs no compiler again: after a restart, in another notebook."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from spinlab.languages import Build
from spinlab.toolchains import cache

MOST: Final = 400
"""Builds that are kept; those that were not used for longest go first."""
_SPARE: Final = 40


def read(key: str) -> Build | None:
    """The build under a key; None when it is not there, or damaged."""
    folder = cache.folder("rust", "built")
    try:
        about = json.loads((folder / f"{key}.json").read_text(encoding="utf-8"))
        component = (folder / f"{key}.wasm").read_bytes()
        if len(component) != about["size"]:
            return None
        with suppress(OSError):
            os.utime(folder / f"{key}.json")
        return Build(component, warnings=tuple(about["warnings"]), log=about["log"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write(key: str, build: Build) -> None:
    """Keep a build."""
    folder = cache.folder("rust", "built")
    about = {"size": len(build.component), "warnings": build.warnings, "log": build.log}
    with cache.complaining(folder):
        cache.replace(folder / f"{key}.wasm", build.component)
        cache.replace(folder / f"{key}.json", json.dumps(about).encode())
        _make_room(folder)


def _make_room(folder: Path) -> None:
    kept = list(folder.glob("*.json"))
    if len(kept) <= MOST:
        return
    used = []
    for path in kept:
        with suppress(OSError):  # another process makes room as well
            used.append((path.stat().st_mtime, path))
    for _, path in sorted(used)[: len(used) - MOST + _SPARE]:
        path.unlink(missing_ok=True)
        path.with_suffix(".wasm").unlink(missing_ok=True)
