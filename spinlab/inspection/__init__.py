"""What a component is made of: imports, exports, sections, its world as WIT, its code as WAT beside the bytes.

`inspect` reads the binary itself, whatever its size; WIT and WAT come from wasm-tools, which is got at the first need.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from spinlab.engine import binary
from spinlab.engine.binary import Buffer, Extern
from spinlab.errors import ComponentError, OptionError
from spinlab.inspection import bytecode, modules
from spinlab.inspection.bytecode import Bytecode
from spinlab.inspection.modules import Code
from spinlab.inspection.parts import Part, read
from spinlab.shown import Shown
from spinlab.toolchains import component
from spinlab.toolchains.progress import Progress, silent

if TYPE_CHECKING:
    from spinlab.live import Live

__all__ = ["Bytecode", "Code", "Inspection", "Part", "inspect"]


@dataclass(frozen=True)
class Inspection(Shown):
    """A binary, read.

    Attributes:
        name: Of the function; empty for bare bytes.
        data: The bytes.
        part: The binary as a tree of parts.
        imports, exports: Of the component or core module, in order.
        image: Whether it is an image that many functions share.
        source: Bytes of the source that such an image is given.
    """

    name: str
    data: Buffer = field(repr=False)
    part: Part = field(repr=False)
    imports: tuple[Extern, ...]
    exports: tuple[Extern, ...]
    image: bool = False
    source: int = 0

    @property
    def kind(self) -> str:
        """``component`` or ``core module``."""
        return self.part.kind

    @property
    def size(self) -> int:
        """Bytes of the whole."""
        return self.part.size

    @cached_property
    def digest(self) -> str:
        """Its sha256, in hex."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def producers(self) -> tuple[tuple[str, str], ...]:
        """What the parts say of who made them, each once: (field, name and version)."""
        return tuple(dict.fromkeys(one for part in self.part.all for one in part.producers))

    @cached_property
    def code(self) -> tuple[Code, ...]:
        """The core modules that have code, in order."""
        return tuple(modules.code(self.data, part) for part in self.part.all if part.has_code)

    def wit(self, progress: Progress = silent) -> str:
        """The world of the component, as WIT.

        Raises:
            ComponentError: It is a core module that names no world, or damaged.
            ToolMissing: wasm-tools is not here and can't be had.
        """
        if self.kind != "component" and not any(n.startswith("component-type") for n, _ in self.part.customs):
            raise ComponentError(
                "a core module has no world", hint="its imports and exports are all that it says of itself"
            )
        return component.wit(bytes(self.data), progress)

    def wat(self, function: str, progress: Progress = silent) -> str:
        """One function of its core modules as text; see `bytecode`."""
        return self.bytecode(function, progress).text

    def bytecode(self, function: str = "", progress: Progress = silent) -> Bytecode:
        """One function, each instruction beside its bytes.

        Parameters:
            function: Its name or index, with ``MODULE:`` before it where several modules have such a one; a small one
                is chosen when left out.

        Raises:
            OptionError: There is none; near ones are suggested.
            ToolMissing: wasm-tools is not here and can't be had.
        """
        chosen = modules.find(self.code, function) if function else modules.small(self.code)
        if chosen is None:
            raise OptionError("there is no function in it that has code")
        return bytecode.of(self.data, *chosen, progress=progress)


def inspect(what: Live | bytes) -> Inspection:
    """Take a live function, or the bytes of a component or core module, apart.

    Raises:
        ComponentError: The bytes are damaged, or something else.
    """
    if isinstance(what, (bytes, bytearray, memoryview)):
        return _of("", memoryview(what))
    build = what.build
    image = bool(build.image or build.shared)
    return _of(what.function.name, memoryview(build.component), image, what.function.source_size if image else 0)


def _of(name: str, data: memoryview, image: bool = False, source: int = 0) -> Inspection:
    part = read(data)
    if part.kind == "component":
        return Inspection(name, data, part, binary.imports(data), binary.exports(data), image, source)
    imports, exports = modules.externs(data, part)
    return Inspection(name, data, part, imports, exports, image, source)
