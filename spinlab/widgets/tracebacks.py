"""Guest tracebacks in the words of the notebook: ``hello.py, line 4`` is line 5 of the cell that defines it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from spinlab.function import Function

_PYTHON = re.compile(r'File "(?:[^"\n]*/)?(?P<stem>[A-Za-z0-9_-]+)\.py", line (?P<line>\d+)')
_SCRIPT = re.compile(r"(?<![\w/.-])(?P<stem>[A-Za-z0-9_-]+)\.(?:js|ts):(?P<line>\d+):\d+")
_RUST = re.compile(r"(?<![\w./-])src/(?P<stem>[A-Za-z0-9_-]+)\.rs:(?P<line>\d+):\d+")

_GO = re.compile(r"(?<=\t)(?:cell/)?(?P<stem>[A-Za-z0-9_-]+)\.go:(?P<line>\d+)(?= \+0x)")


def in_cells(text: str, functions: Mapping[str, Function]) -> str:
    """The text with every place in a function's source replaced by the place in its cell.

    Parameters:
        text: A traceback, or a log with one in it.
        functions: Name -> function, modules included.
    """
    if not any(mark in text for mark in (".py", ".js:", ".ts:", ".rs:", ".go:")):
        return text
    by_stem = {_stem(name): f for name, f in functions.items()}

    def place(found: re.Match[str]) -> str:
        function = by_stem.get(_stem(found["stem"]))
        if function is None:
            return found.group()
        line = int(found["line"]) + function.first_line - 1
        return f"{function.origin or function.name}, line {line}"

    return _GO.sub(place, _RUST.sub(place, _SCRIPT.sub(place, _PYTHON.sub(place, text))))


def last_line(text: str, function: Function) -> int | None:
    """The line of the function's source that a traceback ends in; None when it does not touch it."""
    lines = [int(m["line"]) for m in _PYTHON.finditer(text) if _stem(m["stem"]) == _stem(function.name)]
    if lines:
        return lines[-1]
    frames = (
        m
        for m in (*_SCRIPT.finditer(text), *_RUST.finditer(text), *_GO.finditer(text))
        if _stem(m["stem"]) == _stem(function.name)
    )
    return next((int(m["line"]) for m in frames), None)  # the innermost is the first


def _stem(name: str) -> str:
    return name.replace("-", "_")
