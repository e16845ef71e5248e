"""What a component imports, below its card: each interface with the grant that it is of no use without."""

from __future__ import annotations

from collections.abc import Sequence

from spinlab.host.needs import Need
from spinlab.widgets.display import Display
from spinlab.widgets.markup import Child, join
from spinlab.widgets.plain import columns, visible
from spinlab.widgets.style import GOOD, coloured, folded, muted, table

_NAMES = ("import", "needs", "granted")


def with_imports(shown: Display, needs: Sequence[Need]) -> Display:
    """A card with the imports of the function's component: those that need a grant, and how many need none."""
    asking = [need for need in needs if need.option]
    free = len(needs) - len(asking)
    about = f"imports: {len(asking)} need a grant, {free} need none"
    plain = [(need.interface, need.option, _granted(need)) for need in asking]
    text = columns([_NAMES, *(tuple(map(visible, row)) for row in plain)], indent=2) if asking else ""
    rich: list[tuple[Child, ...]] = [
        (need.interface, need.option, coloured(_granted(need), GOOD) if need.granted else muted(_granted(need)))
        for need in asking
    ]
    html = join(shown.html, folded(muted(about), table(_NAMES, rich) if rich else None))
    return Display(f"{shown.text}\n\n{about}\n{text}".rstrip(), html, shown.custom)


def _granted(need: Need) -> str:
    return ", ".join(need.granted) or "no"
