"""A core module as far as one must know it to make a component of it: names of imports, exports and notes."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from spinlab.engine import binary
from spinlab.engine.binary import Buffer, Reader, Section
from spinlab.errors import ComponentError

_IMPORT, _EXPORT, _FUNCTION = 2, 7, 0


@dataclass(frozen=True)
class Module:
    """What a core module says of itself.

    Attributes:
        imports: Names of the modules that it imports from; the first ones only, when it imports more than functions.
        functions: Names of the functions that it exports.
        notes: Names of its custom sections.
        clang: Version of the C compiler that made it, as written; empty when it does not say.
    """

    imports: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    clang: str = ""

    @property
    def has_world(self) -> bool:
        """Whether it names the world that it is for, as a component's code does before it becomes one."""
        return any(note.startswith("component-type") for note in self.notes)

    @property
    def is_program(self) -> bool:
        """Whether it has a main function."""
        return "_start" in self.functions


def read_module(data: Buffer) -> Module:
    """Read a core module, as far as it can be read."""
    imports: list[str] = []
    functions: list[str] = []
    notes: list[str] = []
    clang = ""
    with suppress(ComponentError):
        for section in binary.sections(data):
            if section.id == binary.CUSTOM:
                reader = Reader(data, section.start, section.end)
                notes.append(reader.name())
                if notes[-1] == "producers":
                    clang = _clang(reader)
            elif section.id == _IMPORT:
                _imports(data, section, imports)
            elif section.id == _EXPORT:
                _exports(data, section, functions)
    return Module(tuple(dict.fromkeys(imports)), tuple(functions), tuple(notes), clang)


def _imports(data: Buffer, section: Section, found: list[str]) -> None:
    reader = Reader(data, section.start, section.end)
    for _ in range(reader.u32()):
        found.append(reader.name())
        reader.name()
        if reader.byte() != _FUNCTION:
            return
        reader.u32()


def _exports(data: Buffer, section: Section, found: list[str]) -> None:
    reader = Reader(data, section.start, section.end)
    for _ in range(reader.u32()):
        name, kind = reader.name(), reader.byte()
        reader.u32()
        if kind == _FUNCTION:
            found.append(name)


def _clang(reader: Reader) -> str:
    """The version beside ``clang`` among the producers (tool-conventions: ProducersSection)."""
    version = ""
    for _ in range(reader.u32()):
        field = reader.name()
        for _ in range(reader.u32()):
            name, text = reader.name(), reader.name()
            if field == "processed-by" and name == "clang":
                version = text
    return version
