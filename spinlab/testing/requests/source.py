"""The app of a folder or a notebook, with its tests and empty stores."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spinlab.app import App
from spinlab.languages import Progress, silent
from spinlab.loading import find, load_into, read
from spinlab.loading.app import app_name
from spinlab.testing.requests.grammar import in_folder


@contextmanager
def opened(source: str | Path, progress: Progress = silent) -> Iterator[App]:
    """The app of a Spin application, or of a notebook, which is run in a kernel of its own; closed after the block.

    Parameters:
        source: A spin.toml, its folder, or an ``.ipynb``.
        progress: Told how far a long step is.

    Raises:
        ExportError: The notebook did not run to its end.
        ManifestError: The application can't be loaded, or its tests can't be read.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        folder = Path(source)
        if folder.suffix == ".ipynb":
            folder = _exported(folder, Path(place, "app"), progress)
        found = find(folder, progress=progress)
        tests = () if found.stateless else in_folder(found.folder)
        loaded = read(found, progress=progress)
        with App(app_name(loaded)) as app:
            load_into(app, loaded, progress=progress)
            app.tests.keep(*tests)
            yield app


@contextmanager
def only_tests(source: str | Path, progress: Progress = silent) -> Iterator[App]:
    """An app that has the tests of one and no functions, for those that are asked elsewhere; see `opened`.

    Raises:
        ExportError: The notebook did not run to its end.
        ManifestError: There is no application, or its tests can't be read.
    """
    if Path(source).suffix == ".ipynb":
        with opened(source, progress) as app:
            yield app
        return
    place = find(source, progress=progress)
    with App(place.folder.name) as app:
        app.tests.keep(*(() if place.stateless else in_folder(place.folder)))
        yield app


def _exported(notebook: Path, folder: Path, progress: Progress) -> Path:
    from spinlab.export.notebook import export_notebook

    progress(f"running {notebook.name}", None)
    export_notebook(notebook, folder)
    return folder
