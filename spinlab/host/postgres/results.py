"""Values of PostgreSQL's binary form as packed cases of ``spin:postgres`` (Spin: crates/factor-outbound-pg)."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from uuid import UUID

from spinlab.host.pack import Case, Item, joined, pack
from spinlab.host.postgres import calendar, numeric, types
from spinlab.host.postgres.types import Unfit


def case_of(type_number: int, type_name: str) -> Case:
    """The type of a column, as the guest sees it."""
    known = _DECODE.get(type_number)
    return Case(known[0]) if known else Case("other", type_name)


def decoder(type_number: int) -> Callable[[bytes], bytes]:
    """What makes a packed case of a value that is not NULL; it raises `Unfit` for one that the case can't hold."""
    case, value = _DECODE.get(type_number, ("unsupported", bytes))
    # A case is a head and its packed value.
    head = pack(Case(case))[:-1]

    def decode(data: bytes) -> bytes:
        try:
            return head + pack(value(data))
        except (ValueError, struct.error, IndexError, OverflowError) as error:
            raise Unfit(f"a value of type {case} can't be read: {error}") from None

    return decode


def row(values: Iterable[bytes | None], decoders: Sequence[Callable[[bytes], bytes]]) -> bytes:
    """A packed row."""
    return joined([b"n" if v is None else decode(v) for v, decode in zip(values, decoders, strict=True)])


def _unpack(form: str, data: bytes) -> Item:
    (value,) = struct.unpack(form, data)
    return value  # type: ignore[no-any-return]


def _int(form: str) -> Callable[[bytes], Item]:
    return partial(_unpack, form)


def _finite(count: int, ends: int) -> int:
    if count in (ends, -ends - 1):
        raise ValueError("infinity")
    return count


def _to_date(data: bytes) -> Item:
    (count,) = struct.unpack(">i", data)
    return calendar.date(_finite(count, 0x7FFFFFFF))


def _to_time(data: bytes) -> Item:
    return calendar.time(*struct.unpack(">q", data))


def _to_datetime(data: bytes) -> Item:
    (count,) = struct.unpack(">q", data)
    day, rest = divmod(_finite(count, 0x7FFFFFFFFFFFFFFF), calendar.DAY)
    return (*calendar.date(day), *calendar.time(rest))


_BETWEEN = re.compile(rb'("(?:[^"\\]|\\.)*")|\s+', re.DOTALL)


def _to_json(data: bytes) -> Item:
    # Without the spaces that PostgreSQL writes, as Spin's serializer; numbers and texts stay byte for byte.
    return _BETWEEN.sub(lambda match: match[1] or b"", data[1:])


def _to_range(member: Callable[[bytes], Item], data: bytes) -> Item:
    flags, at = data[0], 1
    bounds: list[Item] = []
    for none, inside in ((types.LOWER_OPEN, types.LOWER_IN), (types.UPPER_OPEN, types.UPPER_IN)):
        if flags & (none | types.EMPTY):
            bounds.append(None)
            continue
        (length,) = struct.unpack_from(">i", data, at)
        value = member(data[at + 4 : at + 4 + length])
        bounds.append([value, "inclusive" if flags & inside else "exclusive"])
        at += 4 + length
    return bounds


def _to_array(member: Callable[[bytes], Item], data: bytes) -> Item:
    dimensions, _, _ = struct.unpack_from(">iiI", data)
    if dimensions == 0:
        return []
    if dimensions != 1:
        raise ValueError("array contains too many dimensions")
    (count,) = struct.unpack_from(">i", data, 12)
    at, items = 20, []
    for _ in range(count):
        (length,) = struct.unpack_from(">i", data, at)
        at += 4
        items.append(None if length < 0 else member(data[at : at + length]))
        at += max(length, 0)
    return items


_DECODE: dict[int, tuple[str, Callable[[bytes], Item]]] = {
    types.BOOL: ("boolean", lambda data: data != b"\x00"),
    types.BYTEA: ("binary", bytes),
    types.FLOAT4: ("floating32", _int(">f")),
    types.FLOAT8: ("floating64", _int(">d")),
    types.INT2: ("int16", _int(">h")),
    types.INT4: ("int32", _int(">i")),
    types.INT8: ("int64", _int(">q")),
    types.TEXT: ("str", bytes.decode),
    types.VARCHAR: ("str", bytes.decode),
    types.BPCHAR: ("str", bytes.decode),
    types.TIMESTAMP: ("datetime", _to_datetime),
    types.TIMESTAMPTZ: ("datetime", _to_datetime),
    types.DATE: ("date", _to_date),
    types.TIME: ("time", _to_time),
    types.UUID_: ("uuid", lambda data: str(UUID(bytes=data))),
    types.JSONB: ("jsonb", _to_json),
    types.NUMERIC: ("decimal", numeric.decode),
    types.INT4_RANGE: ("range-int32", partial(_to_range, _int(">i"))),
    types.INT8_RANGE: ("range-int64", partial(_to_range, _int(">q"))),
    types.NUM_RANGE: ("range-decimal", partial(_to_range, numeric.decode)),
    types.INT4_ARRAY: ("array-int32", partial(_to_array, _int(">i"))),
    types.INT8_ARRAY: ("array-int64", partial(_to_array, _int(">q"))),
    types.NUMERIC_ARRAY: ("array-decimal", partial(_to_array, numeric.decode)),
    types.TEXT_ARRAY: ("array-str", partial(_to_array, bytes.decode)),
    types.VARCHAR_ARRAY: ("array-str", partial(_to_array, bytes.decode)),
    types.BPCHAR_ARRAY: ("array-str", partial(_to_array, bytes.decode)),
    types.INTERVAL: ("interval", lambda data: struct.unpack(">qii", data)),
}
