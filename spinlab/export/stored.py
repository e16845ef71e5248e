"""What goes with an export beside its components: scripts that make tables, and the requests that test it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from spinlab.app import App
from spinlab.manifest import Manifest
from spinlab.sql import Migration
from spinlab.testing.requests.kept import FILE


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


def tests(app: App, only: Sequence[str]) -> dict[str, bytes]:
    """The file of the app's tests, and the recordings that they name; of an export of some functions, those that they
    answer. Empty without tests."""
    names = [name for name, test in app.tests.items() if not only or _answers(app, test.path) in only]
    if not names:
        return {}
    found = {FILE: app.tests.dumps(names).encode()}
    for name in names:
        recording = app.tests[name].recording
        if recording is not None:
            from spinlab.recording import form, testing

            found[f"{FILE.rpartition('/')[0]}/{testing.file_of(name)}"] = form.dumps(recording)
    return found


def _answers(app: App, path: str) -> str:
    live = app.answering(path.partition("?")[0])
    return live.function.name if live is not None else ""


def _path(migration: Migration, taken: Mapping[str, bytes]) -> str:
    name = migration.name if migration.name.endswith(".sql") else f"{migration.name}.sql"
    return f"{migration.label}-{name}" if name in taken else name
