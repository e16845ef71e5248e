"""Writes an export into a folder so that nothing of anybody else's is lost.

What an export wrote is listed in `RECORD` with its digest. Files that are not in the list, or that were changed since,
are somebody's own: without `force` their presence stops the export before anything is touched, and with it they are
overwritten only where the export has a file of that name. All new bytes are on disk before the first old file goes,
and if a step fails the old files come back.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from spinlab.errors import ExportError

RECORD = ".spinlab-export.json"

# What Spin, the toolchains and version control leave in a project; none of it is in the way.
BY_PRODUCTS = frozenset(
    {".git", ".spin", "__pycache__", ".venv", "venv", "target", "node_modules", ".ipynb_checkpoints"}
)

_BUILT_FOLDERS = frozenset({"dist", "build", ".zig-cache", "zig-out"})
_BUILT_ENDINGS = (".wasm", ".o", "/Cargo.lock", "/package-lock.json", "/go.sum")
"""What a build leaves below ``functions``."""


def write(folder: Path, files: Mapping[str, bytes], *, force: bool = False) -> tuple[str, ...]:
    """Make `folder` hold `files`, and take away what an earlier export wrote and this one does not.

    Parameters:
        folder: Where; made when it is not there.
        files: Path with forward slashes, relative to the folder -> bytes.
        force: Go on although the folder has files of somebody else.

    Returns:
        The paths that were written, changed or removed.

    Raises:
        ExportError: It can't be written, or holds files of somebody else. The folder is as it was.
    """
    _check_paths(files)
    try:
        return _write(folder, files, force)
    except OSError as error:
        what = error.strerror or str(error)
        raise ExportError(
            f"{folder} can't be written: {what}", hint="the folder is as it was; make room, or give another one"
        ) from error


def _write(folder: Path, files: Mapping[str, bytes], force: bool) -> tuple[str, ...]:
    if folder.exists() and not folder.is_dir():
        raise ExportError(f"{folder} is a file", hint="give the name of a folder")
    _refuse_obstacles(folder, files)
    recorded = _recorded(folder)
    all_files = {**files, RECORD: _record(files)}
    changed = {path: data for path, data in all_files.items() if not _same(folder / path, data)}
    if not force:
        _refuse_foreign(folder, all_files.keys() - changed.keys(), recorded)
    gone = [path for path in recorded if path not in all_files and _is_recorded(folder, path, recorded[path])]
    if changed or gone:
        made = _first_missing(folder)
        folder.mkdir(parents=True, exist_ok=True)
        try:
            _exchange(folder, changed, gone)
        except BaseException:
            if made is not None:
                shutil.rmtree(made, ignore_errors=True)
            raise
    return tuple(sorted({*changed, *gone} - {RECORD}))


def _exchange(folder: Path, changed: Mapping[str, bytes], gone: list[str]) -> None:
    with tempfile.TemporaryDirectory(prefix=".spinlab-export-", dir=folder) as name:
        new, old = Path(name, "new"), Path(name, "old")
        for path, data in changed.items():
            (new / path).parent.mkdir(parents=True, exist_ok=True)
            (new / path).write_bytes(data)
        moved: list[str] = []
        try:
            for path in [*changed, *gone]:
                moved.append(path)
                _move(folder / path, old / path)
                if path in changed:
                    _move(new / path, folder / path)
        except BaseException:
            for path in reversed(moved):
                _restore(folder / path, old / path)
            raise
    for path in gone:
        _remove_empty(folder, (folder / path).parent)


def _move(source: Path, target: Path) -> None:
    if source.exists() or source.is_symlink():
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(source, target)


def _restore(place: Path, kept: Path) -> None:
    if kept.exists() or kept.is_symlink():
        os.replace(kept, place)
    else:
        place.unlink(missing_ok=True)


def _remove_empty(folder: Path, path: Path) -> None:
    while path != folder:
        try:
            path.rmdir()
        except OSError:
            return
        path = path.parent


def _first_missing(folder: Path) -> Path | None:
    """The outermost folder that is not there yet; it goes again when the export fails."""
    missing = [p for p in (folder, *folder.parents) if not p.exists()]
    return missing[-1] if missing else None


def _refuse_obstacles(folder: Path, files: Mapping[str, bytes]) -> None:
    """Refuse what even `force` must not replace or follow: a folder where a file goes, a link on the way to it."""
    for path in (*files, RECORD):
        place = folder / path
        parents = [p for p in place.parents if folder in p.parents]
        if (place.is_dir() and not place.is_symlink()) or any(p.is_symlink() or p.is_file() for p in parents):
            raise ExportError(
                f"{place} is needed for the export, and something else stands there",
                hint="move it away, or give another folder",
            )


def _refuse_foreign(folder: Path, same: set[str], recorded: Mapping[str, str]) -> None:
    foreign, edited = [], []
    for path in _present(folder):
        if path == RECORD or path in same:
            continue
        if path not in recorded:
            foreign.append(path)
        elif not _is_recorded(folder, path, recorded[path]):
            edited.append(path)
    if foreign:
        raise ExportError(
            f"{folder} has files that no export wrote: {_some(foreign)}",
            hint="give another folder, or --force to write beside them (what has the name of an exported file is "
            "replaced)",
        )
    if edited:
        raise ExportError(
            f"{folder} has exported files that were changed since: {_some(edited)}",
            hint="give another folder, or --force to replace them",
        )


def _some(paths: list[str]) -> str:
    shown = ", ".join(paths[:3])
    return f"{shown} and {len(paths) - 3} more" if len(paths) > 3 else shown


def _present(folder: Path) -> Iterator[str]:
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(set(folders) - BY_PRODUCTS)
        links = [name for name in folders if Path(root, name).is_symlink()]
        for name in sorted([*names, *links]):
            path = Path(root, name).relative_to(folder).as_posix()
            if not _is_built(path):
                yield path


def _is_built(path: str) -> bool:
    """What `spin build` leaves in an export of the official form, and what spinlab leaves of a killed export."""
    parts = path.split("/")
    built = path.endswith(_BUILT_ENDINGS) or not _BUILT_FOLDERS.isdisjoint(parts[:-1])
    return (parts[0] == "functions" and built) or parts[0].startswith(".spinlab-export-")


def _record(files: Mapping[str, bytes]) -> bytes:
    digests = {path: hashlib.sha256(data).hexdigest() for path, data in sorted(files.items())}
    return json.dumps({"files": digests}, indent=1).encode() + b"\n"


def _recorded(folder: Path) -> dict[str, str]:
    try:
        found = json.loads((folder / RECORD).read_bytes())["files"]
        return {str(path): str(digest) for path, digest in found.items() if _is_inside(str(path))}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _is_recorded(folder: Path, path: str, digest: str) -> bool:
    try:
        return hashlib.sha256((folder / path).read_bytes()).hexdigest() == digest
    except OSError:
        return False


def _same(path: Path, data: bytes) -> bool:
    try:
        return path.is_file() and path.stat().st_size == len(data) and path.read_bytes() == data
    except OSError:
        return False


def _is_inside(path: str) -> bool:
    parts = path.split("/")
    return bool(path) and not path.startswith("/") and ".." not in parts and "\\" not in path and ":" not in parts[0]


def _check_paths(files: Mapping[str, bytes]) -> None:
    for path in files:
        if not _is_inside(path):
            raise ExportError(f"{path!r} is not a path inside the export", hint="give a relative destination")
