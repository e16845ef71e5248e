"""The display of what functions may touch, have used and were denied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spinlab.grants import denials, grants
from spinlab.widgets.card import times
from spinlab.widgets.display import Display
from spinlab.widgets.markup import Child, join, tag
from spinlab.widgets.plain import columns, visible
from spinlab.widgets.style import WARN, box, code, coloured, muted, strong, table

if TYPE_CHECKING:
    from spinlab.app import App
    from spinlab.live import Live

_NAMES = ("function", "capability", "state", "to grant it")


def capabilities(of: App) -> Display:
    """Every function of an app with its grants and denials, a line each."""
    rows = [(live.function.name, *row) for live in of.functions.values() for row in _rows(live)]
    if not rows:
        text = "no functions yet; a cell that begins with %%spin NAME makes one"
        return Display(text, box(muted(text)))
    plain = [tuple(map(visible, row)) for row in (_NAMES, *rows)]
    rich: list[tuple[Child, ...]] = [
        (
            strong(name),
            what,
            coloured(state, WARN) if option else muted(state),
            code(option) if option else "",
        )
        for name, what, state, option in rows
    ]
    remark = "" if of.tracing else "calls are not recorded, only what was denied: %config Spin.trace = True"
    text = columns(plain) + (f"\n{remark}" if remark else "")
    title = join(muted("app "), strong(of.name))
    return Display(text, box(title, table(_NAMES, rich), tag("div", muted(remark)) if remark else None))


def _rows(live: Live) -> list[tuple[str, str, str]]:
    """What, its state, and the option that would grant it, of each grant and denial."""
    asked = live.usage.requests
    rows = [
        (str(grant), f"used {times(grant.used)}" if grant.used else "unused" if asked else "granted", "")
        for grant in grants(live.function, live.usage)
    ]
    rows += [(f"{d.capability} {d.target}", f"denied {times(n)}", d.option) for d, n in denials(live.usage)]
    return rows or [("nothing", "", "")]
