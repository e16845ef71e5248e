"""The verbs that look at where an app can go: ``kube`` (its resources for a cluster) and ``targets``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from spinlab.errors import SpinError
from spinlab.magics.desk import Desk
from spinlab.magics.options import Arguments, Option, Positional, closest
from spinlab.magics.verbs.verb import verb
from spinlab.magics.verbs.views import text_display
from spinlab.scaffolding import CHOICES, Choice
from spinlab.widgets.display import Display

if TYPE_CHECKING:
    from spinlab.export.kube.scaffold import Scaffold

_ACTIONS = ("scaffold",)


def kube(desk: Desk, given: Arguments) -> Display:
    """Write the resources of the app for a cluster."""
    action = given["action"]
    if action not in _ACTIONS:
        near = closest(action, _ACTIONS)
        hint = f"did you mean %spin kube {near}?" if near else "there is: %spin kube scaffold -f REF"
        raise given.refuse("action", f"%spin kube can't {action}", hint)
    from spinlab.export.kube.asked import of_app, options
    from spinlab.export.kube.scaffold import scaffold

    with desk.progress() as progress:
        if given["measured"] or given["measure"]:
            progress("measuring", None)
        try:
            made = scaffold(options(given.values, of_app(desk.app)))
        except SpinError as error:
            word = given.word("from")
            if error.message.startswith("invalid image reference") and word is not None:
                error.location = word.location
            raise
    if not given["out"]:
        return text_display(made.shown + _remark(made))
    made.save(Path(given["out"]).expanduser())
    return text_display(f"{given['out']}: {_listed(made)}\nkubectl apply -f {given['out']}")


def _remark(made: Scaffold) -> str:
    if not made.has_secrets:
        return ""
    return "# What Secrets hold is not shown in a notebook; -o FILE writes it, for its owner only.\n"


def _listed(made: Scaffold) -> str:
    return ", ".join(f"{one['kind']} {one['metadata']['name']}" for one in made.resources)


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise ValueError("a whole number is needed")
    return int(text)


def _option(choice: Choice) -> Option:
    convert = _number if choice.whole else str
    return Option(choice.names, choice.help, choice.metavar, choice.many, convert, choice.values)


VERBS = (
    verb(
        "kube",
        "The app's resources for a cluster with SpinKube: %spin kube scaffold -f REF.",
        kube,
        group="in and out",
        takes=(Positional("ACTION", "scaffold: write the resources, and touch no cluster."),),
        options=tuple(map(_option, CHOICES)),
        hides=True,
    ),
)
