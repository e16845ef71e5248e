"""The programs of an engine, and which of them have their code in memory."""

from __future__ import annotations

import threading
import time
from typing import Final
from weakref import WeakValueDictionary

from spinlab.engine.compiler import digest
from spinlab.engine.program import Program

IDLE: Final = 600.0
"""Seconds after which code that nobody asked for is unloaded."""

MOST: Final = 200
"""Programs with code in memory at once: a mapped file holds a descriptor, and a process has 1,024."""

_EVERY: Final = 30.0


class Shelf:
    """See the module. Thread-safe."""

    def __init__(self, idle: float = IDLE, most: int = MOST) -> None:
        self.idle = idle
        self.most = most
        # Programs live as long as a function is made of them. By identity of the bytes, by the digest of what is
        # compiled, and by that of the component with what runs it.
        self._same: WeakValueDictionary[int, Program] = WeakValueDictionary()
        self._equal: WeakValueDictionary[str, Program] = WeakValueDictionary()
        self._alike: WeakValueDictionary[tuple[str, bool, str], Program] = WeakValueDictionary()
        self._tidied = time.monotonic()
        self._loads = 0  # since then
        self._timer: threading.Timer | None = None
        self._closed = False
        self._lock = threading.Lock()

    def known(self, component: bytes, command: bool, small: int, trigger: str = "") -> Program | None:
        """The program of a component: of this very bytes object, or of one below `small` bytes that is like it.

        Parameters:
            component: Its bytes.
            command: Whether it is nested to run as a command.
            small: Bytes from which the digest would take longer than it can save.
            trigger: Whose messages it takes; empty for HTTP.
        """
        self.tidy()
        found = self._same.get(id(component))
        if found is not None and found.component is component and _way(found) == (command, trigger):
            return found
        return self._alike.get((digest(component), command, trigger)) if len(component) < small else None

    def equal(self, program: Program) -> Program | None:
        """A program of the same component, nested in the same bridge."""
        with self._lock:
            return self._equal.get(program.source.digest)

    def add(self, program: Program) -> None:
        """Put a program there."""
        with self._lock:
            self._same[id(program.component)] = program
            self._equal[program.source.digest] = program
            command, trigger = _way(program)
            self._alike[program.facts.digest, command, trigger] = program
        self.tidy(now=True)

    def tidy(self, now: bool = False) -> None:
        """Unload what was idle for long, and what was used least recently when there is too much."""
        moment = time.monotonic()
        with self._lock:
            if not now and moment - self._tidied < _EVERY:
                return
            self._tidied = moment
            loaded = sorted((p for p in list(self._equal.values()) if p.loaded), key=lambda p: p.used)
            surplus = len(loaded) - self.most
            if surplus > 0:
                surplus += self.most // 10  # some at once, so that this need not be done at every load
            idle = sum(moment - p.used > self.idle for p in loaded)
            self._loads = 0
            remaining = len(loaded) - max(surplus, idle, 0)
        for program in loaded[: max(surplus, idle, 0)]:
            program.unload()
        self._look_again(remaining > 0)

    def _look_again(self, wanted: bool) -> None:
        """Have somebody look when nothing else happens any more; no thread exists while no code is in memory."""
        with self._lock:
            if self._timer is not None or not wanted or self._closed:
                return
            self._timer = threading.Timer(self.idle / 2 + 0.1, self._look)
            self._timer.daemon = True
            self._timer.start()

    def _look(self) -> None:
        with self._lock:
            self._timer = None
        self.tidy(now=True)

    def close(self) -> None:
        """Look no more."""
        with self._lock:
            self._closed = True
            timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    def grown(self) -> None:
        """A program loaded its code again."""
        with self._lock:
            self._loads += 1
            due = self._loads > self.most // 10
        self.tidy(now=due)
        self._look_again(True)


def _way(program: Program) -> tuple[bool, str]:
    """What runs it: whether as a command, and the trigger whose messages it takes."""
    handler = program.facts.nested.handler
    return handler.command, handler.trigger
