"""Processes that are told by their id and the time of their start: ids are used again."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PROC = Path("/proc")
_STATE, _START = 0, 19
"""Fields of ``/proc/PID/stat`` behind the name (proc(5): 3 and 22)."""


@dataclass(frozen=True)
class Process:
    """A process, or what is left of it.

    Attributes:
        pid: Its id.
        started: When it began, in whatever words the system has for it.
    """

    pid: int
    started: str

    @property
    def alive(self) -> bool:
        """Whether this very process runs."""
        return self.pid > 0 and bool(self.started) and _started(self.pid) == self.started

    def send(self, number: int) -> bool:
        """Send a signal to it and to nobody else; False when it is gone."""
        if not hasattr(os, "pidfd_open"):
            return self.alive and _kill(self.pid, number)
        try:
            descriptor = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return False
        except OSError:  # a kernel, or a sandbox, without that call
            return self.alive and _kill(self.pid, number)
        try:
            if not self.alive:
                return False
            signal.pidfd_send_signal(descriptor, number)
        except ProcessLookupError:
            return False
        finally:
            os.close(descriptor)
        return True

    def wait(self, seconds: float) -> bool:
        """Whether it has ended within so many seconds."""
        ends = time.monotonic() + seconds
        while self.alive:
            if time.monotonic() > ends:
                return False
            time.sleep(0.02)
        return True


NOBODY: Final = Process(0, "")
"""No process."""


def process(pid: int) -> Process:
    """The process that has an id now."""
    return Process(pid, _started(pid))


def _started(pid: int) -> str:
    """When the process began; empty when there is none, or only its exit status is left."""
    if _PROC.joinpath("self", "stat").exists():
        try:
            stat = (_PROC / str(pid) / "stat").read_text(errors="replace")
        except OSError:
            return ""
        fields = stat.rpartition(")")[2].split()
        return "" if fields[_STATE] in "ZX" else f"{_boot()}:{fields[_START]}"
    told = subprocess.run(
        ["ps", "-o", "stat=", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.split(maxsplit=1)
    return "" if len(told) < 2 or told[0].startswith("Z") else told[1].strip()


def _boot() -> str:
    """Ticks are counted from the start of the machine."""
    try:
        return (_PROC / "sys/kernel/random/boot_id").read_text().strip()[:8]
    except OSError:
        return ""


def _kill(pid: int, number: int) -> bool:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True
