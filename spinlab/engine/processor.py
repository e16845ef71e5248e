"""What code is compiled for: this very processor, or a level that many have, and a short text that tells them apart."""

from __future__ import annotations

import hashlib
import os
import platform
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from types import MappingProxyType
from typing import Final

VARIABLE: Final = "SPINLAB_PROCESSOR"

LEVEL: Final = "x86-64-v3"
"""The one level that can be asked for (psABI of x86-64: servers and laptops since 2013 and 2015)."""

_NEEDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "has_cmpxchg16b": "cx16",
        "has_sse3": "pni",
        "has_ssse3": "ssse3",
        "has_sse41": "sse4_1",
        "has_sse42": "sse4_2",
        "has_popcnt": "popcnt",
        "has_avx": "avx",
        "has_avx2": "avx2",
        "has_bmi1": "bmi1",
        "has_bmi2": "bmi2",
        "has_fma": "fma",
        "has_lzcnt": "abm",
    }
)
"""Of the level: the compiler's name of a feature -> that of Linux. A name that the compiler does not know ends it."""


@cache
def processor() -> str:
    """Machine and features that code is for. Homes are shared between machines, so the cache needs to know."""
    if flags():
        return f"{platform.machine()} {LEVEL}"
    features = _features()
    known = hashlib.sha256(features.encode()).hexdigest()[:16] if features else ""
    return f"{platform.machine()} {known or platform.processor()}"


@cache
def flags() -> tuple[str, ...]:
    """The compiler's features of the level that ``SPINLAB_PROCESSOR`` asks for; none compiles for this very processor.

    An image of a machine is made on one machine and runs on others (Binder, a class room): code for the level is found
    on all of them. A processor that lacks something of the level gets code of its own.
    """
    if os.environ.get(VARIABLE) != LEVEL or sys.platform != "linux" or platform.machine() != "x86_64":
        return ()
    here = set(_features().partition(":")[2].split())
    return tuple(_NEEDS) if here.issuperset(_NEEDS.values()) else ()


def _features() -> str:
    """The line of Linux about the features; empty where there is none."""
    with suppress(OSError), open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
        for line in file:
            if line.startswith(("flags", "Features")):
                return line
    return ""
