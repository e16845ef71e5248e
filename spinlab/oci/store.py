"""Places that keep artifacts, all alike: a registry, an OCI layout folder, or such a folder in a tar."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from spinlab.errors import RegistryError
from spinlab.oci.artifact import Blob, Descriptor
from spinlab.oci.reference import LATEST, Reference

Tell = Callable[[int], None]
"""Told how many bytes more have come or gone."""

FOLDER, ARCHIVE = "oci:", "oci-archive:"
"""What skopeo and its kin write before the path of a layout folder, and of one in a tar."""

LARGEST_MANIFEST = 4 << 20
"""Bytes of a manifest that is read (OCI distribution: registries take at least 4 MiB)."""


class Store(Protocol):
    """Where artifacts are."""

    name: str
    """What it is called, for people."""

    def has(self, blob: Descriptor) -> bool:
        """Whether a blob is there already."""

    def put(self, blob: Blob, tell: Tell) -> None:
        """Add a blob; nothing is to be seen of it before a manifest names it."""

    def publish(self, manifest: Blob) -> None:
        """Add a manifest under the name; everything that it names is there."""

    def manifest(self) -> bytes:
        """The manifest of the name."""

    def blob(self, wanted: Descriptor, tell: Tell) -> bytes:
        """A blob, checked against its digest."""

    def close(self) -> None:
        """Let go of connections and files."""


def is_local(text: str) -> bool:
    """Whether it names a layout on disk."""
    return text.startswith((FOLDER, ARCHIVE))


def opened(text: str, *, insecure: bool = False, write: bool = False) -> Store:
    """The store that a reference names.

    Parameters:
        text: ``REGISTRY/REPOSITORY:TAG``, ``oci:FOLDER[:TAG]`` or ``oci-archive:FILE[:TAG]``.
        insecure: Take any certificate, and plain HTTP.
        write: Whether something is to be added.

    Raises:
        RegistryError: It names none.
    """
    if is_local(text):
        from spinlab.oci.layout import Archive, Layout

        transport = FOLDER if text.startswith(FOLDER) else ARCHIVE
        path, tag = _tagged(text[len(transport) :])
        if not path or path.startswith(":"):
            raise RegistryError(
                f"{text!r} names no {'folder' if transport == FOLDER else 'file'}", hint=f"such as {transport}app:1.0"
            )
        return (Layout if transport == FOLDER else Archive)(Path(path).expanduser(), tag, write=write)
    from spinlab.oci.registry import Registry

    return Registry(Reference.parse(text), insecure=insecure, write=write)


def _tagged(text: str) -> tuple[str, str]:
    """A path and the tag behind it; a drive's colon is the path's."""
    path, colon, tag = text.rpartition(":")
    drive = len(path) == 1 and os.name == "nt"
    return (path, tag) if colon and not drive and not set(tag) & set("/\\") else (text, LATEST)
