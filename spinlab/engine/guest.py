"""A guest as nesting sees it: what it imports and exports, and where the types that it imports come from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from spinlab.engine import binary
from spinlab.engine.binary import Extern, Reader, Section


@dataclass(frozen=True)
class Guest:
    """A component as nesting sees it.

    Attributes:
        imports: In order.
        exports: In order.
        types: For each import of a type that equals another: where that one comes from, an imported instance and the
            name it exports, or None when it comes from elsewhere.
        indices: The index of each imported type.
    """

    imports: tuple[Extern, ...]
    exports: tuple[Extern, ...]
    types: Mapping[str, tuple[str, str] | None]
    indices: Mapping[str, int]


class _GuestReader:
    """Follows the index spaces of a component as far as imported types need it."""

    def __init__(self, component: bytes) -> None:
        self.component = component
        self.imports: list[Extern] = []
        self.exports: list[Extern] = []
        self.types: dict[str, tuple[str, str] | None] = {}
        self.indices: dict[str, int] = {}
        self.origins: list[tuple[str, str] | None] = []  # of each type index
        self.instances: list[str | None] = []  # import name of each instance index

    def read(self) -> Guest:
        readers: dict[int, Callable[[Section], None]] = {
            binary.IMPORT: self._imports,
            binary.EXPORT: self._exports,
            binary.ALIAS: self._aliases,
            binary.TYPE: lambda section: self.origins.extend([None] * self._count(section)),
            binary.INSTANCE: lambda section: self.instances.extend([None] * self._count(section)),
        }
        sections = list(binary.sections(self.component))
        last = max((n for n, section in enumerate(sections) if section.id == binary.IMPORT), default=-1)
        for n, section in enumerate(sections):
            if section.id in readers and (n <= last or section.id == binary.EXPORT):
                readers[section.id](section)
        return Guest(tuple(self.imports), tuple(self.exports), self.types, self.indices)

    def _count(self, section: Section) -> int:
        count = Reader(self.component, section.start, section.end).u32()
        return min(count, section.end - section.start)  # a lie in damaged bytes must not cost memory

    def _imports(self, section: Section) -> None:
        for extern in binary.read_imports(self.component, section):
            self.imports.append(extern)
            if extern.kind == "instance":
                self.instances.append(extern.name)
            elif extern.kind == "type":
                at = extern.equals
                origin = self.origins[at] if at is not None and at < len(self.origins) else None
                self.types[extern.name] = origin
                self.indices[extern.name] = len(self.origins)
                self.origins.append(origin)

    def _exports(self, section: Section) -> None:
        for extern in binary.read_exports(self.component, section):
            self.exports.append(extern)
            if extern.kind == "instance":
                self.instances.append(None)
            elif extern.kind == "type":
                self.origins.append(None)

    def _aliases(self, section: Section) -> None:
        reader = Reader(self.component, section.start, section.end)
        for _ in range(reader.u32()):
            sort = reader.byte()
            if sort == 0:
                reader.byte()
            target, first = reader.byte(), reader.u32()
            origin: tuple[str, str] | None = None
            if target == 2:
                reader.u32()
            else:
                name = reader.name()
                source = self.instances[first] if target == 0 and first < len(self.instances) else None
                origin = (source, name) if source else None
            if sort == 3:
                self.origins.append(origin)
            elif sort == 5:
                self.instances.append(None)


def read_guest(component: bytes) -> Guest:
    """Imports, exports, and the origin of imported types."""
    return _GuestReader(component).read()
