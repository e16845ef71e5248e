"""The same cell as a project of Spin's own Python templates."""

from __future__ import annotations

from collections.abc import Mapping

from spinlab.images.recipe import RECIPES, Recipe, sources
from spinlab.images.worlds import WORLDS, guests, wit
from spinlab.languages.python.handlers import Form

ENTRY = "main"
_TIMERS = ("timers.py",)
_SHORT = ("short.py", "short_handler.py", *_TIMERS)


def entry(form: Form, late: tuple[str, ...]) -> str:
    """The module that componentize-py begins with: the cell itself, or one that completes it."""
    return "app" if form != "handle" and not late else ENTRY


def command(wasi: str, form: Form, late: tuple[str, ...], trigger: str = "") -> str:
    """The build command, for the folder that `project` fills."""
    return " ".join(("componentize-py", *RECIPES[wasi].command(entry(form, late), "app.wasm", trigger=trigger)))


def project(
    source: str,
    wasi: str,
    form: Form,
    late: tuple[str, ...],
    modules: Mapping[str, str],
    requires: tuple[str, ...],
    *,
    trigger: str = "",
) -> dict[str, bytes]:
    """The files: path -> bytes.

    Parameters:
        late: Modules that the cell imports inside functions: a component has only what was imported when it was built.
        modules: Import name -> text of the ``--module`` cells it needs.
        trigger: Whose messages it takes; empty for requests.
    """
    recipe = RECIPES[wasi]
    found = {"app.py": source.encode(), "requirements.txt": _requirements(recipe, requires).encode()}
    found.update({f"{name}.py": text.encode() for name, text in modules.items()})
    if form == "handle":
        given = sources(wasi)
        names = _TIMERS if trigger and wasi == "0.3" else _SHORT
        found.update({name: given[name] for name in names if name in given})
        if trigger:
            found.update({name: data for name, data in guests(trigger, wasi).items() if name != "boot.py"})
    if trigger:
        found.update({f"wit/{name}": data for name, data in wit(trigger, wasi).items()})
    if entry(form, late) == ENTRY:
        handler = WORLDS[trigger, wasi].handler if trigger else recipe.handler
        found[f"{ENTRY}.py"] = _entry(handler, form, late, "message_handler" if trigger else "short_handler").encode()
    return dict(sorted(found.items()))


def _requirements(recipe: Recipe, requires: tuple[str, ...]) -> str:
    return "\n".join((*recipe.pins, *requires)) + "\n"


def _entry(handler: str, form: Form, late: tuple[str, ...], handlers: str) -> str:
    lines = ['"""Where componentize-py begins: app.py, and what it needs to be built."""', ""]
    lines += [f"import {name}  # noqa: F401 - imported inside a function of app.py" for name in late]
    if form == "handle":
        lines += ["import app", f"from {handlers} import handler_for", ""]
        lines += [f"{handler} = handler_for(app.handle)"]
    else:
        lines += [f"from app import {form}  # noqa: F401"]
    return "\n".join(lines) + "\n"
