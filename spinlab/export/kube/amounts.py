"""Amounts of CPU and memory as a cluster writes them (apimachinery: ``pkg/api/resource``)."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import Final

from spinlab.errors import ExportError

_AMOUNT: Final = re.compile(r"([+-]?)([0-9]+(?:\.[0-9]*)?|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]{1,3})?")
_UNITS: Final = {
    **{sign: Fraction(1000) ** power for power, sign in enumerate("numk", start=-3) if sign != "k"},
    "k": Fraction(1000),
    **{sign: Fraction(1000) ** power for power, sign in enumerate("MGTPE", start=2)},
    **{f"{sign}i": Fraction(1024) ** power for power, sign in enumerate("KMGTPE", start=1)},
}
MIB: Final = 1 << 20


def parse(text: str | int, what: str) -> Fraction:
    """An amount as a number: of cores, or bytes.

    Parameters:
        text: Such as ``100m``, ``0.5``, ``64Mi`` or ``128M``.
        what: What it is of, for the error.

    Raises:
        ExportError: It is none, or not more than nothing.
    """
    found = _AMOUNT.fullmatch(str(text))
    if found is None:
        raise ExportError(f"{what} can't be {text!r}", hint=_remedy(str(text), what))
    sign, number, unit = found.groups()
    if unit is None or unit in _UNITS:
        value = Fraction(number) * _UNITS.get(unit or "", Fraction(1))
    else:
        value = Fraction(number) * Fraction(10) ** int(unit[1:])
    if sign == "-" or value == 0:
        raise ExportError(f"{what} can't be {text!r}: it has to be more than nothing", hint=_usual(what))
    return value


def memory(size: float, step: int = 16 * MIB) -> str:
    """Bytes as a round amount that is not less, such as ``128Mi``."""
    return f"{math.ceil(size / step) * step // MIB}Mi"


def _usual(what: str) -> str:
    return "such as 500m for half a core" if "cpu" in what else "such as 128Mi"


def _remedy(text: str, what: str) -> str:
    lower = re.sub(r"\s+", "", text.lower()).removesuffix("b")
    number = lower.rstrip("abcdefghijklmnopqrstuvwxyz")
    for unit in ("Ki", "Mi", "Gi", "Ti"):
        if number and lower == number + unit.lower():
            return f"write {number}{unit}"
        if number and lower == number + unit[0].lower() and "cpu" not in what:
            return f"write {number}{unit}"
    return _usual(what)
