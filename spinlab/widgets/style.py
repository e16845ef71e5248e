"""The few styles of all displays. Text keeps the page's own colour; accents follow the theme, light or dark."""

from __future__ import annotations

from spinlab.widgets.markup import Child, Markup, tag

MONO = "font-family:var(--jp-code-font-family,ui-monospace,monospace);font-size:var(--jp-code-font-size,13px)"
LINE = "var(--jp-border-color2,light-dark(#d0d7de,#3d444d))"
MUTED = "var(--jp-ui-font-color2,light-dark(#57606a,#9198a1))"
GOOD = "var(--jp-success-color1,light-dark(#1a7f37,#3fb950))"
BAD = "var(--jp-error-color1,light-dark(#cf222e,#f85149))"
WARN = "var(--jp-warn-color1,light-dark(#9a6700,#d29922))"
LINK = "var(--jp-content-link-color,light-dark(#0969da,#4493f8))"

_BOX = f"max-width:60em;border:1px solid {LINE};border-radius:6px;padding:8px 12px;margin:2px 0"
_TABLE = "border-collapse:collapse;border:0;margin:4px 0 0 0;font-size:inherit"
_CELL = "border:0;padding:2px 14px 2px 0;text-align:left;vertical-align:top;background:transparent"
_NAME = _CELL + ";white-space:nowrap"
_PRE = f"{MONO};margin:6px 0 0 0;padding:0;background:transparent;white-space:pre-wrap;overflow-wrap:anywhere"


def box(*children: Child) -> Markup:
    """A display's frame."""
    return tag("div", *children, style=_BOX)


def muted(text: Child) -> Markup:
    """Text of less weight."""
    return tag("span", text, style=f"color:{MUTED}")


def coloured(text: Child, colour: str) -> Markup:
    """Text in an accent."""
    return tag("span", text, style=f"color:{colour}")


def strong(text: Child) -> Markup:
    """A name."""
    return tag("strong", text)


def code(text: Child) -> Markup:
    """Something that is written like this."""
    return tag("code", text, style=f"{MONO};background:transparent;padding:0")


def pre(text: Child, colour: str = "") -> Markup:
    """Lines as they are."""
    return tag("pre", text, style=_PRE + (f";color:{colour}" if colour else ""))


def link(text: str, url: str) -> Markup:
    """A link to an http(s) address or a path; anything else stays text."""
    if not url.startswith(("http://", "https://", "/")):
        return code(text)
    style = f"{MONO};color:{LINK}"
    return tag("a", text, href=url, target="_blank", rel="noopener noreferrer", style=style)


def facts(rows: list[tuple[str, Child]]) -> Markup:
    """A table of names and values without a heading."""
    return tag(
        "table",
        tag(
            "tbody",
            [_row(tag("td", muted(name), style=_NAME), tag("td", value, style=_CELL)) for name, value in rows],
        ),
        style=_TABLE,
    )


def table(heading: tuple[str, ...], rows: list[tuple[Child, ...]]) -> Markup:
    """A table with a heading."""
    head = _row(*(tag("th", muted(h), scope="col", style=_CELL) for h in heading))
    body = [_row(*(tag("td", cell, style=_CELL) for cell in row)) for row in rows]
    return tag("table", tag("thead", head), tag("tbody", body), style=_TABLE)


def _row(*cells: Markup) -> Markup:
    return tag("tr", cells, style="background:transparent;border:0")  # Jupyter stripes the rows of every table


def folded(summary: Child, *children: Child, open_: bool = False) -> Markup:
    """Something that unfolds, without a script."""
    inner = (tag("summary", summary, style="cursor:pointer"), *children)
    style = "margin:4px 0 0 0"
    return tag("details", *inner, style=style, open="" if open_ else None)
