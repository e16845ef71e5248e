"""The card of an exercise: what was sent, what came back, what was expected, and a hint when it is not done yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spinlab.widgets.display import Display
from spinlab.widgets.markup import Child, Markup, join, tag
from spinlab.widgets.plain import columns, visible
from spinlab.widgets.style import GOOD, WARN, box, code, coloured, facts, folded, strong

if TYPE_CHECKING:
    from spinlab.testing.lessons.verdict import Found, Tried, Verdict


def verdict(shown: Verdict) -> Display:
    """The card of a verdict."""
    mark, state, colour = ("✓", "done", GOOD) if shown.passed else ("!", "not yet", WARN)
    title = f"{shown.exercise.id} {shown.exercise.title}"
    heading = tag("div", coloured(strong(f"{mark} {state}"), colour), "  ", strong(title))
    rows = [row for one in shown.tried for row in _rows(one)]
    told = "what was sent, what came back, what was expected"
    details = folded(told, facts(rows)) if shown.passed else facts([*rows, ("hint", shown.hint)])
    text = "\n".join([f"{mark} {state}: {title}", *(_lines(one) for one in shown.tried)])
    if shown.hint:
        text += f"\n  hint       {shown.hint}"
    return Display(visible(text), box(heading, details))


def _rows(tried: Tried) -> list[tuple[str, Child]]:
    sent: list[tuple[str, Child]] = [("sent", _code(tried.sent)), ("came back", _code(tried.came))]
    expected = join(*(tag("div", _expected(one)) for one in tried.found))
    return [*(sent if tried.sent else []), ("expected", expected)]


def _code(text: str) -> Markup:
    return join(*(tag("div", code(line)) for line in text.splitlines()))


def _expected(found: Found) -> Markup:
    if found.holds:
        return join(coloured("✓ ", GOOD), found.words)
    return join(coloured(strong("✗ "), WARN), found.words, ", but found: ", code(found.came))


def _lines(tried: Tried) -> str:
    rows = [("sent", tried.sent), ("came back", tried.came)] if tried.sent else []
    rows += [
        ("expected", f"✓ {one.words}" if one.holds else f"✗ {one.words}, but found: {one.came}") for one in tried.found
    ]
    return columns([(f"{name:9}", line) for name, text in rows for line in text.splitlines() or [""]], indent=2)
