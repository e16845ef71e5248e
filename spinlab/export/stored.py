"""What goes with an export of what the functions keep: scripts that make the tables, and the data when asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from spinlab.app import App
from spinlab.manifest import Manifest
from spinlab.sql import Migration


@dataclass(frozen=True)
class Scripts:
    """The scripts of an export.

    Attributes:
        files: Path in the folder -> bytes.
        options: For each what ``spin up`` takes after ``--sqlite``, such as ``@migration.sql`` or ``@a.sql:label``.
    """

    files: Mapping[str, bytes]
    options: tuple[str, ...]


def scripts(app: App, manifest: Manifest) -> Scripts:
    """The scripts that were run on databases that the exported functions may open, in the order they were run."""
    granted = {label for component in manifest.components.values() for label in component.sqlite_databases}
    files: dict[str, bytes] = {}
    options = []
    for migration in app.migrations.values():
        if migration.label not in granted:
            continue
        path = _path(migration, files)
        files[path] = migration.text.encode()
        options.append(f"@{path}" if migration.label == "default" else f"@{path}:{migration.label}")
    return Scripts(files, tuple(options))


def _path(migration: Migration, taken: Mapping[str, bytes]) -> str:
    name = migration.name if migration.name.endswith(".sql") else f"{migration.name}.sql"
    return f"{migration.label}-{name}" if name in taken else name
