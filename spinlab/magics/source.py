"""The cell as it was written: byte-exact bodies, and what to call the cell.

IPython strips doctest prompts, indentation and leading blank lines of a cell before it looks for ``%%``; a body that is
code in another language must not lose any of that. So ``%%spin`` cells and their kin are taken before those steps.
"""

from __future__ import annotations

import re
from typing import Any

from spinlab.errors import SourceView

_CELL = re.compile(r"%%(spin(?:sql|test)?)(?![\w?])")


def keep_bodies_exact(lines: list[str]) -> list[str]:
    """An input transformer for IPython: a ``%%spin`` cell becomes its call, with the body as it stands."""
    first = next((i for i, line in enumerate(lines) if line.strip()), None)
    magic = _CELL.match(lines[first]) if first is not None else None
    if first is None or magic is None:
        return lines
    line = lines[first][magic.end() :].rstrip("\r\n")
    body = "".join(lines[first + 1 :])
    # IPython refuses an empty body before the magic sees it; ours says it better, and `%%spin --help` has none.
    return [f"get_ipython().run_cell_magic({magic[1]!r}, {line.strip()!r}, {body or chr(10)!r})\n"]


def raw_cell(shell: Any) -> str:
    """The text of the cell that runs, as the front end sent it; empty when that can't be known."""
    try:
        return str(shell.get_parent()["content"]["code"])
    except (AttributeError, KeyError, TypeError):
        history = getattr(shell.history_manager, "input_hist_raw", None) if shell.history_manager else None
        return str(history[-1]) if history else ""


def title(shell: Any) -> str:
    """What to call the cell that runs."""
    # IPython 9 counts on before a cell runs, earlier ones after it; the result of the cell knows its own number.
    result = getattr(getattr(shell, "displayhook", None), "exec_result", None)
    return f"Cell In[{getattr(result, 'execution_count', None) or shell.execution_count}]"


def cell_view(shell: Any, line: str, body: str, magic: str = "%%spin") -> SourceView:
    """A ``%%spin`` cell; `offset` is the magic's line number, and so what leads from the body's lines to the cell's."""
    lines = raw_cell(shell).splitlines()
    lead = next((i for i, x in enumerate(lines) if x.strip()), 0)
    head = lines[lead] if lead < len(lines) else ""
    if not _CELL.match(head) or head[len(magic) :].strip() != line.strip():
        lead, head = 0, f"{magic} {line}"
    return SourceView(title(shell), "\n" * lead + head + "\n" + body, offset=lead + 1)


def line_view(shell: Any, line: str) -> SourceView:
    """A cell that holds ``%spin LINE``; `offset` is the number of that line."""
    raw = raw_cell(shell)
    for number, text in enumerate(raw.splitlines(), 1):
        head, sign, rest = text.partition("%spin")
        if sign and rest.strip() == line.strip() and not head.endswith("%"):
            return SourceView(title(shell), raw, offset=number)
    return SourceView(title(shell), f"%spin {line}", offset=1)


def magic_line(view: SourceView) -> tuple[str, int]:
    """The whole line that holds the magic, and the index where its words begin."""
    text = view.lines[view.offset - 1]
    begin = text.index("%spin") + len("%spin")
    kind = next((kind for kind in ("sql", "test") if text.startswith(kind, begin)), "")
    return text, begin + len(kind)
