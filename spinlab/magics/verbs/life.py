"""The verbs that change what is there: build, up, stop, remove, prune, undo."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from spinlab.errors import SpinError
from spinlab.magics.desk import Desk
from spinlab.magics.options import Arguments, Option, Positional
from spinlab.magics.quantities import address
from spinlab.magics.verbs.verb import verb
from spinlab.magics.verbs.views import named
from spinlab.manifest.ids import kebab
from spinlab.widgets import card as cards
from spinlab.widgets import tables
from spinlab.widgets.display import Display

if TYPE_CHECKING:
    from spinlab.app import App

_NAMES = Positional("NAME", "Functions or modules of the app.", many=True)
_NAME = Positional("NAME", "A function of the app.")


def build(desk: Desk, given: Arguments) -> Display:
    """Check and compile everything."""
    app = desk.app
    with desk.progress() as progress:
        made = [app.add(live.function, progress=progress, names=desk.names()) for live in list(app.functions.values())]
    return tables.built([live for live in made if live is not None], app.routes())


def up(desk: Desk, given: Arguments) -> None:
    """Start the listener, or move it; print what `spin up` prints."""
    session = desk.session
    if given["runtime_config"]:
        for line in _configured(desk, given):
            desk.say(line)
    if given["listen"]:
        desk.configure(listen=given["listen"], socket_file="")
    session.ensure_server()
    for line in start_up_lines(desk.app, desk.local_url):
        desk.say(line)
    if desk.url != desk.local_url:
        desk.say(f"\nIn your browser: {desk.url}/")
    if session.listening.token:
        desk.say("\nIt asks for its access token; %spin url shows the address with it.")


def _configured(desk: Desk, given: Arguments) -> Iterator[str]:
    """Put what a runtime-config.toml says behind the functions; tells what Spin says of it, and what is not as said.

    Raises:
        SpinError: It can't be, and nothing has changed; points at the file's name.
    """
    from spinlab.host.runtime_toml import load, strangers, summary

    file = given["runtime_config"]
    try:
        config = load(file)
        desk.app.configure(config)
    except SpinError as error:
        word = given.word("runtime_config")
        error.location = word.location if word else None
        error.details = "nothing has changed"
        raise
    yield f"Using runtime config {summary(config)} from '{file}'"
    if config.log_dir is not None and str(config.log_dir) != ".":
        yield "log_dir is for `spinlab up`; here %spin logs shows what functions write"
    yield from strangers(config, [*map(kebab, desk.app.functions), *desk.app.idle])


def start_up_lines(app: App, url: str) -> Iterable[str]:
    """What `spin up` prints (Spin 4: crates/trigger-http/src/server.rs)."""
    yield f"Serving {url}"
    yield "Available Routes:"
    for route in app.routes():
        wildcard = route.pattern.endswith("/...") or route.pattern.endswith("/*")
        base = route.pattern.removesuffix("/...").removesuffix("/*")
        yield f"  {kebab(route.function)}: {url}{base}{' (wildcard)' if wildcard else ''}"
        description = app.functions[route.function].function.description
        if description:
            yield f"    {description}"


def stop(desk: Desk, given: Arguments) -> None:
    """Stop the listener; functions stay and can be called from the notebook."""
    running = desk.session.server is not None
    desk.session.stop_server()
    desk.say("the listener has stopped; %spin up starts it again" if running else "no listener is running")


def remove(desk: Desk, given: Arguments) -> None:
    """Take functions away."""
    for index, name in enumerate(given["name"]):
        one = Arguments({"name": name}, {"name": given.words["name"][index : index + 1]})
        function = named(desk, one)
        desk.app.remove(function.name)
        back = "" if function.module else f"; %spin undo {function.name} brings it back"
        desk.say(f"removed {function.name}{back}")


def prune(desk: Desk, given: Arguments) -> None:
    """Remove functions whose cell has another name now, and forget old revisions."""
    orphans = sorted(desk.orphans())
    for name in orphans:
        desk.app.remove(name)
    gone = sorted({*desk.app.prune(), *orphans})
    desk.say(f"removed for good: {', '.join(gone)}" if gone else "nothing to prune; old revisions are forgotten")


def undo(desk: Desk, given: Arguments) -> Display:
    """Go back to the revision before."""
    name = given["name"]
    if not desk.app.revisions(name):
        named(desk, given)
    live = desk.app.undo(name)
    return cards.card(cards.facts_of(live, desk.url))


def _all() -> tuple[Any, ...]:
    name = {"name": "function"}
    listen = Option(
        ("--listen",),
        "Where to listen; port 3000 or the next free one when left out.",
        "ADDRESS:PORT",
        convert=address,
    )
    config = Option(
        ("--runtime-config", "--runtime-config-file"),
        "A runtime-config.toml: stores, databases, providers and limits for the app, which lives on.",
        "FILE",
    )
    return (
        verb("build", "Check and compile everything; shows sizes and times.", build, group="the app"),
        verb("up", "Start the listener, or move it.", up, group="the app", options=(listen, config)),
        verb("stop", "Stop the listener; the functions stay.", stop, group="the app"),
        verb("remove", "Take functions away.", remove, group="the app", takes=(_NAMES,), completes=name),
        verb(
            "prune", "Remove functions whose cell has another name now; forget old revisions.", prune, group="the app"
        ),
        verb(
            "undo",
            "Go back to the revision before, or bring back what was removed.",
            undo,
            group="the app",
            takes=(_NAME,),
            completes=name,
        ),
    )


VERBS = _all()
