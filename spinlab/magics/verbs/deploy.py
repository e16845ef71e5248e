"""The verb that leads to where an app goes on running: deploy, with status, logs, url and delete."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spinlab.deploying import grammar
from spinlab.errors import OptionError
from spinlab.magics.desk import Desk
from spinlab.magics.options import REST, Arguments, Positional, closest
from spinlab.magics.verbs.verb import option_of, verb
from spinlab.widgets.display import Display
from spinlab.widgets.markup import tag
from spinlab.widgets.plain import visible
from spinlab.widgets.style import box, muted, strong

if TYPE_CHECKING:
    from spinlab.deploying.destination import Destination

_AS_IT_IS = "white-space:pre-wrap"
_SHOWN = 100
"""Lines of a log that a notebook keeps when no number is asked for."""


def deploy(desk: Desk, given: Arguments) -> Display | None:
    """Deploy the app, or do something with its deployment."""
    action = given["action"] or ""
    if action and action not in grammar.OF_ACTIONS:
        near = closest(action, list(grammar.OF_ACTIONS))
        hint = f"did you mean %spin deploy {near}?" if near else "one of: " + ", ".join(grammar.OF_ACTIONS)
        raise given.refuse("action", f"%spin deploy can't {action}", hint)
    stray = grammar.stray(action, given)
    if stray is not None:
        told = f"%spin deploy {action} takes no {stray.names[0]}" if action else f"{stray.names[0]} is for an action"
        raise given.refuse(stray.key, told, "%spin help deploy")
    place = destination(desk, given)
    if not action:
        return _deploy(desk, given, place)
    return {"status": _status, "logs": _logs, "url": _url, "delete": _delete}[action](desk, given, place)


def destination(desk: Desk, given: Arguments) -> Destination:
    """The destination and deployment that a line means."""
    from spinlab.deploying.deploying import destination as find

    name = given["name"] or desk.app.name
    try:
        return find(
            given["to"] or next(iter(grammar.TO.values)),
            name,
            folder_of(desk),
            owner=desk.session.notebook,
            options=grammar.of_destination(given.values),
            rest=given.each(REST),
        )
    except OptionError as error:
        key = next(
            (c.key for c in grammar.OF_DESTINATIONS if f"takes no --{c.key.replace('_', '-')}" in str(error)), ""
        )
        raise given.refuse(key or "name", error.message, error.hint) from None


def folder_of(desk: Desk) -> Path:
    """Where the deployments of a notebook are kept beside."""
    return (
        Path(desk.session.notebook).parent if not desk.session.notebook.endswith("/") else Path(desk.session.notebook)
    )


def _deploy(desk: Desk, given: Arguments, place: Destination) -> Display:
    from spinlab.deploying import deploying, release, telling
    from spinlab.up import inputs

    options: dict[str, Any] = {c.key: given[c.key] for c in grammar.OF_A_PROJECT if c.key in given}
    for index, name in enumerate(given.each("only")):
        if name not in desk.functions:
            near = closest(name, list(desk.functions))
            hint = f"did you mean {near}?" if near else ""
            raise given.refuse("only", f"no function is called {name!r}", hint, index)
    try:
        values = inputs.variables(given.each("variable"))
    except OptionError as error:
        raise given.refuse("variable", error.message, error.hint) from None
    for name, value in values.items():
        if desk.app.services.declared().get(name, {}).get("secret"):
            desk.app.services.variables.secrets.learn(name, value)
    place.tell = lambda line: desk.say(visible(line))
    with desk.progress() as progress, release.of_app(desk.app, values, progress=progress, **options) as made:
        done = deploying.deploy(made, place, force=bool(given["force"]), progress=progress)
    return _shown(telling.deployed(place.asked.name, place.title, done))


def _status(desk: Desk, given: Arguments, place: Destination) -> Display:
    from spinlab.deploying import telling

    return _shown(telling.status(place.asked.name, place.title, place.status()))


def _logs(desk: Desk, given: Arguments, place: Destination) -> None:
    last = _SHOWN if given["last"] is None else given["last"]
    for line in place.logs(last=last, follow=bool(given["follow"])):
        desk.say(visible(line))


def _url(desk: Desk, given: Arguments, place: Destination) -> Display:
    url = place.url()
    return Display(url, box(tag("a", url, href=url)) if url.startswith(("http://", "https://")) else box(url))


def _delete(desk: Desk, given: Arguments, place: Destination) -> Display | None:
    if not given["yes"]:
        losing = place.losing()
        question = f"Delete {place.asked.name} on {place.title}?" + (f" Then {losing}." if losing else "")
        if not _agreed(f"{question} [y/N] "):
            return None
    with desk.progress() as progress:
        done = place.delete(progress)
    return _shown(iter((done,)))


def _agreed(question: str) -> bool:
    nobody = OptionError("nobody can be asked here", hint="add --yes to delete it without a question")
    try:
        answer = input(question)
    except (EOFError, NotImplementedError):
        raise nobody from None
    except Exception as error:
        if type(error).__name__ != "StdinNotImplementedError":  # ipykernel's, which a terminal does not have
            raise
        raise nobody from None
    return answer.strip().lower() in ("y", "yes")


def _shown(lines: Iterator[str]) -> Display:
    found = [visible(line) for line in lines]
    return Display(
        "\n".join(found), box(strong(found[0]), *(tag("div", muted(line), style=_AS_IT_IS) for line in found[1:]))
    )


@contextmanager
def asked(desk: Desk, given: Arguments) -> Iterator[Any]:
    """Who answers the request of a line: the app, or who stands after ``--at``."""
    if given["at"] is None:
        yield desk.app
        return
    from spinlab.deploying.at import client

    try:
        reached = client(given["at"], desk.app.name, folder_of(desk), insecure=bool(given["insecure"]))
    except OptionError as error:
        raise given.refuse("at", error.message, error.hint) from None
    with reached as found:
        yield found


VERBS = (
    verb(
        "deploy",
        "Let the app run elsewhere, without this notebook; %spin deploy status, logs, url and delete.",
        deploy,
        group="in and out",
        takes=(Positional("ACTION", "status, logs, url or delete; deploys the app when left out.", required=False),),
        options=tuple(map(option_of, grammar.CHOICES)),
        completes={"only": "function", "action": "deploy-action"},
        hides=True,
        rest=grammar.REST,
    ),
)
