"""Which files of the user's disk a function mounts, by Spin's rules (``crates/loader/src/local.rs``).

Everything is read at once, when a function is registered, so that what it sees does not change under it. Nothing
outside the application's folder is ever read: no ``..``, no path that begins at the root, and no symbolic link that
leads out, be it a file or a folder on the way.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from spinlab.errors import ManifestError
from spinlab.function import MIB, Function
from spinlab.manifest.model import Mount

ROOM = 128 * MIB
"""Bytes that the mounts of one function hold at most: they are kept in memory."""

MOST = 10_000
"""Files that they are at most."""


def of(function: Function, known: Mapping[str, bytes] | None = None) -> dict[str, bytes]:
    """What a function mounts: path in the sandbox -> bytes.

    Parameters:
        function: With its `files`, `exclude_files` and `folder`.
        known: What an earlier revision mounted. What is still the same is taken from there, and so kept once.

    Raises:
        ManifestError: A source is not there or not inside the folder, or there is too much.
    """
    reader = _Reader(known or {})
    source = ""
    try:
        for source, destination in function.files:
            reader.add_all(Path(function.folder or "."), _entry(source, destination), function.exclude_files)
    except ManifestError as error:
        error.subject = ("file", source)
        raise
    return reader.found


def joined(mounts: Mapping[str, bytes], brought: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """The files that a function mounts and those that its language brings.

    Raises:
        ManifestError: Two of them have the same place, or one is where another one needs a folder.
    """
    for place in brought:
        for path in mounts:
            if path == place or path.startswith(f"{place}/") or place.startswith(f"{path}/"):
                raise ManifestError(
                    f"the cell itself is {place}, so that {path} can't be mounted", hint="choose another destination"
                )
    return {**mounts, **brought} if brought else mounts


def check(root: Path, source: str, destination: str) -> None:
    """Let a pair of `Function.files` pass that stands for something inside the folder.

    Raises:
        ManifestError: It does not, or it is a glob that fits no file.
    """
    entry = _entry(source, destination)
    if next(_pairs(root, entry, ()), None) is None and any(map(_is_glob, Path(source).parts)):
        raise ManifestError(f"no file fits {source!r}", hint=f"a path is relative to {_shown(root)}")


def _entry(source: str, destination: str) -> str | Mount:
    """As the manifest has it: a glob, file or folder under its own path, or a file or folder at its destination."""
    return Mount(source, destination) if destination else source


def mounted(root: Path, entries: Sequence[str | Mount], exclude: Sequence[str] = ()) -> dict[str, bytes]:
    """What the entries of ``files`` mount: path in the sandbox -> bytes. See `of`.

    Parameters:
        root: The application's folder.
        entries: Globs, files and folders, seen under their own paths, and mounts, seen at their destination.
        exclude: Globs of what is left out of globs and folders.
    """
    reader = _Reader({})
    for entry in entries:
        reader.add_all(root, entry, exclude)
    return reader.found


def paths(root: Path, entries: Sequence[str | Mount], exclude: Sequence[str] = ()) -> tuple[str, ...]:
    """The files that entries of ``files`` stand for, by their paths below the folder. See `mounted`."""
    folder = Path(os.path.realpath(root))
    found = (path for entry in entries for _, path in _pairs(root, entry, exclude))
    return tuple(dict.fromkeys(_relative(folder, path) for path in found))


def _pairs(root: Path, entry: str | Mount, exclude: Sequence[str]) -> Iterator[tuple[str, Path]]:
    """Path in the sandbox and file of what an entry stands for."""
    folder = Path(os.path.realpath(root))
    parts = _parts(root, entry)
    base = "/" + entry.destination.strip("/") if isinstance(entry, Mount) else None
    source = folder.joinpath(*parts)
    if not os.path.lexists(source):
        if base is not None or not any(map(_is_glob, parts)):
            raise _missing(root, entry)
        for path in _globbed(folder, folder, parts):
            if not _excluded(_relative(folder, path), exclude):
                yield "/" + _relative(folder, path), path
        return
    _stay(folder, source)
    if source.is_file():
        yield base or "/" + _relative(folder, source), source
        return
    if not source.is_dir():
        raise _missing(root, entry)
    for path in _globbed(folder, source, ["**", "*"]):
        if not _excluded(_relative(folder, path), exclude):
            within = _relative(source, path)
            yield (f"{base.rstrip('/')}/{within}" if base is not None else "/" + _relative(folder, path)), path


def _parts(root: Path, entry: str | Mount) -> list[str]:
    """A source's names from the folder on."""
    source = entry.source if isinstance(entry, Mount) else entry
    last = source.rpartition("/")[2]
    if last in (".", "..") and not isinstance(entry, Mount):
        raise ManifestError(
            f"a file pattern can't end in {last}: {source!r}",
            hint='name a folder, or write a pattern that ends in **/*, or { source = "...", destination = "/..." }',
        )
    path = Path(source)
    if path.is_absolute() or path.drive:
        base = Path(os.path.abspath(root))
        if base != path and base not in path.parents:
            raise _outside(root, source)
        path = path.relative_to(base)
    if ".." in path.parts:
        raise _outside(root, source)
    for part in path.parts:
        if "**" in part and part != "**":
            raise ManifestError(
                f"** stands for whole folders: {source!r}", hint="put slashes around it, as in data/**/*.csv"
            )
    return list(path.parts)


def _is_glob(part: str) -> bool:
    return any(c in part for c in "*?[")


def _globbed(
    folder: Path, base: Path, parts: Sequence[str], on_the_way: frozenset[str] | None = None
) -> Iterator[Path]:
    """The files below `base` that the names lead to, in order. As in Spin, ``*`` stands for hidden ones too."""
    on_the_way = frozenset([os.path.realpath(base)]) if on_the_way is None else on_the_way
    head, *rest = parts
    try:
        names = sorted(os.listdir(base)) if _is_glob(head) else [head]
    except OSError as error:
        raise _unreadable(base, error) from None
    if head == "**":
        if rest:
            yield from _globbed(folder, base, rest, on_the_way)
        names = [name for name in names if (base / name).is_dir()]
        rest = list(parts)
    elif _is_glob(head):
        names = [name for name in names if fnmatchcase(name, head)]
    for name in names:
        path = base / name
        if not os.path.lexists(path):
            continue
        _stay(folder, path)
        if path.is_dir():
            real = os.path.realpath(path)
            # A link to a folder above itself leads round and round.
            if rest and real not in on_the_way:
                yield from _globbed(folder, path, rest, on_the_way | {real})
        elif path.is_file() and not rest:
            yield path


def _stay(folder: Path, path: Path) -> None:
    """Let a path pass that is inside the folder with all links followed."""
    real = Path(os.path.realpath(path))
    if real != folder and folder not in real.parents:
        raise ManifestError(
            f"{_relative(folder, path)} is a symbolic link that leads out of the application directory",
            hint="files must be within the application directory: put a copy there in place of the link",
        )


def _relative(base: Path, path: Path) -> str:
    return path.relative_to(base).as_posix()


def _outside(root: Path, source: str) -> ManifestError:
    return ManifestError(
        f"{source!r} can't be mapped because it is outside the application directory",
        hint=f"files must be within {_shown(root)}: put a copy there and name it relative to that folder",
    )


def _missing(root: Path, entry: str | Mount) -> ManifestError:
    where = f"a path is relative to {_shown(root)}"
    if isinstance(entry, Mount):
        if _is_glob(entry.source):
            where = "a glob keeps its paths and has no destination; a file or a folder may have one"
        return ManifestError(f"there is no file or folder {entry.source!r}", hint=where)
    return ManifestError(f"{entry!r} does not exist and doesn't appear to be a glob pattern", hint=where)


def _shown(root: Path) -> str:
    return f"the folder {Path(os.path.abspath(root)).name!r}"


def _unreadable(path: Path, error: OSError) -> ManifestError:
    return ManifestError(
        f"{path.name} can't be read: {error.strerror or error}", hint="make it readable, or leave it out"
    )


class _Reader:
    """Reads files, within the bounds."""

    def __init__(self, known: Mapping[str, bytes]) -> None:
        self.found: dict[str, bytes] = {}
        self._known = known
        self._size = 0
        self._folders: set[str] = set()

    def add_all(self, root: Path, entry: str | Mount, exclude: Sequence[str]) -> None:
        for destination, path in _pairs(root, entry, exclude):
            self._add(destination, path)

    def _add(self, destination: str, path: Path) -> None:
        names = [name for name in destination.split("/") if name not in ("", ".")]
        if ".." in names or not names:
            raise ManifestError(f"{destination!r} is no place for a file", hint="a path from the root, such as /data")
        place = "/" + "/".join(names)
        self._size -= len(self.found.pop(place, b""))
        above = ["/" + "/".join(names[:count]) for count in range(1, len(names))]
        if place in self._folders or any(one in self.found for one in above):
            raise ManifestError(f"{place} would be both a file and a folder", hint="choose another destination")
        if len(self.found) >= MOST:
            raise ManifestError(f"more than {MOST} files", hint="mount fewer, or an archive of them")
        self._folders.update(above)
        data = self._read(path)
        self._size += len(data)
        known = self._known.get(place)
        self.found[place] = known if known == data else data

    def _read(self, path: Path) -> bytes:
        left = ROOM - self._size
        try:
            with path.open("rb") as file:
                data = file.read(left + 1)
        except OSError as error:
            raise _unreadable(path, error) from None
        if len(data) > left:
            raise ManifestError(
                f"more than {ROOM // MIB} MiB; {path.name} is too much",
                hint="mount less: the whole of it is kept in memory",
            )
        return data


def _excluded(path: str, patterns: Sequence[str]) -> bool:
    try:
        return any(re.fullmatch(_expression(pattern), path) for pattern in patterns)
    except re.error as error:
        raise ManifestError(f"invalid exclude_files glob pattern: {error}", hint="such as **/*.secret") from None


def _expression(pattern: str) -> str:
    """A glob as a regular expression; as in Spin, ``*`` stands for slashes too."""
    found = ""
    for piece in re.findall(r"\*\*/|\*+|\?|\[[^\]]*\]|.", pattern, re.DOTALL):
        if piece == "**/":
            found += "(?:.*/)?"
        elif piece.startswith("*"):
            found += ".*"
        elif piece == "?":
            found += "."
        else:
            found += piece.replace("[!", "[^") if piece.startswith("[") and len(piece) > 2 else re.escape(piece)
    return f"(?s:{found})"
