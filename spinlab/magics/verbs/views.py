"""The verbs that show what is there: app, routes, show, url, logs, manifest, diff."""

from __future__ import annotations

import time
from typing import Any

from spinlab.function import Function
from spinlab.magics.desk import Desk
from spinlab.magics.options import Arguments, Option, Positional, closest
from spinlab.magics.quantities import count
from spinlab.magics.verbs.verb import verb
from spinlab.widgets import card as cards
from spinlab.widgets import tables
from spinlab.widgets.display import Display
from spinlab.widgets.live.place import place
from spinlab.widgets.markup import Markup, join
from spinlab.widgets.style import box, muted, pre
from spinlab.widgets.tracebacks import in_cells
from spinlab.widgets.urls import Address, example_path

_NAME = Positional("NAME", "A function or module of the app.")
_ANY_NAME = Positional("NAME", "A function of the app; all when left out.", required=False)
_TARGET = Positional("NAME", "A function, or a path; the app itself when left out.", required=False)


def named(desk: Desk, given: Arguments, key: str = "name") -> Function:
    """The function that was named.

    Raises:
        OptionError: There is none of that name; the nearest one is suggested.
    """
    name, functions = given[key], desk.functions
    if name in functions:
        return functions[name]
    near = closest(name, list(functions))
    hint = (
        f"did you mean {near}?" if near else "there are: " + ", ".join(functions) if functions else "there are none yet"
    )
    raise given.refuse(key, f"no function is called {name!r}", hint)


def overview(desk: Desk, given: Arguments | None = None) -> Display:
    """The app as a table."""
    return tables.app(desk.app, desk.url, desk.orphans())


def app_view(desk: Desk) -> Any:
    """The app as a live widget, or as a table where none is wanted."""
    if place.mode == "static":
        return overview(desk)
    from spinlab.widgets import AppView

    return AppView(desk.app, orphans=desk.orphans)


def choose_app(desk: Desk, given: Arguments) -> Display:
    """Choose an app, or make it; without a name list the apps."""
    if given["name"] is None:
        apps = desk.session.apps or {desk.app.name: desk.app}
        lines = [f"{'*' if n == desk.app.name else ' '} {n}  {len(a.functions)} functions" for n, a in apps.items()]
        return text_display("\n".join(lines))
    desk.session.use(given["name"])
    return overview(desk)


def routes(desk: Desk, given: Arguments) -> Display:
    """The route table."""
    return tables.routes(desk.app.routes(), desk.url)


def show(desk: Desk, given: Arguments) -> Display:
    """The card of a function, its source folded below."""
    function = named(desk, given)
    live = desk.app.functions.get(function.name)
    if live is None:
        return cards.with_source(cards.card(cards.CardFacts(function)), function)
    from spinlab.host.needs import needs
    from spinlab.widgets.imports import with_imports

    shown = with_imports(cards.card(cards.facts_of(live, desk.url)), needs(live.prepared.imports, live.function))
    return cards.with_source(shown, function)


def url(desk: Desk, given: Arguments) -> Address:
    """The address of a function in a browser, with the access token when there is one."""
    desk.session.ensure_server()
    name = given["name"]
    if name is None or name.startswith("/"):
        return Address(desk.opening(desk.url + (name or "/")))
    function = named(desk, given)
    if not function.routes:
        raise given.refuse("name", f"{name!r} has no route", "a route is given with --route")
    return Address(desk.opening(desk.url + example_path(function.routes[0])))


def logs(desk: Desk, given: Arguments) -> Display | None:
    """What guests wrote lately; with ``-f`` until the cell is interrupted."""
    name = named(desk, given).name if given["name"] else None
    lines = desk.app.logs(name)[-(given["lines"] or 200) :]
    if not given["follow"]:
        return tables.log(lines, desk.functions, () if name else desk.refusals)
    follow(desk, name)
    return None


def follow(desk: Desk, name: str | None) -> None:
    """Print log lines as they come, until an interrupt."""
    seen = desk.app.logs(name)[-1:]
    try:
        while True:
            lines = desk.app.logs(name)
            start = next((i + 1 for i in range(len(lines) - 1, -1, -1) if seen and lines[i] is seen[0]), 0)
            for line in lines[start:]:
                desk.say(in_cells(str(line), desk.functions))
            seen = lines[-1:] or seen
            time.sleep(0.1)
    except KeyboardInterrupt:
        return


def manifest(desk: Desk, given: Arguments) -> Display:
    """The app as spin.toml."""
    from spinlab.export import describe
    from spinlab.manifest import dump

    return text_display(dump(describe(desk.app)))


def diff(desk: Desk, given: Arguments) -> Display:
    """What changed from the revision before to the live one."""
    name = named(desk, given).name
    kept = desk.app.revisions(name)
    wanted = given["from"]
    if len(kept) < 2:
        raise given.refuse("name", f"{name!r} has no earlier revision", "edit the cell and run it again")
    before = kept[-2] if wanted is None else next((r for r in kept if r.revision == wanted), None)
    if before is None:
        numbers = ", ".join(str(r.revision) for r in kept)
        raise given.refuse("from", f"revision {wanted} is not kept", f"there are: {numbers}")
    after = kept[-1]
    titles = (f"{name} revision {before.revision}", f"{name} revision {after.revision}")
    return tables.diff(before.function, after.function, titles)


def text_display(text: str, title: str = "") -> Display:
    """Plain lines as a display."""
    heading: Markup | None = muted(title) if title else None
    return Display(text, box(join(heading), pre(text)))


def _all() -> tuple[Any, ...]:
    name = {"name": "function"}
    return (
        verb("routes", "The route table.", routes, group="the app"),
        verb("show", "The card and source of a function.", show, group="the app", takes=(_NAME,), completes=name),
        verb(
            "url", "The address of a function, for a browser.", url, group="the app", takes=(_TARGET,), completes=name
        ),
        verb(
            "logs",
            "What the functions wrote.",
            logs,
            group="the app",
            takes=(_ANY_NAME,),
            options=(
                Option(("--follow", "-f"), "Go on until the cell is interrupted."),
                Option(("--lines", "-n"), "How many lines; 200 when left out.", "N", convert=count),
            ),
            completes=name,
        ),
        verb("manifest", "The app as spin.toml.", manifest, group="the app"),
        verb(
            "diff",
            "What changed since the revision before.",
            diff,
            group="the app",
            takes=(_NAME,),
            options=(Option(("--from",), "Another revision to compare with.", "N", convert=count),),
            completes=name,
        ),
        verb(
            "app",
            "Choose an app, or make it; without a name list them.",
            choose_app,
            group="the app",
            takes=(Positional("NAME", "The app's name, and its host: NAME.localhost.", required=False),),
            completes={"name": "app"},
        ),
    )


VERBS = _all()
