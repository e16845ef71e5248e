"""HTML that can't be broken out of: elements are built, and every foreign text is escaped on the way in.

The result is static: no script, inline style only, and it reads as plain tables where style is stripped (GitHub).
"""

from __future__ import annotations

import html
from typing import Union

from spinlab.widgets.plain import visible


class Markup(str):
    """Text that is HTML already; made by `tag` and nowhere else."""

    __slots__ = ()


Child = Union[str, Markup, None, "list[Markup]", "tuple[Markup, ...]"]

_VOID = {"br", "hr", "img"}


def tag(name: str, *children: Child, **attributes: str | None) -> Markup:
    """One element. Text children and attribute values are escaped; ``class_`` stands for ``class``."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(value, quote=True)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{join(*children)}</{name}>")


def join(*children: Child) -> Markup:
    """Children one after the other."""
    return Markup("".join(_inner(c) for c in children))


def _inner(child: Child) -> str:
    if child is None:
        return ""
    if isinstance(child, Markup):
        return child
    if isinstance(child, (list, tuple)):
        return "".join(_inner(c) for c in child)
    return html.escape(visible(child), quote=False)
