"""The verbs that show something live: console."""

from __future__ import annotations

from typing import Any

from spinlab.magics.desk import Desk
from spinlab.magics.options import Arguments, Option, Positional
from spinlab.magics.verbs.verb import verb


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
    )


VERBS = _all()
