"""A response as a notebook shows it: status, time, headers, body by its type, log lines, denials, errors."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from spinlab.errors import SpinError
from spinlab.function import Function
from spinlab.http import Denied, LogLine, Response
from spinlab.widgets.bodies import html_body, plain_body
from spinlab.widgets.display import Display
from spinlab.widgets.markup import Markup, tag
from spinlab.widgets.plain import octets, seconds, visible
from spinlab.widgets.style import BAD, GOOD, WARN, box, code, coloured, facts, folded, muted, pre
from spinlab.widgets.tracebacks import in_cells

LOG_LINES_SHOWN = 200


def status_line(status: int) -> str:
    """``404 Not Found``."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def response(answer: Response, functions: Mapping[str, Function] | None = None) -> Display:
    """The display of a response.

    Parameters:
        answer: The response.
        functions: The app's functions by name, to show tracebacks with the lines of their cells.
    """
    known = functions or {}
    return Display(_plain(answer, known), _html(answer, known))


def denial(denied: Denied) -> str:
    """One denial in a line, with what would grant it."""
    remedy = f"; grant it with {denied.option}" if denied.option else ""
    return f"denied: {denied.capability} {denied.target}{remedy}"


def failure(error: Exception, functions: Mapping[str, Function]) -> str:
    """Why there is no proper answer, with the guest's traceback in the lines of its cell."""
    if not isinstance(error, SpinError):
        return f"{type(error).__name__}: {error}"
    text = error.message
    if error.hint:
        text += f"\nhint: {error.hint}"
    if error.details:
        text += "\n" + error.details.rstrip()
    return in_cells(text, functions)


def log_text(lines: tuple[LogLine, ...], functions: Mapping[str, Function]) -> str:
    """Log lines under each other, the last ones when there are many."""
    shown = lines[-LOG_LINES_SHOWN:]
    above = f"... {len(lines) - len(shown)} lines before\n" if len(lines) > len(shown) else ""
    return above + in_cells("\n".join(line.text for line in shown), functions)


def _plain(answer: Response, functions: Mapping[str, Function]) -> str:
    parts = ["  ".join(x for x in (status_line(answer.status), answer.function, _took(answer)) if x)]
    parts += [f"{name}: {value}" for name, value in answer.headers]
    parts += ["", plain_body(answer).rstrip("\n")]
    parts += [f"{name}: {value} (trailer)" for name, value in answer.trailers]
    if answer.logs:
        parts += ["", "log:", *(f"  {x}" for x in log_text(answer.logs, functions).splitlines())]
    parts += [denial(d) for d in answer.denied]
    if answer.error is not None:
        parts += ["", failure(answer.error, functions)]
    if answer.advice:
        parts += ["", answer.advice]
    return visible("\n".join(parts))


def _html(answer: Response, functions: Mapping[str, Function]) -> Markup:
    colour = GOOD if answer.ok else WARN if answer.status < 400 else BAD
    about = " · ".join(x for x in (answer.function, _took(answer), octets(len(answer.body))) if x)
    return box(
        tag("strong", coloured(status_line(answer.status), colour)),
        " ",
        muted(about),
        _fields(answer),
        html_body(answer),
        _log(answer, functions),
        [tag("div", coloured(denial(d), WARN)) for d in answer.denied],
        pre(failure(answer.error, functions), BAD) if answer.error is not None else None,
        tag("div", muted(answer.advice)) if answer.advice else None,
    )


def _took(answer: Response) -> str:
    return seconds(answer.elapsed) if answer.elapsed else ""


def _fields(answer: Response) -> Markup | None:
    many = len(answer.headers) + len(answer.trailers)
    if not many:
        return None
    rows = [(name, code(value)) for name, value in answer.headers]
    rows += [(f"{name} (trailer)", code(value)) for name, value in answer.trailers]
    return folded(muted("1 header" if many == 1 else f"{many} headers"), facts([(n, v) for n, v in rows]))


def _log(answer: Response, functions: Mapping[str, Function]) -> Markup | None:
    if not answer.logs:
        return None
    return tag("div", muted("log"), pre(log_text(answer.logs, functions)), style="margin:6px 0 0 0")
