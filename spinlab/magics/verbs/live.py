"""The verbs that show something live: console, open, interact."""

from __future__ import annotations

import json
import webbrowser
from typing import Any

from spinlab.magics.desk import Desk
from spinlab.magics.options import Arguments, Option, Positional
from spinlab.magics.verbs.verb import verb
from spinlab.magics.verbs.views import named, url
from spinlab.widgets.urls import Address, example_path


def console(desk: Desk, given: Arguments) -> Any:
    """The console of the current app."""
    from spinlab.widgets.live.console import Console

    path = given["path"] or "/"
    if not path.startswith("/"):
        from spinlab.magics.verbs.calls import path_of

        path = path_of(desk, given, "console")
    made = Console(desk.app, path=path, method=(given["method"] or "GET").upper())
    if given["send"]:
        made.send()
    return made


def open_(desk: Desk, given: Arguments) -> Any:
    """A page of the app, in the notebook or in a tab of the browser."""
    if given["browser"]:
        return in_a_tab(desk, given)
    from spinlab.widgets.live.preview import Preview

    return Preview(desk.app, path=_path(desk, given))


def _path(desk: Desk, given: Arguments) -> str:
    """The path of a page, or that of a function."""
    name: str = given["name"] or "/"
    if name.startswith("/"):
        return name
    function = named(desk, given)
    if not function.routes:
        raise given.refuse("name", f"{name!r} has no route", "a route is given with --route")
    return example_path(function.routes[0])


def in_a_tab(desk: Desk, given: Arguments) -> Address | None:
    """Open a page in the browser, or show the link where that can't be done from here."""
    address = url(desk, given)
    found = desk.addresses
    if found is not None and found.place == "colab":
        from google.colab.output import serve_kernel_port_as_window

        serve_kernel_port_as_window(desk.session.ensure_server().port, path=address.removeprefix(desk.url))
        return None
    if found is not None and found.place in ("local", "vscode") and webbrowser.open(address):
        return None
    return address


def interact(desk: Desk, given: Arguments) -> Any:
    """Sliders and fields for the parameters of a route."""
    from spinlab.widgets.live.interact import Interaction, parsed

    pattern: str = given["pattern"]
    if not pattern.startswith("/"):
        function = desk.functions.get(pattern)
        if function is None or not function.routes:
            raise given.refuse("pattern", "a pattern starts with /", f"did you mean %spin interact /{pattern}?")
        pattern = function.routes[0]
    values = {name: parsed(value) for name, value in given.each("set")}
    body = json.loads(given["json"]) if given["json"] is not None else given["data"]
    return Interaction(desk.app, pattern, method=given["method"] or "GET", body=body, **values)


def _named_value(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise ValueError("what a control is made of is written NAME=VALUES, such as a=0:10")
    return name, value


def _json(text: str) -> str:
    try:
        json.loads(text)
    except ValueError as error:
        raise ValueError(f"this is not JSON: {error}") from None
    return text


def _all() -> tuple[Any, ...]:
    return (
        verb(
            "console",
            "An HTTP client on the app, live: its functions, requests, answers.",
            console,
            group="calls",
            takes=(Positional("PATH", "Path and query to begin with.", required=False),),
            options=(
                Option(("--method", "-X"), "GET when left out.", "METHOD"),
                Option(("--send",), "Send it at once."),
            ),
            completes={"path": "path"},
        ),
        verb(
            "open",
            "Show a page of the app below the cell; its links, forms and fetch work, wherever the notebook is.",
            open_,
            group="the app",
            takes=(Positional("NAME", "A function, or a path; the app itself when left out.", required=False),),
            options=(Option(("--browser",), "In a tab of the browser instead, through the listener."),),
            completes={"name": "function"},
        ),
        verb(
            "interact",
            "Sliders and fields for the parameters of a route; each change sends a request.",
            interact,
            group="calls",
            takes=(Positional("PATTERN", "A route, such as /add/:a/:b, or a function; ?x=1 adds to the query."),),
            options=(
                Option(
                    ("--set", "-s"),
                    "What a control is made of: a=0:10, a=0:1:0.1, a=x,y,z, a=true, a=text.",
                    "NAME=VALUES",
                    many=True,
                    convert=_named_value,
                ),
                Option(("--method", "-X"), "GET when left out.", "METHOD"),
                Option(("--data", "-d"), "A body, in a field of its own.", "DATA"),
                Option(("--json",), "The same as JSON.", "JSON", convert=_json),
            ),
            completes={"pattern": "function"},
        ),
    )


VERBS = _all()
