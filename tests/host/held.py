"""What the process holds, for tests that look for leaks."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable

from spinlab.host.loop import LOOP

PATIENCE = 60.0
"""Seconds until what was let go has to be gone, on a machine that does much else."""


def held() -> int:
    """Descriptors, threads, and tasks of the loop."""
    return len(os.listdir("/proc/self/fd")) + threading.active_count() + LOOP.wait(_tasks())


async def _tasks() -> int:
    return len(asyncio.all_tasks())


def settle(reached: Callable[[], bool]) -> None:
    """Wait until something is reached that others still work on."""
    until = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < until
        time.sleep(0.02)
