"""A guest's parameters in PostgreSQL's binary form (Spin: crates/factor-outbound-pg).

The server says which type a parameter has; a guest's value must be of the case that belongs to it, as in Spin: an
``int32`` is not taken where a ``bigint`` is wanted.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from uuid import UUID

from spinlab.host.pack import Case, Item
from spinlab.host.postgres import calendar, numeric, types
from spinlab.host.postgres.types import Unfit


def encode(item: Item, type_number: int, type_name: str) -> bytes | None:
    """A guest's parameter as PostgreSQL takes it for a type; None for NULL.

    Raises:
        Unfit: The value is none of its case.
        TypeError: Its case is not the type's.
    """
    if item is None:
        return None
    if not isinstance(item, Case) or item.name not in types.TAKES:
        raise Unfit("a parameter that no version of the interface has")
    if type_number not in types.TAKES[item.name] and type_name not in types.TAKES_NAMED.get(item.name, ()):
        raise TypeError(f"cannot convert between the value's type `{item.name}` and the Postgres type `{type_name}`")
    try:
        data = _ENCODE[item.name](item.value, type_number)
    except (ValueError, TypeError, OverflowError, struct.error, RecursionError) as error:
        reason = str(error) if isinstance(error, ValueError) else f"not a value of type {item.name}"
        raise Unfit(reason) from None
    return b"\x01" + data if type_name in ("ltree", "lquery", "ltxtquery") else data


def _text(value: Item, _: int) -> bytes:
    return value.encode() if isinstance(value, str) else _wrong()


def _binary(value: Item, _: int) -> bytes:
    return value if isinstance(value, bytes) else _wrong()


def _json(value: Item, type_number: int) -> bytes:
    text = _binary(value, 0)
    try:
        json.loads(text, parse_constant=_no_json)
    except (ValueError, RecursionError):
        raise ValueError("invalid JSON") from None
    return b"\x01" + text if type_number == types.JSONB else text


def _no_json(_: str) -> None:
    raise ValueError


def _uuid(value: Item, _: int) -> bytes:
    text = value if isinstance(value, str) else ""
    try:
        return UUID(text).bytes
    except ValueError:
        raise ValueError(f"invalid UUID {text[:100]}") from None


def _decimal(value: Item, _: int) -> bytes:
    return numeric.encode(value) if isinstance(value, str) else _wrong()


def _date(value: Item, _: int) -> bytes:
    year, month, day = _numbers(value, 3)
    return struct.pack(">i", calendar.days(year, month, day))


def _time(value: Item, _: int) -> bytes:
    hour, minute, second, nanosecond = _numbers(value, 4)
    return struct.pack(">q", calendar.micros(hour, minute, second, nanosecond))


def _datetime(value: Item, _: int) -> bytes:
    year, month, day, *clock = _numbers(value, 7)
    return struct.pack(">q", calendar.days(year, month, day) * calendar.DAY + calendar.micros(*clock))


def _timestamp(value: Item, _: int) -> bytes:
    if not isinstance(value, int) or abs(value) > 8_200_000_000_000:
        raise ValueError(f"invalid epoch timestamp {value!r}")
    return struct.pack(">q", value * calendar.SECOND - calendar.EPOCH * calendar.DAY)


def _interval(value: Item, _: int) -> bytes:
    return struct.pack(">qii", *_numbers(value, 3))


def _numbers(value: Item, count: int) -> list[int]:
    numbers = [one for one in value if isinstance(one, int)] if isinstance(value, list) else []
    if len(numbers) != count:
        _wrong()
    return numbers


def _wrong() -> bytes:
    raise ValueError("not a value of its type")


def _number(form: str, value: Item, _: int) -> bytes:
    if form == ">f" and isinstance(value, float):
        return _float(value)
    return struct.pack(form, value)


def _float(value: float) -> bytes:
    try:
        return struct.pack(">f", value)
    except OverflowError:
        return struct.pack(">f", float("inf") if value > 0 else float("-inf"))


def _array(member: Callable[[Item, int], bytes], value: Item, type_number: int) -> bytes:
    of = types.MEMBERS[type_number]
    parts = [None if one is None else member(one, of) for one in _list(value)]
    if not parts:
        return struct.pack(">iiI", 0, 0, of)
    head = struct.pack(">iiIii", 1, int(None in parts), of, len(parts), 1)
    return head + b"".join(b"\xff\xff\xff\xff" if p is None else struct.pack(">i", len(p)) + p for p in parts)


def _list(value: Item) -> Sequence[Item]:
    if not isinstance(value, list):
        raise TypeError
    return value


def _range(member: Callable[[Item, int], bytes], value: Item, _: int) -> bytes:
    bounds = [None if bound is None else _list(bound) for bound in _list(value)]
    lower, upper = bounds
    if lower is not None and upper is not None and _crossed(lower, upper):
        return bytes([types.EMPTY])
    flags = (types.LOWER_OPEN if lower is None else types.LOWER_IN * (lower[1] == "inclusive")) | (
        types.UPPER_OPEN if upper is None else types.UPPER_IN * (upper[1] == "inclusive")
    )
    parts = [member(bound[0], 0) for bound in bounds if bound is not None]
    return bytes([flags]) + b"".join(struct.pack(">i", len(part)) + part for part in parts)


def _crossed(lower: Sequence[Item], upper: Sequence[Item]) -> bool:
    """Whether nothing is between the bounds: an empty range, where PostgreSQL would see a mistake."""
    first, last = (_comparable(bound[0]) for bound in (lower, upper))
    return first > last or (first == last and not lower[1] == upper[1] == "inclusive")


def _comparable(value: Item) -> Decimal | int:
    if isinstance(value, int):
        return value
    text = value if isinstance(value, str) else ""
    numeric.encode(text)
    return Decimal(text)


_ENCODE: dict[str, Callable[[Item, int], bytes]] = {
    "boolean": lambda value, _: b"\x01" if value is True else b"\x00",
    "int8": partial(_number, ">b"),
    "int16": partial(_number, ">h"),
    "int32": partial(_number, ">i"),
    "int64": partial(_number, ">q"),
    "floating32": partial(_number, ">f"),
    "floating64": partial(_number, ">d"),
    "str": _text,
    "binary": _binary,
    "date": _date,
    "time": _time,
    "datetime": _datetime,
    "timestamp": _timestamp,
    "uuid": _uuid,
    "jsonb": _json,
    "decimal": _decimal,
    "range-int32": partial(_range, partial(_number, ">i")),
    "range-int64": partial(_range, partial(_number, ">q")),
    "range-decimal": partial(_range, _decimal),
    "array-int32": partial(_array, partial(_number, ">i")),
    "array-int64": partial(_array, partial(_number, ">q")),
    "array-decimal": partial(_array, _decimal),
    "array-str": partial(_array, _text),
    "interval": _interval,
}
