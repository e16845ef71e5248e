"""The verbs that look inside a function: inspect, log."""

from __future__ import annotations

from spinlab.magics.desk import Desk
from spinlab.magics.options import Arguments, Option, Positional
from spinlab.magics.verbs.verb import verb
from spinlab.magics.verbs.views import named
from spinlab.widgets.display import Display

_NAME = Positional("NAME", "A function of the app.")
_SHOWN = 200_000
"""Characters of a log that are shown, its end."""


def inspect(desk: Desk, given: Arguments) -> Display:
    """What a function's component is made of."""
    from spinlab.inspection import inspect as take_apart
    from spinlab.widgets import inspection

    function = named(desk, given)
    live = desk.app.functions.get(function.name)
    if live is None:
        raise given.refuse("name", f"{function.name} is a module: it has no component", "inspect one that imports it")
    chosen = [key for key in ("wat", "wit", "sections") if given[key]]
    if len(chosen) > 1:
        raise given.refuse(chosen[1], f"--{chosen[0]} and --{chosen[1]} are two questions", "ask one after the other")
    with desk.progress() as progress:
        found = take_apart(live)
        if given["wat"]:
            return inspection.code(found, found.bytecode(given["wat"], progress))
        if given["wit"]:
            return inspection.text(found, found.wit(progress))
        return inspection.sections(found) if given["sections"] else inspection.card(found, progress)


def log(desk: Desk, given: Arguments) -> Display:
    """All that tools wrote when the function was built last, also when that failed."""
    from spinlab.magics.verbs.views import text_display

    name = given["name"]
    written = desk.log_of(name)
    if written is None:
        named(desk, given)
        written = ""
    if not written.strip():
        return text_display(f"no tool wrote anything when {name} was built")
    cut = len(written) - _SHOWN
    return text_display((f"... {cut:,} characters before\n" if cut > 0 else "") + written[-_SHOWN:].rstrip())


VERBS = (
    verb(
        "inspect",
        "What a function's component is made of, down to its bytecode.",
        inspect,
        group="the app",
        takes=(_NAME,),
        options=(
            Option(("--wat",), "One function of its code, by name or index: text beside bytes.", "FUNCTION"),
            Option(("--wit",), "Its world: what it imports and exports, as WIT."),
            Option(("--sections",), "Every section with its place and size."),
        ),
        completes={"name": "function"},
    ),
    verb(
        "log",
        "All that the tools wrote in the last build of a function.",
        log,
        group="the app",
        takes=(_NAME,),
        completes={"name": "function"},
    ),
)
