"""Which place of the text an offset of its binary stands for.

A validator says where in the binary something does not fit. The instructions of a function are counted there up to the
offset, and in the text up to the same number. When the two do not have the same count, because an instruction is in
use that is not known here, the place is the function.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from spinlab.engine.binary import Reader, sections
from spinlab.errors import ComponentError
from spinlab.languages.wat.text import Atom, Form

_CODE: Final = 10
_NAME: Final = re.compile(r"[a-z][a-z0-9_.]*")
_HEAPS: Final = ("func", "extern", "any", "none", "eq", "i31", "struct", "array", "exn")
_NOT_INSTRUCTIONS: Final = frozenset((*_HEAPS, "inf", "nan", "i8x16", "i16x8", "i32x4", "i64x2", "f32x4", "f64x2"))
_IMMEDIATE: Final = frozenset(("type", "param", "result", "local", "export", "import"))
_BLOCKS: Final = frozenset(("block", "loop", "if"))

# How many LEB128 numbers follow an instruction.
_NUMBERS: Final = {
    **dict.fromkeys((0x02, 0x03, 0x04), 1),  # a block's type
    **dict.fromkeys((0x0C, 0x0D, 0x10, 0x12, 0xD0, 0xD2), 1),
    **dict.fromkeys((0x11, 0x13), 2),
    **dict.fromkeys(range(0x20, 0x27), 1),
    **dict.fromkeys(range(0x28, 0x3F), 2),
    **dict.fromkeys((0x3F, 0x40, 0x41, 0x42), 1),
}
_AFTER_FC: Final = {8: 2, 9: 1, 10: 2, 11: 1, 12: 2, 13: 1, 14: 2, 15: 1, 16: 1, 17: 1}


def index_of(module: bytes, offset: int, functions: list[Form]) -> int | None:
    """The index in the text that an offset in the code of a module stands for; None when it is in no function of these.

    Parameters:
        functions: The functions that the text defines, in order.
    """
    bodies = list(_bodies(module))
    number = next((n for n, (begin, end) in enumerate(bodies) if begin <= offset < end), None)
    if number is None or number >= len(functions):
        return None
    form = functions[number]
    try:
        before, whole = _counted(module, *bodies[number], offset)
        written = [*_instructions(form), form.end]
    except (ComponentError, RecursionError):
        return form.at
    return written[before] if before is not None and len(written) == whole else form.at


def _bodies(module: bytes) -> Iterator[tuple[int, int]]:
    """Begin and end of the body of each function."""
    for section in sections(module):
        if section.id == _CODE:
            reader = Reader(module, section.start, section.end)
            for _ in range(reader.u32()):
                size = reader.u32()
                yield reader.pos, reader.pos + size
                reader.pos += size


def _counted(module: bytes, begin: int, end: int, offset: int) -> tuple[int | None, int]:
    """How many instructions of a body come before the offset, and how many there are; none when one is not known."""
    reader = Reader(module, begin, end)
    for _ in range(reader.u32()):  # groups of locals
        reader.u32()
        reader.byte()
    count, before = 0, None
    while reader.more:
        if reader.pos >= offset and before is None:
            before = count
        if not _skip(reader):
            return None, 0
        count += 1
    return before, count


def _skip(reader: Reader) -> bool:
    """Go behind one instruction; False for one that is not known."""
    code = reader.byte()
    if code == 0xFC:
        numbers = _AFTER_FC.get(reader.u32(), 0)
    elif code in (0x0E, 0x1C):  # br_table, select with types
        numbers = reader.u32() + (code == 0x0E)
    elif code in (0x43, 0x44):
        reader.take(4 if code == 0x43 else 8)
        return True
    elif code in (0x06, 0x07, 0x08, 0x09, 0x0A, 0x18, 0x19, 0x1F, 0xD3, 0xD4, 0xD5, 0xD6) or code > 0xF0:
        return False
    else:
        numbers = _NUMBERS.get(code, 0)
    for _ in range(numbers):
        reader.big()
    return True


def _instructions(form: Form) -> Iterator[int]:
    """The index of each instruction in a form, in the order of the binary."""
    for item in form.items[1:]:
        if isinstance(item, Form):
            if item.head not in _IMMEDIATE:
                yield from _folded(item)
        elif _is_instruction(item):
            yield item.at


def _folded(form: Form) -> Iterator[int]:
    at = form.items[0].at if form.items else form.at
    if form.head not in _BLOCKS:
        yield from _instructions(form)
        yield at
        return
    branches = [item for item in form.forms() if item.head in ("then", "else")]
    if form.head == "if":
        for condition in form.forms():
            if condition not in branches and condition.head not in _IMMEDIATE:
                yield from _folded(condition)
    yield at
    if form.head != "if":
        yield from _instructions(form)
    for branch in branches:
        if branch.head == "else":
            yield branch.at
        yield from _instructions(branch)
    yield form.end


def _is_instruction(atom: Atom) -> bool:
    return _NAME.fullmatch(atom.text) is not None and atom.text not in _NOT_INSTRUCTIONS
