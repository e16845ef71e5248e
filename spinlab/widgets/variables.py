"""The list of an app's variables."""

from __future__ import annotations

from collections.abc import Sequence

from spinlab.secrets import HIDDEN
from spinlab.variables import Listed
from spinlab.widgets.display import Display
from spinlab.widgets.markup import Child, tag
from spinlab.widgets.plain import columns, visible
from spinlab.widgets.style import BAD, WARN, box, coloured, muted, table

_SHOWN = 100
_NAMES = ("variable", "value", "from", "read by", "")


def variables(rows: Sequence[Listed], remarks: Sequence[str] = (), *, empty: str = "") -> Display:
    """The display of some variables.

    Parameters:
        rows: The variables.
        remarks: One-line remarks.
        empty: What to say when there are none.
    """
    notes = [f"note: {remark}" for remark in remarks]
    below = [tag("div", coloured(note, WARN)) for note in notes]
    if not rows:
        text = empty or "no variables yet; %spin var NAME=VALUE sets one, and --var NAME lets a function read it"
        return Display("\n".join([text, *notes]), box(muted(text), below))
    plain = [tuple(visible(cell) for cell in _cells(row)) for row in rows]
    rich: list[tuple[Child, ...]] = [(name, _value(row), *rest) for row in rows for name, _, *rest in [_cells(row)]]
    text = columns([_NAMES, *plain])
    return Display("\n".join([text, *map(visible, notes)]), box(table(_NAMES, rich), below))


def _cells(row: Listed) -> tuple[str, ...]:
    return (row.name, _text(row), row.where, ", ".join(row.used) or "nobody yet", row.description)


def _text(row: Listed) -> str:
    if row.problem:
        return row.problem
    if not row.where:
        return "not set"
    if row.secret:
        return f"{HIDDEN} (secret)"
    return row.value if len(row.value) <= _SHOWN else row.value[:_SHOWN] + "..."


def _value(row: Listed) -> Child:
    text = _text(row)
    return coloured(text, BAD) if row.problem else text if row.where else coloured(text, WARN)
