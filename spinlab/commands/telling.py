"""What changed, told to a front end in batches, ten a second at most."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

INTERVAL: Final = 0.1
"""Seconds from one message to the next."""
SOON: Final = 0.02
"""Seconds until the first one: what belongs together comes together."""
IDLE: Final = 5.0
"""Seconds after which the thread ends when nothing changes."""


class Telling:
    """Collects what changed and tells it, on a thread that lives while there is something to tell.

    Parameters:
        tell: Called with what changed since the last time, without doubles, in the order of the first of each.
        interval: Seconds from one call to the next, at least.
    """

    def __init__(self, tell: Callable[[list[str]], None], interval: float = INTERVAL) -> None:
        self._tell = tell
        self._interval = interval
        self._changed = threading.Condition()
        self._what: dict[str, None] = {}
        self._running = False
        self._closed = False

    def note(self, what: str) -> None:
        """Something changed. From any thread; returns at once."""
        with self._changed:
            if self._closed:
                return
            self._what[what] = None
            if self._running:
                self._changed.notify()
                return
            self._running = True
        threading.Thread(target=self._run, name="spinlab-telling", daemon=True).start()

    def close(self) -> None:
        """Tell nothing any more."""
        with self._changed:
            self._closed = True
            self._what.clear()
            self._changed.notify()

    def _run(self) -> None:
        pause = SOON
        while self._due(pause):
            with self._changed:
                what, self._what = list(self._what), {}
            if what:
                self._tell(what)
            pause = self._interval

    def _due(self, pause: float) -> bool:
        """Wait until there is something and the pause is over; False when the thread has nothing more to do."""
        with self._changed:
            if self._closed or not self._changed.wait_for(self._wanted, IDLE):
                self._running = False
                return False
            # Nothing ends this wait but a close: what comes meanwhile goes along.
            self._changed.wait_for(lambda: self._closed, pause)
            return not self._closed

    def _wanted(self) -> bool:
        return self._closed or bool(self._what)
