"""What the core modules inside a component define: their linear memories, and whether they start by themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from spinlab.engine import binary
from spinlab.engine.binary import BROKEN, DEPTH, Buffer, Reader, Section
from spinlab.errors import ComponentError

_MEMORY: Final = 5
_START: Final = 8
_PAGE: Final = 1 << 16


@dataclass(frozen=True)
class Memories:
    """The linear memories that the core modules of a binary define.

    Attributes:
        growable: How many can grow.
        fixed: How many can't.
        fixed_bytes: Their sizes together.
    """

    growable: int = 0
    fixed: int = 0
    fixed_bytes: int = 0

    def __add__(self, other: Memories) -> Memories:
        return Memories(self.growable + other.growable, self.fixed + other.fixed, self.fixed_bytes + other.fixed_bytes)


@dataclass(frozen=True)
class Cores:
    """What a scan over all core modules of a binary found.

    Attributes:
        memories: Their linear memories.
        starts: Whether any has a start function, so that making an instance runs code of the guest.
    """

    memories: Memories = Memories()
    starts: bool = False


def scan_cores(data: Buffer) -> Cores:
    """Look at every core module in a component, nested components included."""
    memories, starts = _scan(data, 8, len(data), 0)
    return Cores(memories, starts)


def _scan(data: Buffer, start: int, end: int, depth: int) -> tuple[Memories, bool]:
    if depth > DEPTH:
        raise ComponentError("components are nested too deeply", hint=BROKEN)
    memories, starts = Memories(), False
    for section in binary.sections(data, start, end):
        if section.id == binary.CORE_MODULE:
            found, started = _scan_module(data, section)
        elif section.id == binary.COMPONENT:
            found, started = _scan(data, section.start + 8, section.end, depth + 1)
        else:
            continue
        memories += found
        starts = starts or started
    return memories, starts


def _scan_module(data: Buffer, module: Section) -> tuple[Memories, bool]:
    memories, starts = Memories(), False
    for section in binary.sections(data, module.start + 8, module.end):
        if section.id == _START:
            starts = True
        elif section.id == _MEMORY:
            reader = Reader(data, section.start, section.end)
            for _ in range(reader.u32()):
                memories += _memory(reader)
    return memories, starts


def _memory(reader: Reader) -> Memories:
    flags = reader.byte()
    least = reader.big()
    most = reader.big() if flags & 1 else None
    if flags & 8:
        reader.u32()
    if most == least:
        return Memories(0, 1, least * _PAGE)
    return Memories(1, 0, 0)
