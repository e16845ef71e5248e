"""Stopping guests: at a deadline, when cancelled, or over a limit; and what to say about it."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from spinlab.errors import LimitExceeded
from spinlab.function import KIB, MIB, Limits

REPEAT = 0.02
"""Seconds between two pushes for guests that were told to stop and have not stopped yet."""

_OPTIONS = {
    "timeout": ("timeout", "--timeout"),
    "memory": ("memory", "--memory"),
    "response": ("response", "--max-response"),
    "log": ("log", "--max-log"),
    "request body": ("request", "--max-request"),
    "effects": ("effects", ""),
    "table elements": ("table_elements", ""),
    "instances": ("instances", ""),
}


def exceeded(name: str, limits: Limits) -> LimitExceeded:
    """The error for a guest that met the limit called `name` (a key of the table of options)."""
    field, option = _OPTIONS[name]
    value = getattr(limits, field)
    text = seconds(value) if name == "timeout" else size(value) if name in _SIZES else f"{value:,}"
    return LimitExceeded(name, text, option)


_SIZES = {"memory", "response", "log", "request body"}


def size(value: int) -> str:
    """Bytes as one writes them in an option: ``256 MiB``."""
    for unit, name in ((MIB, "MiB"), (KIB, "KiB")):
        if value >= unit:
            return f"{value / unit:.4g} {name}"
    return f"{value} bytes"


def seconds(value: float) -> str:
    """Seconds as one writes them in an option: ``10 s``."""
    return f"{value:g} s"


class Stoppable(Protocol):
    """A guest that runs, as the watch sees it."""

    def expire(self) -> None:
        """The deadline has passed. Called from the watch's thread; must not block."""
        ...

    def end(self) -> None:
        """The process ends. Must not block."""
        ...

    @property
    def stopping(self) -> bool:
        """Whether it was told to stop."""
        ...


class Runtime(Protocol):
    """What has an epoch."""

    def increment_epoch(self) -> Any:
        """Make every guest of the runtime look up at its next loop or call."""
        ...


class Watch:
    """Makes guests stop.

    Wasm code looks up when its runtime's epoch has moved, which costs a way into Python for each guest that runs. So
    the epoch moves only when some guest has to stop, not by the clock: one thread sleeps until the nearest deadline or
    until `push` wakes it. It starts with the first guest and sleeps without a timeout when none runs.

    Parameters:
        runtimes: Gives the runtimes whose epochs to move.
    """

    def __init__(self, runtimes: Callable[[], Iterable[Runtime]]) -> None:
        self._runtimes = runtimes
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._running: dict[int, Stoppable] = {}
        self._deadlines: list[tuple[float, int]] = []
        self._wakes_at = float("inf")
        self._numbers = itertools.count()
        self._pushed = False
        self._thread: threading.Thread | None = None
        self._closed = False

    def add(self, guest: Stoppable, deadline: float) -> int:
        """Watch `guest` until `remove`; `deadline` is on the monotonic clock. Returns the number to remove it by."""
        number = next(self._numbers)
        with self._lock:
            self._running[number] = guest
            heapq.heappush(self._deadlines, (deadline, number))
            if self._thread is None:
                self._start()
            elif deadline < self._wakes_at:
                self._changed.notify()
        return number

    def remove(self, number: int) -> None:
        """The guest has returned."""
        with self._lock:
            del self._running[number]
            # Deadlines of calls that are long over are dropped in bulk, so that a burst does not leave its heap behind.
            if len(self._deadlines) > 4 * len(self._running) + 64:
                self._deadlines = [x for x in self._deadlines if x[1] in self._running]
                heapq.heapify(self._deadlines)

    def push(self) -> None:
        """Some guest's `stopping` has become true: make it look up now."""
        with self._lock:
            self._pushed = True
            if self._thread is None and not self._closed:
                self._start()
            self._changed.notify()

    def end_all(self, timeout: float) -> None:
        """Stop every guest, and wait until they are gone."""
        with self._lock:
            running = list(self._running.values())
        for guest in running:
            guest.end()
        until = time.monotonic() + timeout
        while self._running and time.monotonic() < until:
            time.sleep(0.005)

    def close(self) -> None:
        """End the thread."""
        with self._lock:
            self._closed = True
            self._changed.notify()

    def _start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="spinlab-watch", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            with self._lock:
                if self._closed:
                    return
                expired = self._expired()
            for guest in expired:
                guest.expire()
            with self._lock:
                self._pushed = False
                stopping = any(guest.stopping for guest in self._running.values())
            if stopping:
                for runtime in self._runtimes():
                    runtime.increment_epoch()
            with self._lock:
                if not self._pushed and not self._closed:
                    self._sleep(stopping)

    def _expired(self) -> list[Stoppable]:
        now = time.monotonic()
        found = []
        while self._deadlines and self._deadlines[0][0] <= now:
            _, number = heapq.heappop(self._deadlines)
            if number in self._running:
                found.append(self._running[number])
        return found

    def _sleep(self, stopping: bool) -> None:
        # The deadline of a call that is over is slept to as well: waking for each new call would cost more.
        wakes_at = self._deadlines[0][0] if self._deadlines else float("inf")
        if stopping:
            wakes_at = min(wakes_at, time.monotonic() + REPEAT)
        if wakes_at == float("inf"):
            self._wakes_at = wakes_at
            self._changed.wait()
        else:
            self._wakes_at = wakes_at
            self._changed.wait(max(0.0, wakes_at - time.monotonic()))
        self._wakes_at = 0.0
