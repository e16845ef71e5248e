"""What changed since a front end asked last: each entry of a list has a number that grows when the entry changes."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

from spinlab.commands.room import Room


class Stamps:
    """Numbers for the entries of one list, by name. Thread-safe: several views of a widget share a room."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[str, tuple[Any, int]] = {}
        self._last = 0

    def changed(self, entries: Iterable[tuple[str, Any]], since: int) -> tuple[set[str], int]:
        """Which entries have changed since `since`, and what to ask with the next time.

        Parameters:
            entries: Name and state of each; an entry has changed when its state differs from the one seen before.
            since: What the last answer said; 0 for all.
        """
        with self._lock:
            found: dict[str, tuple[Any, int]] = {}
            now = self._last + 1
            for name, state in entries:
                before = self._seen.get(name)
                found[name] = before if before is not None and before[0] == state else (state, now)
            if any(stamp == now for _, stamp in found.values()):
                self._last = now
            self._seen = found
            if since > self._last:  # of another kernel, or of an app that was
                since = 0
            return {name for name, (_, stamp) in found.items() if stamp > since}, self._last


def stamps(room: Room, subject: str) -> Stamps:
    """The stamps of a subject in a room; those of another app when the room's app has changed."""
    known = room.kept.get(subject)
    if known is None or known[0] is not room.app:
        known = room.kept[subject] = (room.app, Stamps())
    found: Stamps = known[1]
    return found
