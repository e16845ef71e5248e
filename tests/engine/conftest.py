"""The compilers that run beside a test."""

from __future__ import annotations

import time

import psutil
import pytest


def children(of: psutil.Process | None = None) -> list[psutil.Process]:
    """The compilers that run for this process: servers of other tests may be its children too."""
    found = (of or psutil.Process()).children(recursive=True)
    return [one for one in found if "compile_child" in " ".join(_command(one))]


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:  # it has just ended
        return []


@pytest.fixture
def alone() -> None:
    """What earlier tests had compiled in the background is through."""
    until, quiet = time.monotonic() + 120, 0
    while quiet < 5 and time.monotonic() < until:
        quiet = 0 if children() else quiet + 1
        time.sleep(0.02)
