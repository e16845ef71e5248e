"""Whether a guest that gave up had run out of memory.

wasmtime tells the guest that its memory can't grow, and tells us nothing: afterwards there is only a trap. So the
evidence is looked for where it is left, in the process's memory map (Linux): a linear memory is a readable and writable
range with a large inaccessible one behind it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from spinlab.function import MIB

_GUARD = 24 * MIB
"""What follows a linear memory is at least as large; nothing else in a process looks like that."""


def standing_at(limit: int, least: float = 7 / 8) -> set[tuple[int, int]]:
    """Linear memories of the process that stand at `limit` bytes, or close to it: at `least` that part of it.

    A pooled memory keeps its size until the next instance moves in, and other functions may stand at their limit, so
    this alone does not tell whose they are.
    """
    return {(start, end) for start, end in linear_memories() if limit * least <= end - start <= limit}


def linear_memories(lines: Iterable[str] | None = None, guard: int = _GUARD) -> Iterator[tuple[int, int]]:
    """Address ranges of the process that look like linear memories of WebAssembly; none where that can't be told.

    Parameters:
        lines: Of the process's memory map; those of this process when left out.
        guard: Bytes that must be inaccessible behind each.
    """
    if lines is None:
        lines = _maps()
    start = end = 0
    for line in lines:
        span, permissions, *_ = line.split(" ", 2)
        low, _, high = span.partition("-")
        low_address, high_address = int(low, 16), int(high, 16)
        if permissions.startswith("rw"):
            start = start if low_address == end and start else low_address
            end = high_address
            continue
        if start and permissions.startswith("---") and low_address == end and high_address - low_address >= guard:
            yield start, end
        start = end = 0


def _maps() -> list[str]:
    if sys.platform != "linux":
        return []
    try:
        with open("/proc/self/maps") as file:
            return file.readlines()
    except OSError:
        return []
