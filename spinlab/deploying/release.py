"""What is deployed, made of an app, a folder or a notebook."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spinlab.deploying.destination import Release
from spinlab.deploying.files import digest
from spinlab.errors import DeployError
from spinlab.languages import Progress, silent
from spinlab.targets import of_place

if TYPE_CHECKING:
    from spinlab.app import App
    from spinlab.manifest import Manifest


@contextmanager
def of_app(
    app: App, values: Mapping[str, str] | None = None, *, progress: Progress = silent, **options: Any
) -> Iterator[Release]:
    """An export of an app, for as long as the block runs.

    Parameters:
        app: The app.
        values: Of variables, in place of those that they have here.
        progress: Told what is done.
        **options: As for `spinlab.export.project`.

    Raises:
        ExportError: It can't be exported.
        DeployError: A required variable has no value.
    """
    from spinlab.export import project
    from spinlab.targets import of_app as asks_of

    progress("exporting", None)
    with tempfile.TemporaryDirectory(prefix="spinlab-", ignore_cleanup_errors=True) as place:
        folder = Path(place, "app")
        written = project(app, folder, **options)
        declared = written.manifest.variables
        found = {name: app.services.variables.find(name) for name in declared}
        known = {name: value[0] for name, value in found.items() if value is not None} | _declared(values, declared)
        _complete(known, written.manifest)
        asks = of_place(folder) if options.get("only") else asks_of(app, str(options.get("components", "shared")))
        yield Release(
            folder,
            written.manifest.application.name,
            written.manifest.application.version,
            digest(folder),
            asks,
            known,
            frozenset(name for name, variable in declared.items() if variable.secret),
            written.scripts,
            app,
        )


@contextmanager
def of_source(
    source: str | Path, values: Mapping[str, str] | None = None, *, progress: Progress = silent, **options: Any
) -> Iterator[Release]:
    """An application on disk, for as long as the block runs.

    Parameters:
        source: A folder, its ``spin.toml``, or a notebook, which is run in a kernel of its own.
        values: Of variables; else they are taken from ``SPIN_VARIABLE_NAME`` in the environment.
        progress: Told what is done.
        **options: For a notebook, as for `spinlab.export.project`.

    Raises:
        ManifestError: There is no application.
        ExportError: The notebook did not run to its end.
        DeployError: A required variable has no value.
    """
    path = Path(source)
    if path.suffix != ".ipynb":
        if options:
            name = next(iter(options)).replace("_", "-")
            raise DeployError(f"--{name} is for a notebook, and {source} is written already", hint="leave it out")
        yield _of_folder(_folder(source), values, ())
        return
    from spinlab.export.notebook import with_scripts

    with tempfile.TemporaryDirectory(prefix="spinlab-", ignore_cleanup_errors=True) as place:
        progress(f"running {path.name}", None)
        folder = Path(place, "app")
        _, scripts = with_scripts(path, folder, **options)
        yield _of_folder(folder, values, scripts)


def _folder(source: str | Path) -> Path:
    from spinlab.loading.place import DEFAULT, find

    place = find(source)
    if place.bare or place.reference:
        raise DeployError(f"{source} has no spin.toml", hint="name a folder with one, or a notebook")
    if place.file.name != DEFAULT:
        raise DeployError(f"{source} can't be deployed under that name", hint="call the manifest spin.toml")
    return place.folder


def _of_folder(folder: Path, values: Mapping[str, str] | None, scripts: Sequence[str]) -> Release:
    from spinlab.manifest import load

    manifest = load(folder / "spin.toml")
    given = {name: os.environ.get(f"SPIN_VARIABLE_{name.upper()}") for name in manifest.variables}
    known = {name: value for name, value in given.items() if value is not None} | _declared(values, manifest.variables)
    _complete(known, manifest)
    secret = frozenset(name for name, variable in manifest.variables.items() if variable.secret)
    about = manifest.application
    return Release(folder, about.name, about.version, digest(folder), of_place(folder), known, secret, tuple(scripts))


def _declared(values: Mapping[str, str] | None, declared: Collection[str]) -> dict[str, str]:
    for name in values or ():
        if name not in declared:
            there = "it declares: " + ", ".join(declared) if declared else "it declares none"
            raise DeployError(f"the app has no variable {name!r}", hint=there)
    return dict(values or {})


def _complete(values: Mapping[str, str], manifest: Manifest) -> None:
    for name, variable in manifest.variables.items():
        if variable.required and name not in values:
            raise DeployError(
                f"the variable {name} has no value",
                hint=f"%spin var {name} --prompt, --variable {name}=VALUE, "
                f"or SPIN_VARIABLE_{name.upper()} in the environment",
            )
