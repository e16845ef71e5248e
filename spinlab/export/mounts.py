"""The files that a component of a project may read, found as Spin finds them (``crates/loader/src/local.rs``)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from spinlab.errors import ManifestError
from spinlab.manifest import Component, Mount


def mounted_files(root: Path, component: Component) -> dict[str, bytes]:
    """Path in the sandbox -> bytes.

    Parameters:
        root: The project's folder.
        component: With its ``files`` and ``exclude_files``.

    Raises:
        ManifestError: A file is not there, or not inside the folder.
    """
    found: dict[str, bytes] = {}
    for entry in component.files:
        pairs = _placed(root, entry) if isinstance(entry, Mount) else _globbed(root, entry)
        for destination, path in pairs:
            inside = _inside(root, path)
            if not _excluded(inside, component.exclude_files):
                found[destination] = path.read_bytes()
    return found


def _placed(root: Path, mount: Mount) -> Iterator[tuple[str, Path]]:
    source = root / mount.source
    base = "/" + mount.destination.strip("/")
    if source.is_dir():
        for path in _files(source):
            yield f"{base.rstrip('/')}/{path.relative_to(source).as_posix()}", path
    elif source.is_file():
        yield base, source
    else:
        raise ManifestError(f"File or directory {mount.source!r} does not exist", hint="put it beside spin.toml")


def _globbed(root: Path, pattern: str) -> Iterator[tuple[str, Path]]:
    if pattern.rpartition("/")[2] in (".", ".."):
        raise ManifestError(
            f"a file pattern can't end in {pattern.rpartition('/')[2]}: {pattern!r}",
            hint='write { source = "...", destination = "/..." }, or a pattern that ends in **/*',
        )
    path = root / pattern
    if path.is_file():
        found: Sequence[Path] = [path]
    elif path.is_dir():
        found = _files(path)
    elif re.search(r"[*?\[]", pattern):
        _inside(root, path)
        found = [p for p in sorted(root.glob(pattern)) if p.is_file()]
    else:
        raise ManifestError(f"{pattern!r} does not exist and doesn't appear to be a glob pattern")
    for one in found:
        yield "/" + _inside(root, one), one


def _files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file()]


def _inside(root: Path, path: Path) -> str:
    """The path relative to the project's folder."""
    try:
        if ".." in path.relative_to(root).parts:
            raise ValueError
        return path.relative_to(root).as_posix()
    except ValueError:
        raise ManifestError(
            f"{path} can't be mapped because it is outside the application directory",
            hint="files must be within the application directory",
        ) from None


def _excluded(path: str, patterns: Sequence[str]) -> bool:
    return any(re.fullmatch(_expression(pattern), path) for pattern in patterns)


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
