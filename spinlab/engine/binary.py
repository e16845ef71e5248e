"""Component and core binaries as bytes: what they import and export, and how to put one inside another.

Every binary is an 8-byte header and then sections: an id byte, a LEB128 length, a body. That is all this module knows,
plus the few sections that name things. Whatever is wrong with the bytes raises `ComponentError`, never `IndexError`:
they come from strangers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from spinlab.errors import ComponentError

Buffer = bytes | bytearray | memoryview

MAGIC: Final = b"\0asm"
MODULE_HEADER: Final = MAGIC + b"\x01\0\0\0"
COMPONENT_HEADER: Final = MAGIC + b"\x0d\0\x01\0"

# Sections of a component, then of a core module (component-model: design/mvp/Binary.md).
CUSTOM: Final = 0
CORE_MODULE: Final = 1
CORE_TYPE: Final = 3
COMPONENT: Final = 4
INSTANCE: Final = 5
ALIAS: Final = 6
TYPE: Final = 7
IMPORT: Final = 10
EXPORT: Final = 11

KINDS: Final = ("core module", "function", "value", "type", "component", "instance")
DEPTH: Final = 50  # nested components; wasmparser allows 100, real ones use 3


class Reader:
    """Reads the primitives of the binary format from `data`, between two offsets."""

    __slots__ = ("data", "end", "pos")

    def __init__(self, data: Buffer, pos: int = 0, end: int | None = None) -> None:
        self.data = data
        self.pos = pos
        self.end = len(data) if end is None else end

    @property
    def more(self) -> bool:
        """Whether anything is left."""
        return self.pos < self.end

    def byte(self) -> int:
        """One byte."""
        if self.pos >= self.end:
            raise _cut(self.pos)
        value = self.data[self.pos]
        self.pos += 1
        return value

    def u32(self) -> int:
        """An unsigned LEB128 integer of at most 32 bits."""
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
            shift += 7
            if shift > 28:
                raise ComponentError(f"a number at offset {self.pos} of the binary is too long", hint=BROKEN)
        if value > 0xFFFFFFFF:
            raise ComponentError(f"a number at offset {self.pos} of the binary is too large", hint=BROKEN)
        return value

    def big(self) -> int:
        """A LEB128 integer of at most 64 bits (limits of 64-bit memories; also skips signed ones)."""
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7
            if shift > 63:
                raise ComponentError(f"a number at offset {self.pos} of the binary is too long", hint=BROKEN)

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        if count > self.end - self.pos:
            raise _cut(self.end)
        start, self.pos = self.pos, self.pos + count
        return bytes(self.data[start : self.pos])

    def name(self) -> str:
        """A length-prefixed UTF-8 name."""
        at = self.pos
        try:
            return self.take(self.u32()).decode()
        except UnicodeDecodeError:
            raise ComponentError(f"a name at offset {at} of the binary is not UTF-8", hint=BROKEN) from None


@dataclass(frozen=True)
class Section:
    """One section: its id, and where its body lies in the binary."""

    id: int
    start: int
    end: int


@dataclass(frozen=True)
class Extern:
    """One import or export of a component.

    Attributes:
        name: As written, such as ``wasi:http/types@0.2.0``.
        kind: One of `KINDS`.
        equals: For an imported type: the index of the type that it must equal; None for a fresh resource.
    """

    name: str
    kind: str
    equals: int | None = None


MOST_SECTIONS = 100_000
"""A component of 44 MB has a few thousand; a file of zeros would be millions."""

BROKEN = "the file is damaged: build it again, or copy it again"


def _cut(offset: int) -> ComponentError:
    return ComponentError(f"the binary ends in the middle of something (offset {offset})", hint=BROKEN)


def sections(data: Buffer, start: int = 8, end: int | None = None) -> Iterator[Section]:
    """The sections of a binary that lies between two offsets (default: the whole, behind its header)."""
    reader = Reader(data, start, end)
    count = 0
    while reader.more:
        number = reader.byte()
        size = reader.u32()
        count += 1
        if size > reader.end - reader.pos:
            raise _cut(reader.end)
        if count > MOST_SECTIONS:
            raise ComponentError(f"the binary has more than {MOST_SECTIONS:,} sections", hint=BROKEN)
        yield Section(number, reader.pos, reader.pos + size)
        reader.pos += size


def extern_name(reader: Reader) -> str:
    """The name of an import or export, in any encoding we know."""
    at = reader.pos
    encoding = reader.byte()
    if encoding > 1:
        raise ComponentError(
            f"a name at offset {at} of the component has an encoding that spinlab does not know ({encoding})",
            hint="build it with an earlier release of its tools, or update spinlab",
        )
    return reader.name()


def _extern_description(reader: Reader) -> tuple[str, int | None]:
    """Kind of an import's description, and the bound of a type."""
    at = reader.pos
    code = reader.byte()
    if code >= len(KINDS):
        raise ComponentError(f"unknown kind of import at offset {at} of the component: {code}", hint=BROKEN)
    equals: int | None = None
    if code == 0:
        reader.byte()
        reader.u32()
    elif code == 2:
        reader.byte()
        reader.big()
    elif code == 3:
        equals = reader.u32() if reader.byte() == 0 else None
    else:
        reader.u32()
    return KINDS[code], equals


def read_imports(data: Buffer, section: Section) -> Iterator[Extern]:
    """The imports of one import section of a component."""
    reader = Reader(data, section.start, section.end)
    for _ in range(reader.u32()):
        name = extern_name(reader)
        yield Extern(name, *_extern_description(reader))


def read_exports(data: Buffer, section: Section) -> Iterator[Extern]:
    """The exports of one export section of a component."""
    reader = Reader(data, section.start, section.end)
    for _ in range(reader.u32()):
        name = extern_name(reader)
        at = reader.pos
        sort = reader.byte()
        if sort == 0:
            reader.byte()
        elif sort >= len(KINDS):
            raise ComponentError(f"unknown kind of export at offset {at} of the component: {sort}", hint=BROKEN)
        reader.u32()
        if reader.byte():
            _extern_description(reader)
        yield Extern(name, KINDS[sort])


def imports(data: Buffer) -> tuple[Extern, ...]:
    """What a component imports, in order."""
    return tuple(x for s in sections(data) if s.id == IMPORT for x in read_imports(data, s))


def exports(data: Buffer) -> tuple[Extern, ...]:
    """What a component exports, in order."""
    return tuple(x for s in sections(data) if s.id == EXPORT for x in read_exports(data, s))


def leb(value: int) -> bytes:
    """An unsigned LEB128 integer."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def section_bytes(number: int, body: Buffer) -> bytes:
    """A section with its id and length."""
    return b"".join((bytes((number,)), leb(len(body)), body))


def splice(outer: Buffer, blobs: Iterable[Buffer], core_types: Iterable[Buffer] = ()) -> bytes:
    """Put binaries into the empty placeholders of a component, in order, and drop the outer custom sections.

    A placeholder is a nested ``(component)`` or ``(core module)`` that holds nothing but custom sections: WebAssembly
    text has no way to say "these bytes", so the outer component is written with placeholders and filled here. Core
    type sections are replaced as a whole by those given.
    """
    parts: list[Buffer] = [bytes(outer[:8])]
    waiting, types = iter(blobs), iter(core_types)
    for section in sections(outer):
        if section.id == CUSTOM:
            continue
        body: Buffer = outer[section.start : section.end]
        if section.id == CORE_TYPE:
            body = next(types)
        elif section.id in (CORE_MODULE, COMPONENT) and all(s.id == CUSTOM for s in sections(body)):
            body = next(waiting)
        parts += (bytes((section.id,)), leb(len(body)), body)
    if next(waiting, None) is not None or next(types, None) is not None:
        raise ValueError("more binaries than placeholders")
    return b"".join(parts)


def strip_custom(data: Buffer, depth: int = 0) -> bytes:
    """The binary without its custom sections (names, producers), nested ones included."""
    if depth > DEPTH:
        raise ComponentError("components are nested too deeply", hint=BROKEN)
    parts: list[Buffer] = [bytes(data[:8])]
    nested = (CORE_MODULE, COMPONENT) if bytes(data[:8]) == COMPONENT_HEADER else ()
    for section in sections(data):
        if section.id == CUSTOM:
            continue
        body: Buffer = data[section.start : section.end]
        if section.id in nested:
            body = strip_custom(body, depth + 1)
        parts += (bytes((section.id,)), leb(len(body)), body)
    return b"".join(parts)
