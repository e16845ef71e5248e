"""From a `Function` to a live revision and its card."""

from __future__ import annotations

from spinlab.errors import ListenError, Location, SpinError, ToolMissing
from spinlab.function import Function
from spinlab.grants import options
from spinlab.languages import language, title_of
from spinlab.live import Live
from spinlab.magics.desk import Desk
from spinlab.magics.options import Arguments
from spinlab.magics.reporting import keep_note, point_at
from spinlab.variables import asked
from spinlab.variables import remarks as of_variables
from spinlab.widgets.card import CardFacts, card, facts_of
from spinlab.widgets.display import Display
from spinlab.widgets.plain import visible
from spinlab.widgets.style import box, pre
from spinlab.widgets.tracebacks import in_cells, last_line


def register(desk: Desk, function: Function, given: Arguments) -> Display:
    """Make the function live and answer its card.

    Raises:
        SpinError: Nothing has changed; what was live before serves on, and the error says so.
    """
    app = desk.app
    before = app.functions.get(function.name)
    try:
        with desk.progress() as progress:
            live = app.add(function, progress=progress, names=desk.names())
    except SpinError as error:
        point_at(error, given)
        _in_words_of_the_cell(error, function, desk)
        _say_where_more_is(error, function, desk, before)
        raise
    desk.defined(function)
    if "record" in given or function.name in app.recordings.functions:
        (app.recordings.functions.add if given["record"] else app.recordings.functions.discard)(function.name)
    if live is not None and live is not before:
        desk.keep_log(function.name, live.build.log)
    if live is None:
        return card(CardFacts(function))
    remarks = [*of_variables(app, asked(live.function))]
    if function.ai_models:
        from spinlab.host.llm import problems

        remarks += problems(function, app.services)
    if before is not None and live is not before:
        remarks += taken_back(before, function)
    if desk.serves:
        try:
            desk.session.ensure_server()
        except ListenError as error:
            remarks.append(f"no listener: {error.message}")
    if app.recordings.wants(function.name):
        remarks.append("its requests are recorded; %spin recordings lists them")
    remarks += problems_of_place(desk)
    remarks += [f"route {r.pattern}: {r.problem}" for r in app.routes() if r.function == function.name and r.problem]
    return card(facts_of(live, desk.url, unchanged=live is before, remarks=tuple(remarks)))


def _say_where_more_is(error: SpinError, function: Function, desk: Desk, before: Live | None) -> None:
    """Close an error with what still answers, and with the verb that says more."""
    if before is not None:
        keep_note(error, f"{function.name} still answers with revision {before.revision}")
    if isinstance(error, ToolMissing):
        keep_note(error, f"what {function.language} needs and what is here: %spin doctor {function.language}")
    if error.log.strip():
        desk.keep_log(function.name, error.log)
        keep_note(error, f"the full log: %spin log {function.name}")


def left_out(function: Function) -> Display | None:
    """Why there is no function for now: a tool that its language needs is not here; None when everything is."""
    from spinlab.doctor import missing_tools

    missing = missing_tools(function.language)
    if not missing:
        return None
    lines = [f"{function.name} is left out for now: {title_of(language(function.language))} needs what is not here"]
    lines += [f"  {check.what}; add it with: {check.remedy}" for check in missing]
    text = "\n".join(lines)
    return Display(visible(text), box(pre(text)))


def _in_words_of_the_cell(error: SpinError, function: Function, desk: Desk) -> None:
    """Give a guest's traceback (an exception at import) the lines of the cell, and the error its place."""
    line = last_line(error.details, function)
    if line is not None and error.location is None:
        error.location = Location(line)
    error.details = in_cells(error.details, {**desk.functions, function.name: function})


def problems_of_place(desk: Desk) -> tuple[str, ...]:
    """Why a browser does not reach the listener from here, when it does not."""
    found = desk.addresses
    if found is None:
        return ()
    problems = [f"{found.problem}: {found.remedy}"] if found.problem else []
    if desk.session.listening.token:
        problems.append(
            "the listener asks for its access token: %spin url or %spin open --browser once, then the links work"
        )
    return tuple(problems)


def taken_back(before: Live, function: Function) -> tuple[str, ...]:
    """What `%spin grant` gave the function and its cell does not say."""
    given = options(before.declared or before.function, before.function)
    lost = [x for x in given if x in options(function, before.function)]
    return (f"this took back {' '.join(lost)}; add it to the %%spin line to keep it",) if lost else ()
