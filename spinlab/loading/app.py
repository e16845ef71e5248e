"""A manifest into an app: a new one, or one that is there."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

from spinlab.app import App
from spinlab.engine import Engine
from spinlab.errors import ManifestError, NameRefused, SpinError
from spinlab.function import Limits
from spinlab.host.runtime_config import RuntimeConfig
from spinlab.languages import Progress, silent
from spinlab.loading.functions import Loaded, read
from spinlab.loading.place import Place, find
from spinlab.manifest.ids import kebab, nearest
from spinlab.testing.requests.grammar import in_folder


def load(
    source: str | os.PathLike[str] | None = None,
    *,
    name: str | None = None,
    as_is: bool = False,
    components: Sequence[str] = (),
    state_dir: str | os.PathLike[str] | None = "",
    runtime: RuntimeConfig | None = None,
    engine: Engine | None = None,
    limits: Limits = Limits(),  # noqa: B008 (frozen)
    tell: Callable[[str, str, str], None] | None = None,
    progress: Progress = silent,
    insecure: bool = False,
) -> App:
    """A live app of a spin.toml.

    Parameters:
        source: The file, its folder, a reference such as ``registry.example.com/team/app:1.0``, or a ``.wasm`` or
            ``.wat`` without a manifest, which then answers every path; None for the spin.toml of the current folder or
            the nearest one above.
        name: The app's name; the manifest's when left out.
        as_is: Take every component as it is; else those that spinlab exported get their source again.
        components: Ids of those to take; all when empty.
        state_dir: Where stores live; ``""`` for Spin's place, ``.spin`` beside the manifest, None for memory only.
        runtime: What the operator decided.
        engine: What runs the components; the process's own by default.
        limits: What a request may use, where the manifest does not say.
        tell: Called with component id, stream and text whenever a guest writes to its log.
        progress: Told how far a long step is.
        insecure: Take any certificate of a registry, and plain HTTP.

    Raises:
        ManifestError: Spin would refuse the manifest, or something of it is not served here.
        ComponentError: A component can't run here.
    """
    place = find(source, insecure=insecure, progress=progress)
    loaded = read(place, as_is=as_is, components=components, limits=limits, progress=progress)
    state = state_folder(place) if state_dir == "" else state_dir
    app = App(name or app_name(loaded), state_dir=state, runtime=runtime, engine=engine, tell=tell)
    try:
        load_into(app, loaded, progress=progress)
        for problem in keep_tests(app, place):
            warnings.warn(problem, stacklevel=2)
    except BaseException:
        app.close()
        raise
    return app


def keep_tests(app: App, place: Place) -> tuple[str, ...]:
    """Keep the tests that stand beside a manifest; what is wrong with them, since the functions work without."""
    if place.stateless:
        return ()
    try:
        app.tests.keep(*in_folder(place.folder))
    except SpinError as error:
        return (f"its tests are left out: {error.message}",)
    return ()


def state_folder(place: Place) -> Path | None:
    """Where Spin keeps the state of an application; a component without a manifest has none."""
    return None if place.stateless else place.folder / ".spin"


def app_name(loaded: Loaded) -> str:
    """A name for the app that can stand in a host: the application's, or the nearest to it."""
    name = loaded.application.name
    try:
        return kebab(name)
    except NameRefused:
        return nearest(name) or "app"


def load_into(app: App, loaded: Loaded, *, progress: Progress = silent) -> None:
    """Put what a manifest has into an app: all of it, or nothing.

    Raises:
        SpinError: Some of it can't be; the app is as it was.
    """
    before = app.variables
    for name, declared in loaded.variables.items():
        if name in before and before[name] not in (declared, {"required": True}):  # which says only that it has a value
            raise ManifestError(
                f"variable {name!r} is declared by the app already, in another way",
                hint="load it into an app of its own: %spin load --app NAME",
            )
    fresh = not app.functions and app.application is None
    app.variables = {**before, **loaded.variables}
    try:
        app.add_all(loaded.functions, loaded.triggers, progress=progress)
    except BaseException:
        app.variables = before
        raise
    app.idle |= loaded.idle
    if fresh:
        app.application = loaded.application
