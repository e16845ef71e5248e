"""The verbs about what a function may reach: capabilities, trace, grant."""

from __future__ import annotations

from typing import Any

from spinlab.grants import options
from spinlab.magics.cell import OPTIONS
from spinlab.magics.desk import Desk
from spinlab.magics.options import Arguments, Option, Positional
from spinlab.magics.quantities import count
from spinlab.magics.verbs.verb import verb
from spinlab.magics.verbs.views import named
from spinlab.trace import Trace
from spinlab.variables import asked
from spinlab.variables import remarks as of_variables
from spinlab.widgets import card as cards
from spinlab.widgets.display import Display
from spinlab.widgets.live.place import place

REQUESTS_SHOWN = 10

_OPTIONS = {
    "allowed_outbound_host": "allowed_outbound_hosts",
    "key_value_store": "key_value_stores",
    "sqlite_database": "sqlite_databases",
    "ai_model": "ai_models",
    "variable": "variables",
}
"""Key of an option -> attribute of `Function`."""


def trace(desk: Desk, given: Arguments) -> Trace:
    """What the last requests asked of the host."""
    name = named(desk, given).name if given["name"] else None
    if given["id"] is not None:
        found = Trace(tuple(x for x in desk.app.traces(name) if x.id == given["id"]))
        if not found:
            raise given.refuse("id", f"request {given['id']} is not kept", "%spin trace shows the last ones")
        return found
    if not desk.app.tracing:
        desk.say("calls are not recorded, only what was denied: %config Spin.trace = True")
    return desk.app.traces(name)[-(given["lines"] or REQUESTS_SHOWN) :]


def capabilities(desk: Desk, given: Arguments) -> Any:
    """What each function may touch, has used and was denied."""
    if place.mode == "static":
        from spinlab.widgets import granted

        return granted.capabilities(desk.app)
    from spinlab.widgets import Capabilities

    return Capabilities(desk.app, selected=named(desk, given).name if given["name"] else "")


def grant(desk: Desk, given: Arguments) -> Display:
    """Give a function a grant, or take one back, without its cell."""
    name = named(desk, given).name
    if name in desk.app.modules:
        raise given.refuse("name", f"{name!r} is a module", "grants belong to the functions that import it")
    wanted: dict[str, Any] = {_OPTIONS[key]: given.each(key) for key in _OPTIONS if given.each(key)}
    if "variables" in wanted:
        wanted["variables"] = dict(wanted["variables"])
    if not wanted:
        raise given.refuse("name", "nothing to grant", f"%spin grant {name} --allow https://example.com")
    live = desk.app.grant(name, take_back=bool(given["take_back"]), **wanted)
    told = remarks(live.declared or live.function, live.function) + of_variables(desk.app, asked(live.function))
    return cards.card(cards.facts_of(live, desk.url, remarks=told))


def remarks(declared: Any, function: Any) -> tuple[str, ...]:
    """How a function differs from its cell, and what to write there to keep it so."""
    more, fewer = options(declared, function), options(function, declared)
    kept = (f"to keep it, add to the %%spin line: {' '.join(more)}",) if more else ()
    return kept + ((f"to keep it, take from the %%spin line: {' '.join(fewer)}",) if fewer else ())


def _all() -> tuple[Any, ...]:
    name = {"name": "function"}
    return (
        verb(
            "capabilities",
            "What each function may touch, has used and was denied; grant it or take it back.",
            capabilities,
            group="capabilities",
            takes=(Positional("NAME", "The function to begin with.", required=False),),
            completes=name,
        ),
        verb(
            "trace",
            "What the last requests asked of the host, as a timeline.",
            trace,
            group="capabilities",
            takes=(Positional("NAME", "A function of the app; all when left out.", required=False),),
            options=(
                Option(("--lines", "-n"), f"How many requests; {REQUESTS_SHOWN} when left out.", "N", convert=count),
                Option(("--id",), "One request by its number.", "N", convert=count),
            ),
            completes=name,
        ),
        verb(
            "grant",
            "Let a function reach something, without its cell.",
            grant,
            group="capabilities",
            takes=(Positional("NAME", "A function of the app."),),
            options=(
                *(option for option in OPTIONS if option.key in _OPTIONS),
                Option(("--take-back",), "Take these grants away instead."),
            ),
            completes=name,
            notes="Running the cell again makes the function what the cell says.",
        ),
    )


VERBS = _all()
