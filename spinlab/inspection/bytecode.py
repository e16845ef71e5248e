"""The code of one function: each instruction as text beside its bytes.

wasm-tools prints whole modules, which for an image are hundreds of megabytes of text. So it gets the module with every
other function emptied and without its data, and what it prints of the one function is what is wanted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from spinlab.engine import binary
from spinlab.engine.binary import CUSTOM, Buffer, leb
from spinlab.errors import ComponentError
from spinlab.inspection.modules import Body, Code
from spinlab.inspection.parts import CODE
from spinlab.toolchains import component
from spinlab.toolchains.progress import Progress, silent

LINES: Final = 400
"""Lines of a function that are kept."""

_EMPTY: Final = b"\x03\x00\x00\x0b"  # a body of three bytes: no locals, unreachable, end
_KEPT: Final = (1, 2, 3, 4, 5, 6, 7, 13)
_LINE: Final = re.compile(r"^\(;@([0-9a-f]+)\s*;\)(.*)$")


@dataclass(frozen=True)
class Line:
    """An instruction.

    Attributes:
        offset: Where it is in the whole binary.
        data: Its bytes; empty where the line is only punctuation.
        text: As text, indented.
    """

    offset: int
    data: bytes
    text: str


@dataclass(frozen=True)
class Bytecode:
    """The code of a function.

    Attributes:
        name: Of the function.
        module: Of its core module; empty when that has none.
        size: Bytes of its code.
        lines: At most `LINES`.
        more: How many there are beside them.
    """

    name: str
    module: str
    size: int
    lines: tuple[Line, ...]
    more: int = 0

    @property
    def text(self) -> str:
        """As WAT."""
        rest = [f"    ;; ... and {self.more:,} more lines"] if self.more else []
        return "\n".join([*(line.text for line in self.lines), *rest])


def of(data: Buffer, code: Code, body: Body, *, progress: Progress = silent) -> Bytecode:
    """The code of a function.

    Raises:
        ComponentError: It is not well formed.
        ToolMissing: wasm-tools is not here and can't be had.
    """
    alone, start = _alone(data, code, body)
    printed = component.print_(alone, progress, offsets=True)
    found = _lines(printed, body.index)
    if not found:
        raise ComponentError(f"wasm-tools shows nothing of {body.title}")
    ends = [*(offset for offset, _ in found[1:]), start + body.size]
    lines = [
        Line(offset - start + body.start, alone[offset:end] if end > offset else b"", text)
        for (offset, text), end in zip(found, ends, strict=True)
    ]
    return Bytecode(body.title, code.part.name, body.size, tuple(lines[:LINES]), max(0, len(lines) - LINES))


def _alone(data: Buffer, code: Code, body: Body) -> tuple[bytes, int]:
    """The module with the code of one function only, and where that is in it."""
    out = bytearray(binary.MODULE_HEADER)
    at = 0
    for piece in code.part.pieces:
        if piece.id in _KEPT or (piece.id == CUSTOM and piece.title == "name"):
            out += binary.section_bytes(piece.id, data[piece.start : piece.end])
        elif piece.id == CODE:
            before = [one for one in code.bodies if one.index < body.index]
            head = leb(len(code.bodies)) + _EMPTY * len(before) + leb(body.size)
            rest = _EMPTY * (len(code.bodies) - len(before) - 1)
            content = head + bytes(data[body.start : body.end]) + rest
            out += bytes((CODE,)) + leb(len(content))
            at = len(out) + len(head)
            out += content
    return bytes(out), at


def _lines(printed: str, index: int) -> list[tuple[int, str]]:
    """Offset and text of the lines of a function in what wasm-tools printed."""
    begins = re.compile(r'^  \(func (?:\$(?:"(?:[^"\\]|\\.)*"|\S+) )?\(;' + str(index) + r";\)")
    found: list[tuple[int, str]] = []
    for line in printed.splitlines():
        parsed = _LINE.match(line)
        if parsed is None:
            continue
        text = parsed[2]
        if not found and not begins.match(text):
            continue
        found.append((int(parsed[1], 16), text[2:]))
        if text in ("  )", ")") or (len(found) == 1 and text.endswith("end)")):
            break
    return found
