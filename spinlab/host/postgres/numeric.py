"""``numeric`` in PostgreSQL's binary form, exact to any length."""

from __future__ import annotations

import re
import struct

_NEGATIVE, _SPECIAL = 0x4000, {0xC000: "NaN", 0xD000: "Infinity", 0xF000: "-Infinity"}
_FORM = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?")

LONGEST = 16_383
"""Digits on either side of the point, at most."""


def encode(text: str) -> bytes:
    """A decimal number as PostgreSQL takes it.

    Raises:
        ValueError: It is none.
    """
    match = _FORM.fullmatch(text)
    if match is None or not (match[2] or match[3]):
        raise ValueError(f"invalid decimal {text[:100]}")
    whole, fraction = match[2].lstrip("0"), match[3] or ""
    if len(whole) > 131_072 or len(fraction) > LONGEST:
        raise ValueError("a decimal with too many digits")
    digits = whole.zfill(-(-len(whole) // 4) * 4) + fraction + "0" * (-len(fraction) % 4)
    groups = [int(digits[at : at + 4]) for at in range(0, len(digits), 4)]
    weight = -(-len(whole) // 4) - 1
    while groups and groups[0] == 0:
        del groups[0]
        weight -= 1
    while groups and groups[-1] == 0:
        groups.pop()
    negative = match[1] == "-" and groups
    head = struct.pack(">HhHH", len(groups), weight if groups else 0, _NEGATIVE if negative else 0, len(fraction))
    return head + struct.pack(f">{len(groups)}H", *groups)


def decode(data: bytes) -> str:
    """The decimal number that the bytes hold, with as many places as it was stored with."""
    count, weight, sign, scale = struct.unpack_from(">HhHH", data)
    if sign in _SPECIAL:
        return _SPECIAL[sign]
    groups = struct.unpack_from(f">{count}H", data, 8)
    at = {weight - i: group for i, group in enumerate(groups)}
    whole = "".join(f"{at.get(i, 0):04}" for i in range(weight, -1, -1)).lstrip("0") or "0"
    fraction = "".join(f"{at.get(-1 - i, 0):04}" for i in range(-(-scale // 4)))[:scale]
    return ("-" if sign == _NEGATIVE else "") + whole + ("." + fraction if fraction else "")
