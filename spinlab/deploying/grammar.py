"""The options of ``deploy``, said once for the notebook and the terminal. Plain values: the magics read them early."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import replace
from typing import Any, Final

from spinlab.deploying.catalogue import DESTINATIONS
from spinlab.scaffolding import Choice

TO: Final = Choice(
    ("--to",), f"Where: {', '.join(DESTINATIONS)}; local when left out.", "PLACE", values=tuple(DESTINATIONS)
)
NAME: Final = Choice(("--name",), "What the deployment is called; the app's name when left out.", "NAME")
FORM: Final = Choice(("--components",), "The form of the export.", "FORM", values=("shared", "standalone", "official"))
VERSION: Final = Choice(("--version",), "The application's version; 0.1.0 when left out.", "VERSION")
ONLY: Final = Choice(("--only",), "Deploy this function and what it needs.", "FUNCTION", many=True)
VARIABLE: Final = Choice(
    ("--variable",), "The value that a variable has there, in place of that here.", "NAME=VALUE", many=True
)
FORCE: Final = Choice(("--force",), "Deploy what, as far as can be told, does not run there.")
FOLLOW: Final = Choice(("--follow", "-f"), "For logs: go on with what comes.")
LAST: Final = Choice(("--last", "-n"), "For logs: so many lines from the end.", "N", whole=True)
YES: Final = Choice(("--yes", "-y"), "For delete: do not ask.")

OF_A_PROJECT: Final = (FORM, VERSION, ONLY)
"""How an app is exported."""
OF_DEPLOY: Final = (*OF_A_PROJECT, VARIABLE, FORCE)
OF_ACTIONS: Final[Mapping[str, tuple[Choice, ...]]] = {
    "status": (),
    "logs": (FOLLOW, LAST),
    "url": (),
    "delete": (YES,),
}
"""Action -> what it takes beside `TO`, `NAME` and what the destination takes."""


def _of_its_destinations(choice: Choice) -> Choice:
    """It, with its destinations in its help."""
    places = " and ".join(name for name, entry in DESTINATIONS.items() if choice in entry.choices)
    first, blank, rest = choice.help.partition(" ")
    first = first if len(first) > 1 and not first[1:].islower() else first.lower()
    return replace(choice, help=f"For {places}: {first}{blank}{rest}")


OF_DESTINATIONS: Final = tuple(
    {c.key: _of_its_destinations(c) for entry in DESTINATIONS.values() for c in entry.choices}.values()
)
CHOICES: Final = (
    TO,
    NAME,
    *OF_DEPLOY,
    *(choice for choices in OF_ACTIONS.values() for choice in choices),
    *OF_DESTINATIONS,
)
"""All, in the order of the help."""

REST: Final = next((entry.rest for entry in DESTINATIONS.values() if entry.rest), "")


def stray(action: str, given: Container[str]) -> Choice | None:
    """A choice that was given and that this action does not take; the empty action is that of deploying."""
    mine = OF_ACTIONS[action] if action else OF_DEPLOY
    others = (*OF_DEPLOY, *(choice for choices in OF_ACTIONS.values() for choice in choices))
    return next((one for one in others if one not in mine and one.key in given), None)


def of_destination(given: Mapping[str, Any]) -> dict[str, Any]:
    """What was given for a destination."""
    return {c.key: given[c.key] for c in OF_DESTINATIONS if not _absent(given.get(c.key))}


def _absent(value: Any) -> bool:
    return value is None or value is False or value == ()
