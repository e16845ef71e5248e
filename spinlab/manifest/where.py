"""Where in a TOML text a key stands, so that an error can point at it. Only for messages: it reads lines, not TOML."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from spinlab.errors import Location

Path = tuple[str | int, ...]

_KEY = re.compile(r"""\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([A-Za-z0-9_-]+))\s*(\.|=|\]|$)""")
_HEADER = re.compile(r"\s*(\[{1,2})")


class _Line(NamedTuple):
    number: int
    path: Path
    columns: tuple[int, ...]
    ends: tuple[int, ...]


def find(text: str, path: Path) -> Location:
    """The place of a key, or of the nearest table around it; line 1 when there is none."""
    best, depth = _Line(1, (), (), ()), 0
    for line in _lines(text):
        shared = _shared(line.path, path)
        if shared > depth:
            best, depth = line, shared
    at = len(best.columns) - (len(best.path) - depth) - 1
    if not best.columns or not 0 <= at < len(best.columns):
        return Location(best.number, best.columns[0] if best.columns else 1)
    return Location(best.number, best.columns[at], best.ends[at])


def snippet(text: str, location: Location, message: str) -> str:
    """The line with a caret under the place, as Spin prints it."""
    lines = text.splitlines() or [""]
    line = lines[min(location.line, len(lines)) - 1]
    column = location.column or 1
    width = max(1, (location.end_column or column + 1) - column)
    number = str(location.line)
    margin = " " * len(number)
    return (
        f"TOML parse error at line {location.line}, column {column}\n"
        f"{margin} |\n{number} | {line}\n{margin} | {' ' * (column - 1)}{'^' * width}\n{message}"
    )


def _shared(mine: Path, other: Path) -> int:
    count = 0
    for a, b in zip(mine, other, strict=False):
        if a != b:
            break
        count += 1
    return count


def _lines(text: str) -> Iterator[_Line]:
    table: Path = ()
    counts: dict[Path, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        header = _HEADER.match(line)
        names, columns, ends = _names(line, header.end() if header else 0)
        if not names:
            continue
        if header:
            table = _entered(names, header.group(1) == "[[", counts)
            yield _Line(number, table, columns, ends)
        elif "=" in line:
            yield _Line(number, table + tuple(names), columns, ends)


def _names(line: str, start: int) -> tuple[list[str], tuple[int, ...], tuple[int, ...]]:
    names: list[str] = []
    columns: list[int] = []
    ends: list[int] = []
    found = _KEY.match(line, start)
    while found:
        group = next(i for i in (1, 2, 3) if found.group(i) is not None)
        quoted = group != 3
        names.append(found.group(group))
        columns.append(found.start(group) + 1 - quoted)
        ends.append(found.end(group) + 1 + quoted)
        found = _KEY.match(line, found.end()) if found.group(4) == "." else None
    return names, tuple(columns), tuple(ends)


def _entered(names: Sequence[str], array: bool, counts: dict[Path, int]) -> Path:
    path: Path = ()
    for name in names[:-1]:
        path += (name,)
        if path in counts:
            path += (counts[path],)
    path += (names[-1],)
    if array:
        counts[path] = counts.get(path, -1) + 1
        return (*path, counts[path])
    return (*path, counts[path]) if path in counts else path
