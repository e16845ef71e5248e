"""The app of a folder or a notebook, with its tests and empty stores."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from spinlab.app import App
from spinlab.host import runtime_toml
from spinlab.languages import Progress, silent
from spinlab.loading import Place, find, load_into, read
from spinlab.loading.app import app_name
from spinlab.testing import serving
from spinlab.testing.requests.grammar import in_folder
from spinlab.up import inputs, stores


@dataclass(frozen=True)
class Around:
    """What an app gets from outside, as ``spinlab up`` takes it.

    Attributes:
        variables: ``K=V``, ``K=@FILE`` or ``@FILE`` each.
        sql: ``STATEMENT`` or ``@FILE[:LABEL]`` each.
        runtime_config_file: A runtime-config.toml.
    """

    variables: tuple[str, ...] = field(default=(), repr=False)
    sql: tuple[str, ...] = ()
    runtime_config_file: str | None = None

    def fill(self, app: App) -> None:
        """Give it to an app of this process.

        Raises:
            SpinError: Some of it can't be read, or does not fit the app.
        """
        for name, value in inputs.variables(self.variables).items():
            app.services.variables.set(name, value, where="--variable")
        stores.run_sql(app, inputs.sql(self.sql))

    def up(self, file: Path) -> AbstractContextManager[str]:
        """Serve a spin.toml by ``spinlab up`` with it, stores in memory; see `spinlab.testing.serving.up`."""
        options = [word for one in self.sql for word in ("--sqlite", one)]
        if self.runtime_config_file is not None:
            options += ["--runtime-config-file", self.runtime_config_file]
        given = inputs.variables(self.variables).items()
        environ = {f"SPIN_VARIABLE_{name.upper()}": value for name, value in given}  # a command line is for all to see
        return serving.up(file, "--state-dir", "", *options, environ=environ)


@dataclass(frozen=True)
class Opened:
    """An application that was opened.

    Attributes:
        app: Its app.
        place: Where it is.
    """

    app: App
    place: Place


@contextmanager
def opened(
    source: str | Path, around: Around | None = None, *, live: bool = True, progress: Progress = silent
) -> Iterator[Opened]:
    """The app of a Spin application, or of a notebook, which is run in a kernel of its own; closed after the block.

    Parameters:
        source: A spin.toml, its folder, or an ``.ipynb``.
        around: What it gets from outside.
        live: Whether its functions are made; else the app has its tests only.
        progress: Told how far a long step is.

    Raises:
        ExportError: The notebook did not run to its end.
        ManifestError: The application can't be loaded, or its tests can't be read.
    """
    around = around or Around()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        folder = Path(source)
        if folder.suffix == ".ipynb":
            folder = _exported(folder, Path(temporary, "app"), progress)
        place = find(folder, progress=progress)
        tests = () if place.stateless else in_folder(place.folder)
        given = around.runtime_config_file
        runtime = None if given is None else runtime_toml.load(given)
        with App(place.folder.name, runtime=runtime) as app:
            if live:
                loaded = read(place, progress=progress)
                app.name = app_name(loaded)
                load_into(app, loaded, progress=progress)
                around.fill(app)
            app.tests.keep(*tests)
            yield Opened(app, place)


def _exported(notebook: Path, folder: Path, progress: Progress) -> Path:
    from spinlab.export.notebook import export_notebook

    progress(f"running {notebook.name}", None)
    export_notebook(notebook, folder)
    return folder
