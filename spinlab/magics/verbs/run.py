"""The verb that runs a command: run."""

from __future__ import annotations

import sys

from spinlab.errors import CallError
from spinlab.magics.desk import Desk
from spinlab.magics.options import Arguments, Option, Positional
from spinlab.magics.verbs.calls import content
from spinlab.magics.verbs.verb import verb
from spinlab.secrets import mask
from spinlab.triggers.command import Finished


def run(desk: Desk, given: Arguments) -> Finished:
    """Run a command; what it writes stands under the cell, its exit status is the cell's result."""
    stdin = b"" if given["stdin"] is None else content(given, "stdin")
    done = desk.app.run(given["name"], *given.each("argument"), stdin=stdin, take=_show)
    if done.stderr:
        print(mask(done.stderr), end="", file=sys.stderr)
    if given["fail"] and done.status:
        raise CallError(f"{given['name']} ended with exit status {done.status}")
    return done


def _show(piece: bytes) -> None:
    print(mask(piece.decode(errors="replace")), end="", flush=True)


VERBS = (
    verb(
        "run",
        "Run a command (%%spin NAME --command) with arguments.",
        run,
        group="calls",
        takes=(
            Positional("NAME", "The function."),
            Positional("ARGUMENT", "What it is given; -- before those that begin with -.", required=False, many=True),
        ),
        options=(
            Option(("--stdin",), "Its input, or @FILE.", "DATA"),
            Option(("--fail",), "Raise when its exit status is not 0."),
        ),
        completes={"name": "function"},
    ),
)
