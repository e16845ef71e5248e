"""What processes hold of a machine's memory, counted so that the parts add up.

A page that several processes map (libraries, compiled code) counts for each of them by its share: the kernel's
"proportional set size". Address space says nothing here, because WebAssembly reserves gigabytes that it never touches.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import final

import psutil

MB = 1e6


def proportional(pid: int) -> int:
    """Bytes that are a process's own, and its shares of the others; 0 when it is gone."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) << 10
    return 0


def with_children(pid: int) -> tuple[int, ...]:
    """A process and all that it started, as far as they are there."""
    with suppress(psutil.Error):
        return (pid, *(child.pid for child in psutil.Process(pid).children(recursive=True)))
    return ()


def processor_seconds(pid: int) -> float:
    """What a process and its children that ended have used of processors; 0 when it is gone."""
    with suppress(psutil.Error):
        times = psutil.Process(pid).cpu_times()
        return float(times.user + times.system + times.children_user + times.children_system)
    return 0.0


@final
class Peak:
    """The highest sum of shares while its block runs, and what the parts had then.

    Parameters:
        parts: Gives name -> processes; asked for each sample.
        every: Seconds between samples.
    """

    def __init__(self, parts: Callable[[], Mapping[str, tuple[int, ...]]], every: float = 0.1) -> None:
        self.total = 0
        self.parts: dict[str, int] = {}
        self.samples = 0
        self._ask = parts
        self._every = every
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="peak", daemon=True)

    def look(self) -> None:
        """Take one sample."""
        found = {name: sum(map(proportional, pids)) for name, pids in self._ask().items()}
        self.samples += 1
        if sum(found.values()) > self.total:
            self.total, self.parts = sum(found.values()), found

    def _run(self) -> None:
        while not self._ended.wait(self._every):
            self.look()

    def __enter__(self) -> Peak:
        self.look()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self.look()
