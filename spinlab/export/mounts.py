"""The files that a component of a project may read, found by the same rules as a live function's."""

from __future__ import annotations

from pathlib import Path

from spinlab.host import sources
from spinlab.manifest import Component


def mounted_files(root: Path, component: Component) -> dict[str, bytes]:
    """Path in the sandbox -> bytes.

    Parameters:
        root: The project's folder.
        component: With its ``files`` and ``exclude_files``.

    Raises:
        ManifestError: A file is not there, or not inside the folder.
    """
    return sources.mounted(root, component.files, component.exclude_files)
