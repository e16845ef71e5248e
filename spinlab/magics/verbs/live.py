"""The verbs that show something live: console, open, interact."""

from __future__ import annotations

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
    )


VERBS = _all()
