"""What an app is made of, and how it has been doing lately: the app widget and the panel ask for it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from spinlab.commands.command import Asked, Command
from spinlab.commands.room import Room
from spinlab.commands.stamps import stamps
from spinlab.function import Function
from spinlab.grants import options
from spinlab.languages import title_of_name
from spinlab.pulse import APP, SECONDS, Beat
from spinlab.widgets.card import CardFacts, as_json, facts_of, started_by
from spinlab.widgets.tables import listener
from spinlab.widgets.urls import example_path

if TYPE_CHECKING:
    from spinlab.app import App
    from spinlab.live import Live, RouteInfo

ROUTES = ""
"""Stands for the routes among the names of functions."""

SERIES = 100
"""Functions whose minute is told second by second in one answer."""


def overview(room: Room, asked: Asked) -> dict[str, Any]:
    """Everything that the app is made of.

    Arguments: ``since``, the ``stamp`` of the answer before: functions that are as they were then are left out, and
    ``routes`` is null when they are. ``names`` has all functions and modules in any case.
    """
    app, cells, url = room.app, room.cells(), room.url
    lives, modules, routes = app.functions, app.modules, app.routes()
    states = (*_states(app, cells, url), (ROUTES, (routes, url)))
    changed, stamp = stamps(room, "overview").changed(states, asked.number("since", 0))
    return {
        "app": app.name,
        "url": url,
        "apps": _apps(app),
        "tracing": app.tracing,
        "stamp": stamp,
        "names": [*lives, *modules],
        "removed": list(app.removed),
        "functions": [
            *(_function(app, live, url, cells) for name, live in lives.items() if name in changed),
            *(_module(function, cells) for name, function in modules.items() if name in changed),
        ],
        "routes": [_route(app, route, url) for route in routes] if ROUTES in changed else None,
    }


def pulse(room: Room, asked: Asked) -> dict[str, Any]:
    """The last minute: of the app and of the functions under ``names`` second by second, of the others as a sum.

    A second is ``[seconds ago, requests, errors, seconds together, seconds of the slowest]``; one without requests is
    left out.
    """
    wanted = (APP, *asked.texts("names")[:SERIES])
    lately = room.app.pulse.lately()
    series: dict[str, list[list[float]]] = {name: [] for name in wanted}
    sums: dict[str, Beat] = {}
    for ago, beats in sorted(lately.items(), reverse=True):
        for name, beat in beats.items():
            sums[name] = sums.get(name, Beat()) + beat
            if name in series:
                series[name].append([ago, *_numbers(beat)])
    return {
        "seconds": SECONDS,
        "app": {"sum": _numbers(sums.pop(APP, Beat())), "series": series.pop(APP)},
        "sums": {name: _numbers(beat) for name, beat in sums.items()},
        "series": series,
    }


def manifest(room: Room, asked: Asked) -> dict[str, str]:
    """The app as spin.toml.

    Raises:
        SpinError: It can't be written as one.
    """
    from spinlab.export import describe
    from spinlab.manifest import dump

    return {"text": dump(describe(room.app))}


def _states(app: App, cells: Mapping[str, str], url: str) -> Iterator[tuple[str, Any]]:
    """Name and what a front end may see differently, of each function and module."""
    for name, live in app.functions.items():
        kept = tuple(revision.revision for revision in app.revisions(name))
        usage, size = live.usage, live.prepared.sizes.compiled
        yield (
            name,
            (live.function, live.revision, kept, usage.requests, size, cells.get(name), url, _started(app, live)),
        )
    for name, function in app.modules.items():
        yield name, (function, cells.get(name))


def _function(app: App, live: Live, url: str, cells: Mapping[str, str]) -> dict[str, Any]:
    name = live.function.name
    return {
        **as_json(facts_of(live, url)),
        **_about(live.function, cells),
        "changed": _changed(live),
        "started": _started(app, live),
        "revisions": [
            {"revision": x.revision, "size": x.sizes.component, "source_size": x.function.source_size}
            for x in app.revisions(name)
        ],
    }


def _started(app: App, live: Live) -> list[str]:
    """What starts a function beside HTTP, with how its listeners are."""
    if not live.function.triggers:
        return []
    found = [listener(x) for x in app.listeners if x.function == live.function.name]
    return found or list(started_by(live.function))


def _route(app: App, route: RouteInfo, url: str) -> dict[str, Any]:
    return {
        "pattern": route.pattern,
        "function": route.function,
        "problem": route.problem,
        "url": url + example_path(route.pattern) if url else "",
        "static": route.function in app.static,
    }


def _module(function: Function, cells: Mapping[str, str]) -> dict[str, Any]:
    return {**as_json(CardFacts(function)), **_about(function, cells), "changed": [], "started": [], "revisions": []}


def _about(function: Function, cells: Mapping[str, str]) -> dict[str, Any]:
    return {
        "title": title_of_name(function.language),
        "description": function.description,
        "source_size": function.source_size,
        "origin": function.origin,
        "cell": cells.get(function.name),
    }


def _changed(live: Live) -> list[str]:
    """The grants that differ from what the cell says: with a ``+`` what came, with a ``-`` what went."""
    if live.declared is None:
        return []
    more, fewer = options(live.declared, live.function), options(live.function, live.declared)
    return [*(f"+ {x}" for x in more), *(f"- {x}" for x in fewer)]


def _apps(app: App) -> list[dict[str, Any]]:
    """The apps of this process."""
    module = sys.modules.get("spinlab.session")
    apps = module.session.apps.values() if module is not None else ()
    listed = list(apps) if any(x is app for x in apps) else [app, *apps]
    return [{"name": x.name, "functions": len(x.functions), "this": x is app} for x in listed]


def _numbers(beat: Beat) -> list[float]:
    return [beat.requests, beat.errors, round(beat.total, 6), round(beat.slowest, 6)]


COMMANDS: dict[str, Command] = {"overview": overview, "pulse": pulse, "manifest": manifest}
