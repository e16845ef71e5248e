"""The functions of core modules: their names, and where their code is."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from spinlab.engine.binary import BROKEN, CUSTOM, Buffer, Extern, Reader
from spinlab.errors import ComponentError, OptionError
from spinlab.inspection.parts import CODE, Part, Piece

_IMPORTS, _FUNCTIONS, _EXPORTS = 2, 3, 7
_KINDS: Final = ("function", "table", "memory", "global", "tag")
_SMALL: Final = range(20, 200)
_TINY: Final = range(4, 20)
"""Bytes of a function that is shown as an example; rather not a tiny one."""
_COMPARED: Final = 20_000
_HANDLES: Final = re.compile(r"(^|::|[\d#.])handle($|17h|[#.(])")


@dataclass(frozen=True)
class Body:
    """A function that a core module defines.

    Attributes:
        index: Among all functions, imported ones first.
        name: That it is exported under, else the one for debuggers; empty when it has none.
        start, end: Where its code is in the whole binary.
        exported: Whether it is exported.
        named: Whether it has a name for debuggers, as functions that somebody wrote have and stubs have not.
    """

    index: int
    name: str
    start: int
    end: int
    exported: bool = False
    named: bool = False

    @property
    def size(self) -> int:
        """Bytes of its code."""
        return self.end - self.start

    @property
    def title(self) -> str:
        """What to call it."""
        return self.name or f"function {self.index}"


@dataclass(frozen=True)
class Code:
    """A core module with code.

    Attributes:
        part: The module.
        bodies: Its functions, in order.
    """

    part: Part
    bodies: tuple[Body, ...]

    @cached_property
    def by_name(self) -> dict[str, Body]:
        """Its functions by their names; of those that share one not the stub that only calls the other."""
        return {body.name: body for body in sorted(self.bodies, key=_weight) if body.name}


def _weight(body: Body) -> tuple[bool, int]:
    """What tells a function from a stub of the same name."""
    return body.named, body.size


def code(data: Buffer, part: Part) -> Code:
    """The functions of a core module.

    Raises:
        ComponentError: It is damaged.
    """
    imported = sum(1 for one in _imports(data, _section(part, _IMPORTS)) if one.kind == "function")
    exported: dict[int, str] = {}
    for extern, index in _exports(data, _section(part, _EXPORTS)):
        if extern.kind == "function":
            exported.setdefault(index, extern.name)
    names = _names(data, part)
    section = _section(part, CODE)
    bodies: list[Body] = []
    if section is not None:
        reader = Reader(data, section.start, section.end)
        for number in range(reader.u32()):
            size = reader.u32()
            if size > reader.end - reader.pos:
                raise ComponentError(f"a function at offset {reader.pos} is cut off", hint=BROKEN)
            index = imported + number
            name = exported.get(index) or names.get(index, "")
            bodies.append(Body(index, name, reader.pos, reader.pos + size, index in exported, index in names))
            reader.pos += size
    return Code(part, tuple(bodies))


def externs(data: Buffer, part: Part) -> tuple[tuple[Extern, ...], tuple[Extern, ...]]:
    """What a core module imports and exports."""
    imported = tuple(_imports(data, _section(part, _IMPORTS)))
    return imported, tuple(extern for extern, _ in _exports(data, _section(part, _EXPORTS)))


def find(codes: Sequence[Code], wanted: str) -> tuple[Code, Body]:
    """The function that was named.

    Parameters:
        wanted: Its name, with or without ``$``, or its index; with ``MODULE:`` before it, the module's number or name.

    Raises:
        OptionError: There is none; near ones are suggested.
    """
    among, name = _module(codes, wanted)
    name = name.removeprefix("$")
    exact = [(one, one.by_name[name]) for one in among if name in one.by_name]
    if exact:
        return max(exact, key=lambda pair: _weight(pair[1]))
    if name.isdigit():
        for one in among:
            first = one.bodies[0].index if one.bodies else 0
            if first <= int(name) < first + len(one.bodies):
                return one, one.bodies[int(name) - first]
    known = [n for one in among for n in one.by_name]
    near = [n for n in known if name.lower() in n.lower()]
    if len(near) == 1:
        return next((one, one.by_name[near[0]]) for one in among if near[0] in one.by_name)
    near = near or difflib.get_close_matches(name, known[:_COMPARED], n=5)
    shown = ", ".join(sorted(near, key=len)[:8])
    hint = f"there are: {shown}" if near else "functions have names only where the compiler left them; an index will do"
    raise OptionError(f"no function is called {wanted!r}", hint=hint)


def small(codes: Sequence[Code]) -> tuple[Code, Body] | None:
    """A function that is short enough to be read: rather one that handles requests, or is exported, or has a name."""
    found: tuple[Code, Body] | None = None
    best: tuple[bool, bool, bool, int] | None = None
    for one in codes:
        for body in one.bodies:
            handles = bool(_HANDLES.search(body.name.lower()))
            if body.size in _SMALL or (handles and body.size in _TINY):
                named = bool(body.name) and not body.name.isdigit()
                rank = (not (handles and body.named), not (named and body.exported), not named, body.size)
                if best is None or rank < best:
                    found, best = (one, body), rank
    if found is None:
        shortest = [(one, body) for one in codes for body in one.bodies]
        found = min(shortest, key=lambda pair: pair[1].size, default=None)
    return found


def _module(codes: Sequence[Code], wanted: str) -> tuple[Sequence[Code], str]:
    """The modules that are meant, and the rest of the name; Rust's names have colons too."""
    before, sign, name = wanted.partition(":")
    if not sign or name.startswith(":"):
        return codes, wanted
    if before.isdigit() and int(before) < len(codes):
        return [codes[int(before)]], name
    called = [one for one in codes if one.part.name == before]
    return (called, name) if called else (codes, wanted)


def _section(part: Part, number: int) -> Piece | None:
    return next((piece for piece in part.pieces if piece.id == number), None)


def _imports(data: Buffer, piece: Piece | None) -> Iterator[Extern]:
    if piece is None:
        return
    reader = Reader(data, piece.start, piece.end)
    for _ in range(reader.u32()):
        name = f"{reader.name()} {reader.name()}"
        yield Extern(name, _skip_type(reader))


def _exports(data: Buffer, piece: Piece | None) -> Iterator[tuple[Extern, int]]:
    if piece is None:
        return
    reader = Reader(data, piece.start, piece.end)
    for _ in range(reader.u32()):
        name, kind = reader.name(), reader.byte()
        yield Extern(name, _kind(kind, reader)), reader.u32()


def _kind(number: int, reader: Reader) -> str:
    if number >= len(_KINDS):
        raise ComponentError(f"unknown kind of import or export at offset {reader.pos}: {number}", hint=BROKEN)
    return _KINDS[number]


def _skip_type(reader: Reader) -> str:
    """Read over the type of an import; its kind."""
    kind = _kind(reader.byte(), reader)
    if kind == "function":
        reader.u32()
    elif kind == "tag":
        reader.byte()
        reader.u32()
    elif kind == "global":
        _skip_value_type(reader)
        reader.byte()
    else:
        if kind == "table":
            _skip_value_type(reader)
        _skip_limits(reader)
    return kind


def _skip_value_type(reader: Reader) -> None:
    if reader.byte() in (0x63, 0x64):  # (ref null T) and (ref T)
        reader.big()


def _skip_limits(reader: Reader) -> None:
    flags = reader.byte()
    reader.big()
    if flags & 1:
        reader.big()
    if flags & 8:
        reader.u32()


def _names(data: Buffer, part: Part) -> dict[int, str]:
    """Names of functions for debuggers, as far as they can be read."""
    found: dict[int, str] = {}
    section = next((p for p in part.pieces if p.id == CUSTOM and p.title == "name"), None)
    if section is None:
        return found
    with suppress(ComponentError):
        reader = Reader(data, section.start, section.end)
        reader.name()
        while reader.more:
            number, size = reader.byte(), reader.u32()
            end = reader.pos + size
            if number == 1:
                for _ in range(reader.u32()):
                    index = reader.u32()
                    found[index] = reader.name()
            reader.pos = end
    return found
