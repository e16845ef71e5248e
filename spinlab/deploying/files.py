"""The files of a project that go along when it is deployed, and their digest."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from spinlab.export.folder import BY_PRODUCTS
from spinlab.manifest import load


def files(folder: Path) -> tuple[str, ...]:
    """Paths of a project's files, relative to it, without what version control and builds leave; sorted.

    What a component has its source in, or mounts, goes along wherever it stands.

    Raises:
        ManifestError: The manifest can't be read.
    """
    found = set(_walk(folder, folder))
    for component in load(folder / "spin.toml").components.values():
        sources = [component.source] if isinstance(component.source, str) else []
        sources += [mount if isinstance(mount, str) else mount.source for mount in component.files]
        for source in sources:
            found.update(_below(folder, source))
    return tuple(sorted(found))


def digest(folder: Path) -> str:
    """SHA-256 of the names and contents of a project's files, in hexadecimal."""
    whole = hashlib.sha256()
    for path in files(folder):
        file = folder / path
        inner = os.readlink(file) if file.is_symlink() else digest_of(file)
        whole.update(f"{path}\0{inner}\0".encode("utf-8", "surrogateescape"))
    return whole.hexdigest()


def digest_of(file: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    found = hashlib.sha256()
    with file.open("rb") as opened:
        while piece := opened.read(1 << 20):
            found.update(piece)
    return found.hexdigest()


def _below(folder: Path, source: str) -> Iterator[str]:
    """What a source of the manifest leads to, as far as it stands below a folder that is left out."""
    place = Path(os.path.normpath(folder / source))
    if folder not in place.parents or BY_PRODUCTS.isdisjoint(Path(source).parts):
        return
    if place.is_file():
        yield place.relative_to(folder).as_posix()
    elif place.is_dir():
        yield from _walk(folder, place)


def _walk(folder: Path, start: Path) -> Iterator[str]:
    for root, folders, names in os.walk(start):
        links = [name for name in folders if Path(root, name).is_symlink()]
        folders[:] = sorted(set(folders) - BY_PRODUCTS - set(links))
        for name in (*names, *links):
            yield Path(root, name).relative_to(folder).as_posix()
