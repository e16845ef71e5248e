"""How an error of ours reads in a notebook: title, place, source lines with a caret, hint, details.

IPython asks an exception for `_render_traceback_` and shows that in place of the stack. It is set on the instance that
a magic raises, so that the same error from a plain Python call keeps its traceback.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from spinlab.errors import Location, RouteError, SourceView, SpinError
from spinlab.magics.options import Arguments
from spinlab.secrets import HIDDEN, mask
from spinlab.widgets.plain import visible

_RED, _BOLD, _DIM, _CYAN, _OFF = "\x1b[31m", "\x1b[1m", "\x1b[2m", "\x1b[36m", "\x1b[0m"
GRANTS = (
    "variable",
    "allowed_outbound_host",
    "key_value_store",
    "sqlite_database",
    "ai_model",
    "file",
)
"""Keys of the options that grant something."""

_AROUND = 2  # source lines shown above and below


@contextmanager
def reported(view: SourceView) -> Iterator[None]:
    """Give every `SpinError` that leaves the block the view of the cell and the short form of display."""
    try:
        yield
    except SpinError as error:
        if error.source is None:
            error.source = view
        attach(error)
        raise


def attach(error: SpinError) -> None:
    """Make IPython show the error in our form."""
    error._render_traceback_ = lambda: render(error)  # type: ignore[attr-defined]


@contextmanager
def interruptible(state: Callable[[], str]) -> Iterator[None]:
    """Show an interrupt that leaves the block in one line, as what it left; the place in our code is nobody's concern.

    Parameters:
        state: Says what is true after the interrupt; may be empty.
    """
    try:
        yield
    except KeyboardInterrupt as interrupt:
        left = state()
        text = f"interrupted; {left}" if left else "interrupted"
        interrupt.args = (text,)
        shown = f"{_RED}{_BOLD}KeyboardInterrupt{_OFF}{_BOLD}: {visible(text)}{_OFF}"
        interrupt._render_traceback_ = lambda: [shown]  # type: ignore[attr-defined]
        raise


def keep_note(error: SpinError, note: str) -> None:
    """Add a last line to what is shown, such as what still works."""
    error.details = f"{error.details.rstrip()}\n{note}" if error.details else note


def point_at(error: SpinError, given: Arguments) -> None:
    """Give an error about an option's value the place of that value on the magic line, when it has none yet."""
    if error.location is not None:
        return
    keys: tuple[str, ...] = ("name", "language", "requires", *GRANTS)
    if error.subject is not None:
        keys = (error.subject[0],)
    elif isinstance(error, RouteError):
        keys = ("route",)
    for key in keys:
        for word in given.words.get(key, ()):
            if _is_about(error, word.text):
                error.location = word.location
                return


def _is_about(error: SpinError, text: str) -> bool:
    name = text.partition("=")[0]
    if error.subject is not None:
        return error.subject[1] in (text, name)
    return bool(name) and name in error.message


def render(error: SpinError, *, colour: bool = True) -> list[str]:
    """The lines of the error."""
    bold, red, dim, cyan, off = (_BOLD, _RED, _DIM, _CYAN, _OFF) if colour else ("",) * 5
    lines = [f"{red}{bold}{type(error).__name__}{off}{bold}: {visible(error.message)}{off}"]
    source = _without(error.source, error.unseen) if error.source is not None else None
    if source is not None and error.location is not None:
        line, column = place_of(source, error.location)
        place = f"{line}:{column}" if column else f"{line}"
        lines.append(f"  {dim}-->{off} {source.title}, line {place}")
        lines += _excerpt(source, error.location, line, dim, red, off)
    elif source is not None:
        lines.append(f"  {dim}-->{off} {source.title}")
    if error.hint:
        lines.append(f"{cyan}hint:{off} {visible(error.hint)}")
    if error.details:
        lines += ["", *visible(error.details).rstrip().splitlines()]
    return [mask(line) for line in lines]


def _without(view: SourceView, unseen: tuple[str, ...]) -> SourceView:
    """A cell without what no display may show."""
    text = view.text
    for one in unseen:
        text = text.replace(one, HIDDEN)
    return replace(view, text=text)


def place_of(view: SourceView, location: Location) -> tuple[int, int | None]:
    """Line and column of a place in the cell."""
    line = view.offset if location.on_magic_line else location.line + view.offset
    return line, location.column


def _excerpt(view: SourceView, location: Location, line: int, dim: str, red: str, off: str) -> list[str]:
    if not 1 <= line <= len(view.lines):
        return []
    first = max(1, line - _AROUND)
    last = min(len(view.lines), line + _AROUND)
    while first < line and not view.lines[first - 1].strip():
        first += 1
    width = len(str(last))
    shown: list[str] = []
    for number in range(first, last + 1):
        text = visible(view.lines[number - 1]).replace("\t", "    ")
        mark = ">" if number == line else " "
        shown.append(f" {mark} {dim}{number:>{width}} |{off} {text}".rstrip())
        if number == line and location.column:
            shown.append(f"   {'':>{width}} {dim}|{off} {red}{_caret(view.lines[number - 1], location)}{off}")
    return shown


def _caret(text: str, location: Location) -> str:
    column = min(location.column or 1, len(text) + 1)
    end = max(location.end_column or column + 1, column + 1)
    before = "".join("    " if c == "\t" else " " for c in text[: column - 1])
    label = f" {visible(location.label)}" if location.label else ""
    return before + "^" * min(end - column, max(len(text) - column + 1, 1)) + label
