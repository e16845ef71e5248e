"""Whether the machine has memory for one more guest."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

import psutil

from spinlab.function import MIB

SPARE = 512 * MIB
"""Bytes that are left to others; an eighth of the memory where that is more."""

LOOK = 0.05
"""Seconds for which an answer holds."""

_CGROUP = Path("/sys/fs/cgroup")


class Room:
    """Looks at the memory of the machine and of the container, not more often than is of use."""

    def __init__(self) -> None:
        self._holds_until = 0.0
        self._answer = True

    def __call__(self) -> bool:
        """Whether there is memory for one more guest than the usual number."""
        now = time.monotonic()
        if now >= self._holds_until:
            bounds = (_machine(), _container())
            self._answer = all(left >= max(SPARE, total // 8) for total, left in bounds if total)
            self._holds_until = now + LOOK
        return self._answer


def _machine() -> tuple[int, int]:
    memory = psutil.virtual_memory()
    return memory.total, memory.available


def _container() -> tuple[int, int]:
    """What a container may use and has left; nothing where that has no bound."""
    with suppress(OSError, ValueError):
        total = int((_CGROUP / "memory.max").read_text())
        used = int((_CGROUP / "memory.current").read_text())
        stat = dict(line.split() for line in (_CGROUP / "memory.stat").read_text().splitlines())
        return total, total - used + int(stat.get("inactive_file", 0))
    return 0, 0
