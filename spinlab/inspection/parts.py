"""A binary as a tree: components and core modules, each with its sections and notes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from spinlab.engine import binary
from spinlab.engine.binary import BROKEN, CUSTOM, DEPTH, MAGIC, Buffer, Reader, Section
from spinlab.errors import ComponentError

CORE_TITLES: Final = (
    *("custom", "types", "imports", "functions", "tables", "memories", "globals", "exports", "start", "elements"),
    *("code", "data", "data count", "tags"),
)
"""Sections of a core module by their id."""

TITLES: Final = (
    *("custom", "core module", "core instances", "core types", "component", "instances", "aliases", "types"),
    *("canonical functions", "start", "imports", "exports", "values"),
)
"""Sections of a component by their id."""

CODE: Final = 10
_PRODUCERS: Final = 200
"""Entries of a producers section that are read."""


@dataclass(frozen=True)
class Piece:
    """A section.

    Attributes:
        title: What it holds; of a custom section, its name.
        id: As in the binary.
        start, end: Where its body is.
        count: How many entries it has; 0 where that is not a number at its beginning.
    """

    title: str
    id: int
    start: int
    end: int
    count: int = 0

    @property
    def size(self) -> int:
        """Bytes of its body."""
        return self.end - self.start


@dataclass(frozen=True)
class Part:
    """A component or core module, as a whole or inside another component.

    Attributes:
        kind: ``component`` or ``core module``.
        name: As it says itself; empty when it does not.
        start, end: Where it is, its header included.
        pieces: Its sections in order, without the components and core modules in it.
        parts: Those.
        producers: Who made it: (field, name and version).
        depth: In how many components it is.
    """

    kind: str
    name: str
    start: int
    end: int
    pieces: tuple[Piece, ...]
    parts: tuple[Part, ...] = ()
    producers: tuple[tuple[str, str], ...] = ()
    depth: int = 0

    @property
    def size(self) -> int:
        """Its bytes, header included."""
        return self.end - self.start

    @property
    def all(self) -> Iterator[Part]:
        """Itself and all parts in it, in order."""
        yield self
        for part in self.parts:
            yield from part.all

    @property
    def has_code(self) -> bool:
        """Whether it is a core module with functions of its own."""
        return self.kind == "core module" and any(piece.id == CODE and piece.count for piece in self.pieces)

    @property
    def customs(self) -> tuple[tuple[str, int], ...]:
        """Name and size of each custom section."""
        return tuple((piece.title, piece.size) for piece in self.pieces if piece.id == CUSTOM)

    @property
    def totals(self) -> dict[str, tuple[int, int]]:
        """Title -> bytes and entries of all sections of that kind; custom sections are one kind."""
        found: dict[str, tuple[int, int]] = {}
        for piece in self.pieces:
            title = "custom" if piece.id == CUSTOM else piece.title
            size, count = found.get(title, (0, 0))
            found[title] = size + piece.size, count + piece.count
        return found


def read(data: Buffer) -> Part:
    """Read a whole binary.

    Raises:
        ComponentError: It is damaged, or no WebAssembly.
    """
    if bytes(data[:4]) != MAGIC:
        raise ComponentError("this is not WebAssembly", hint="a .wasm begins with the bytes 00 61 73 6d")
    return _part(data, 0, len(data), 0)


def _part(data: Buffer, start: int, end: int, depth: int) -> Part:
    if depth > DEPTH:
        raise ComponentError("components are nested too deeply", hint=BROKEN)
    is_component = bytes(data[start : start + 8]) == binary.COMPONENT_HEADER
    if not is_component and bytes(data[start : start + 8]) != binary.MODULE_HEADER:
        raise ComponentError(f"the binary at offset {start} is of a version that is not known here", hint=BROKEN)
    nested = (binary.CORE_MODULE, binary.COMPONENT) if is_component else ()
    pieces: list[Piece] = []
    parts: list[Part] = []
    name = ""
    producers: tuple[tuple[str, str], ...] = ()
    for section in binary.sections(data, start + 8, end):
        if section.id in nested:
            parts.append(_part(data, section.start, section.end, depth + 1))
            continue
        piece = _piece(data, section, TITLES if is_component else CORE_TITLES)
        pieces.append(piece)
        if section.id == CUSTOM and piece.title == "producers":
            producers = _producers(data, section)
        elif section.id == CUSTOM and piece.title in ("name", "component-name"):
            name = _own_name(data, section)
    kind = "component" if is_component else "core module"
    return Part(kind, name, start, end, tuple(pieces), tuple(parts), producers, depth)


def _piece(data: Buffer, section: Section, titles: tuple[str, ...]) -> Piece:
    reader = Reader(data, section.start, section.end)
    if section.id == CUSTOM:
        return Piece(reader.name(), CUSTOM, section.start, section.end)
    known = section.id < len(titles)
    title = titles[section.id] if known else f"section {section.id}"
    count = reader.u32() if known and title not in ("start", "data count") and reader.more else 0
    return Piece(title, section.id, section.start, section.end, count)


def _producers(data: Buffer, section: Section) -> tuple[tuple[str, str], ...]:
    """What a producers section says (tool-conventions: ProducersSection), as far as it can be read."""
    found: list[tuple[str, str]] = []
    with suppress(ComponentError):
        reader = Reader(data, section.start, section.end)
        reader.name()
        for _ in range(reader.u32()):
            field = reader.name()
            for _ in range(reader.u32()):
                if len(found) >= _PRODUCERS:
                    return tuple(found)
                found.append((field, f"{reader.name()} {reader.name()}".strip()))
    return tuple(found)


def _own_name(data: Buffer, section: Section) -> str:
    """The name that a name section gives to the whole; empty when there is none."""
    with suppress(ComponentError):
        reader = Reader(data, section.start, section.end)
        reader.name()
        if reader.more and reader.byte() == 0:
            reader.u32()
            return reader.name()
    return ""
