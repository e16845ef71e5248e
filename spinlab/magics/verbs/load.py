"""The verb that brings an existing Spin application into the notebook: load."""

from __future__ import annotations

from spinlab.errors import ListenError
from spinlab.magics.desk import Desk
from spinlab.magics.options import Arguments, Option, Positional
from spinlab.magics.verbs.verb import verb
from spinlab.widgets import tables
from spinlab.widgets.display import Display
from spinlab.widgets.markup import join, tag
from spinlab.widgets.plain import visible
from spinlab.widgets.style import box, muted


def load(desk: Desk, given: Arguments) -> Display:
    """Make live functions of the components of a spin.toml, all or none."""
    from spinlab.loading import find, keep_tests, load_into, read

    with desk.progress() as progress:
        place = find(given["path"], insecure=bool(given["insecure"]), progress=progress)
        loaded = read(place, as_is=bool(given["as_is"]), progress=progress)
        if given["app"] is not None:
            desk.session.use(given["app"])
        app = desk.app
        load_into(app, loaded, progress=progress)
    remarks = [place.remark] if place.remark else []
    remarks += [str(duplicate) for duplicate in app.router.duplicates]
    remarks += loaded.remarks
    remarks += keep_tests(app, place)
    if desk.serves:
        try:
            desk.session.ensure_server()
        except ListenError as error:
            remarks.append(f"no listener: {error.message}")
    missing = app.services.variables.unresolved(loaded.variables)
    remarks += [f"variable {name} has no value yet: %spin var {name}=..." for name in missing]
    shown = tables.app(app, desk.url)
    if not remarks:
        return shown
    notes = box(*(tag("div", muted(remark)) for remark in remarks))
    return Display("\n".join([shown.text, *map(visible, remarks)]), join(shown.html, notes))


VERBS = (
    verb(
        "load",
        "Make live functions of the components of an existing application: its folder, or its reference in a registry.",
        load,
        group="in and out",
        takes=(
            Positional(
                "PATH",
                "A spin.toml, its folder, a .wasm, or registry/name:tag; the nearest spin.toml when left out.",
                required=False,
            ),
        ),
        options=(
            Option(("--app",), "The app they go to, made when it is not there; the current one when left out.", "NAME"),
            Option(("--as-is",), "Take components as they are, also those that have their source beside them."),
            Option(("--insecure", "-k"), "Take any certificate of a registry, and plain HTTP."),
        ),
        completes={"path": "path", "app": "app"},
    ),
)
