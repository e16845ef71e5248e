"""The bridge's components as the engine links them: what each exports, and its core module taken out to be shared.

A provider's core module is nearly all of its code. Taken out and imported instead, it is compiled once for the whole
engine, and a function costs only its own code.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Final

from spinlab.engine import binary, recognize
from spinlab.engine.binary import Reader
from spinlab.errors import ComponentError

HOST: Final = "spinlab:bridge/host@0.1.0"
OWN: Final = "spinlab:"

HOST_TYPE: Final = f"""(import "{HOST}" (instance $host
  (export "log" (func (param "stream" u32) (param "text" string) (result bool)))
  (export "wall" (func (result u64)))
  (export "mono" (func (result u64)))
  (export "random" (func (param "n" u32) (result string)))
  (export "environment" (func (result string)))
  (export "exit" (func (param "code" u32)))
  (export "start" (func (param "op" string) (param "args" string) (param "data" string)
    (result (tuple u32 u32 string string))))
  (export "take" (func (param "id" u32) (result (tuple u32 string string))))
  (export "cancel" (func (param "id" u32)))
  (export "wait" (func (param "ids" string) (param "until" u64) (result bool)))))
"""


@dataclass(frozen=True)
class Provider:
    """One component of the bridge.

    Attributes:
        name: Its file's name without the suffix, such as ``wasi2``.
        component: Its bytes, importing `core_name` instead of containing it.
        core: The core module.
        core_type: Body of the core type section that describes the module.
        imports, exports: Names of instances.
    """

    name: str
    component: bytes = field(repr=False)
    core: bytes = field(repr=False)
    core_type: bytes = field(repr=False)
    imports: tuple[str, ...]
    exports: tuple[str, ...]

    @property
    def core_name(self) -> str:
        """The name under which nested components import the core."""
        return f"core-{self.name}"

    @property
    def public(self) -> tuple[str, ...]:
        """The exports that guests may link to."""
        return tuple(n for n in self.exports if not n.startswith(OWN))


def make_provider(name: str, component: bytes) -> Provider:
    """Take a component apart: its first core module becomes an import of the same index.

    Raises:
        ComponentError: It is no component, or has no core module.
    """
    recognize.require_component(component)
    parts: list[bytes] = [component[:8]]
    core = core_type = b""
    for section in binary.sections(component):
        body = component[section.start : section.end]
        if section.id == binary.CORE_MODULE and not core:
            core, core_type = body, _module_type(body)
            raw = f"core-{name}".encode()
            parts.append(binary.section_bytes(binary.CORE_TYPE, core_type))
            # one import: plain name, of a core module of type 0
            imported = b"\x01\x00" + binary.leb(len(raw)) + raw + b"\x00\x11\x00"
            parts.append(binary.section_bytes(binary.IMPORT, imported))
        elif section.id == binary.CORE_TYPE:
            raise ComponentError(f"the bridge's {name}.wasm has core types of its own")
        elif section.id != binary.CUSTOM:
            parts.append(binary.section_bytes(section.id, body))
    if not core:
        raise ComponentError(f"the bridge's {name}.wasm has no core module")
    return Provider(
        name,
        b"".join(parts),
        core,
        core_type,
        tuple(x.name for x in binary.imports(component) if x.kind == "instance"),
        tuple(x.name for x in binary.exports(component) if x.kind == "instance"),
    )


class _ModuleType:
    """Builds the type of a core module from its sections, in the declarations of the binary format.

    Its function types come first and in the module's own order, so that every index stays as it is.
    """

    def __init__(self) -> None:
        self.declarations: list[bytes] = []
        self.spaces: dict[int, list[bytes]] = {kind: [] for kind in range(4)}  # type of each item, imports first

    def types(self, reader: Reader) -> None:
        self.declarations += [b"\x01" + _spanned(reader, _skip_function_type) for _ in range(reader.u32())]

    def imports(self, reader: Reader) -> None:
        for _ in range(reader.u32()):
            start = reader.pos
            reader.name()
            reader.name()
            kind = reader.byte()
            self.spaces[kind].append(_spanned(reader, _ITEMS[kind]))
            self.declarations.append(b"\x00" + bytes(reader.data[start : reader.pos]))

    def functions(self, reader: Reader) -> None:
        self.spaces[0] += [_spanned(reader, _ITEMS[0]) for _ in range(reader.u32())]

    def tables(self, reader: Reader) -> None:
        self.spaces[1] += [_spanned(reader, _ITEMS[1]) for _ in range(reader.u32())]

    def memories(self, reader: Reader) -> None:
        self.spaces[2] += [_spanned(reader, _ITEMS[2]) for _ in range(reader.u32())]

    def exports(self, reader: Reader) -> None:
        for _ in range(reader.u32()):
            name = _spanned(reader, Reader.name)
            kind, index = reader.byte(), reader.u32()
            if kind in (0, 1, 2):  # nothing in the bridge's components uses exported globals
                self.declarations.append(b"\x03" + name + bytes((kind,)) + self.spaces[kind][index])


_SECTIONS: Final[dict[int, Callable[[_ModuleType, Reader], None]]] = {
    1: _ModuleType.types,
    2: _ModuleType.imports,
    3: _ModuleType.functions,
    4: _ModuleType.tables,
    5: _ModuleType.memories,
    7: _ModuleType.exports,
}


def _module_type(core: bytes) -> bytes:
    """A core type section that holds the type of `core`."""
    builder = _ModuleType()
    for section in binary.sections(core):
        if section.id in _SECTIONS:
            _SECTIONS[section.id](builder, Reader(core, section.start, section.end))
    return b"\x01\x50" + binary.leb(len(builder.declarations)) + b"".join(builder.declarations)


def _spanned(reader: Reader, skip: Callable[[Reader], object]) -> bytes:
    start = reader.pos
    skip(reader)
    return bytes(reader.data[start : reader.pos])


def _skip_function_type(reader: Reader) -> None:
    if reader.byte() != 0x60:
        raise ComponentError("the bridge's core module has types that are not functions")
    for _ in range(2):
        reader.take(reader.u32())


def _skip_limits(reader: Reader) -> None:
    flags = reader.byte()
    reader.big()
    if flags & 1:
        reader.big()


def _skip_table(reader: Reader) -> None:
    reader.byte()
    _skip_limits(reader)


_ITEMS: Final[tuple[Callable[[Reader], object], ...]] = (
    Reader.u32,
    _skip_table,
    _skip_limits,
    lambda reader: reader.take(2),
)


DRIVERS: Final = ("driver3", "message3")
"""What calls the handler of a guest of WASI 0.3: for requests, for messages."""

NAMES: Final = ("wasi2", "spin2", "wasi3", "spin3", *DRIVERS)


@cache
def providers() -> dict[str, Provider]:
    """Every provider of the bridge by name; those whose file is not there are left out."""
    folder = files("spinlab.bridge")
    found = {}
    for name in NAMES:
        file = folder / f"{name}.wasm"
        if file.is_file():
            found[name] = make_provider(name, file.read_bytes())
    return found
