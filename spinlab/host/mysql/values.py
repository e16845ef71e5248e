"""Values between a guest's cases (``spin:mysql``) and MySQL's binary form (Spin: crates/factor-outbound-mysql)."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from spinlab.host.pack import Case, Item, joined, pack

TINY, SHORT, LONG, FLOAT, DOUBLE, NULL, LONGLONG, INT24 = 1, 2, 3, 4, 5, 6, 8, 9
MEDIUM_BLOB, LONG_BLOB, BLOB, VAR_STRING, STRING = 250, 251, 252, 253, 254
UNSIGNED, BINARY = 32, 128
"""Flags of a column."""

_SIGNED_PARAMETERS = ("int8", "int16", "int32", "int64")
_UNSIGNED_PARAMETERS = ("uint8", "uint16", "uint32", "uint64")


class Unfit(ValueError):
    """A value that the interface has no case for, or a parameter that is none."""


def encode(params: Sequence[Item]) -> bytes:
    """Parameters as they follow the head of a statement's execution.

    Raises:
        Unfit: One is none.
    """
    if not params:
        return b""
    nulls = bytearray((len(params) + 7) // 8)
    kinds, data = [], []
    for i, item in enumerate(params):
        if item is None:
            nulls[i // 8] |= 1 << i % 8
            kinds.append(struct.pack("<BB", NULL, 0))
            continue
        kind, unsigned, value = _encoded(item)
        kinds.append(struct.pack("<BB", kind, 0x80 if unsigned else 0))
        data.append(value)
    return bytes(nulls) + b"\x01" + b"".join(kinds) + b"".join(data)


def _encoded(item: Item) -> tuple[int, bool, bytes]:
    name, value = (item.name, item.value) if isinstance(item, Case) else ("", None)
    try:
        if name in _SIGNED_PARAMETERS or name == "boolean":
            return LONGLONG, False, struct.pack("<q", value)
        if name in _UNSIGNED_PARAMETERS:
            return LONGLONG, True, struct.pack("<Q", value)
        if name == "floating32":
            return FLOAT, False, struct.pack("<f", value)
        if name == "floating64":
            return DOUBLE, False, struct.pack("<d", value)
    except (struct.error, OverflowError):
        raise Unfit(f"not a value of type {name}") from None
    if name == "str" and isinstance(value, str):
        return VAR_STRING, False, _counted(value.encode())
    if name == "binary" and isinstance(value, bytes):
        return VAR_STRING, False, _counted(value)
    raise Unfit("a parameter that no version of the interface has")


def _counted(data: bytes) -> bytes:
    size = len(data)
    if size < 251:
        return bytes([size]) + data
    if size < 1 << 16:
        return b"\xfc" + struct.pack("<H", size) + data
    if size < 1 << 24:
        return b"\xfd" + struct.pack("<I", size)[:3] + data
    return b"\xfe" + struct.pack("<Q", size) + data


_NUMBERS = {
    (DOUBLE, False): ("floating64", "<d"),
    (DOUBLE, True): ("floating64", "<d"),
    (FLOAT, False): ("floating32", "<f"),
    (FLOAT, True): ("floating32", "<f"),
    (INT24, False): ("int32", "<i"),
    (INT24, True): ("uint32", "<I"),
    (LONG, False): ("int32", "<i"),
    (LONG, True): ("uint32", "<I"),
    (LONGLONG, False): ("int64", "<q"),
    (LONGLONG, True): ("uint64", "<Q"),
    (SHORT, False): ("int16", "<h"),
    (SHORT, True): ("uint16", "<H"),
    (TINY, False): ("int8", "<b"),
    (TINY, True): ("uint8", "<B"),
}
"""Type and whether it is unsigned -> case and form."""


@dataclass(frozen=True)
class Column:
    """A column of a result.

    Attributes:
        name: As the server calls it.
        case: The case of its values; ``other`` for a type that the interface has none for.
        form: How a number is stored.
    """

    name: str
    case: str
    form: str = ""

    @classmethod
    def of(cls, name: str, kind: int, flags: int) -> Column:
        """The column that the server describes."""
        number = _NUMBERS.get((kind, bool(flags & UNSIGNED)))
        if number:
            return cls(name, *number)
        if kind in (LONG_BLOB, MEDIUM_BLOB):
            return cls(name, "binary")
        if kind in (BLOB, STRING, VAR_STRING):
            return cls(name, "binary" if flags & BINARY else "str")
        return cls(name, "other")

    @property
    def described(self) -> Item:
        """Name and type, for the guest."""
        return [self.name, Case(self.case)]


Reader = Callable[[bytes, int], tuple[bytes, int]]
"""From a packet and a place in it to a packed value and the place behind it."""


def reader(column: Column) -> Reader:
    """What reads the values of a column."""
    head = pack(Case(column.case))[:-1]
    if column.form:
        size, form = struct.calcsize(column.form), column.form
        return lambda data, at: (head + pack(struct.unpack_from(form, data, at)[0]), at + size)
    if column.case == "other":
        return lambda data, at: _no_case(column)

    def read(data: bytes, at: int) -> tuple[bytes, int]:
        size, at = _size(data, at)
        value = data[at : at + size]
        if len(value) != size:
            raise Unfit("a value is cut short")
        return head + pack(value if column.case == "binary" else value.decode()), at + size

    return read


def _no_case(column: Column) -> tuple[bytes, int]:
    raise Unfit(f"Cannot convert value in column {column.name} data type Other")


def _size(data: bytes, at: int) -> tuple[int, int]:
    first = data[at]
    if first < 251:
        return first, at + 1
    width = {0xFC: 2, 0xFD: 3, 0xFE: 8}.get(first, 0)
    return int.from_bytes(data[at + 1 : at + 1 + width], "little"), at + 1 + width


def row(data: bytes, readers: Sequence[Reader]) -> bytes:
    """A row in its binary form as a packed one.

    Raises:
        Unfit: One of its values has no case, or the row can't be read.
    """
    at = 1 + (len(readers) + 9) // 8
    values: list[bytes] = []
    try:
        for i, read in enumerate(readers, 2):
            if data[1 + i // 8] >> i % 8 & 1:
                values.append(b"n")
                continue
            value, at = read(data, at)
            values.append(value)
    except UnicodeDecodeError:
        raise Unfit("a text is not UTF-8") from None
    except (struct.error, IndexError):
        raise Unfit("a row can't be read") from None
    return joined(values)
