"""A cell's text, before anything looks into it."""

from __future__ import annotations

import re

from spinlab.errors import Location, SourceError
from spinlab.function import Function
from spinlab.languages import text_of

START = "function handle(request) {\n  return 'hello'\n}"
_MAGIC = re.compile(r"\s*(?:%{1,2}[A-Za-z]\w*|!\s*\w|\?{1,2}\s*[\w.]+\s*$)")


def read(function: Function) -> str:
    """The text of a cell.

    Raises:
        SourceError: It is empty, not UTF-8, or has a magic in it.
    """
    text = text_of(function).removeprefix("\ufeff")
    if "\0" in text:
        at = text.index("\0")
        raise SourceError(
            "the source has a null character",
            hint="write it as an escape: \\0",
            location=Location(text.count("\n", 0, at) + 1),
        )
    lines = text.splitlines()
    if not text.strip():
        what = "export function clean(text) {\n  return text.trim()\n}" if function.module else START
        raise SourceError("the cell is empty", hint=f"the shortest one:\n{what}", location=Location(1))
    first = next((n for n, line in enumerate(lines, 1) if line.strip()), 1)
    if _MAGIC.match(lines[first - 1]):
        line = lines[first - 1]
        raise SourceError(
            "IPython's magics and shell commands are not JavaScript: the sandbox has neither IPython nor a shell",
            hint="take the line out, or put it into a cell of its own",
            location=Location(first, len(line) - len(line.lstrip()) + 1, len(line.rstrip()) + 1),
        )
    return text
