"""How an app has been doing lately: requests, errors and latencies of the last minute, second by second."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

SECONDS: Final = 60
"""How far back a pulse goes."""

NAMES: Final = 1000
"""Functions that one second tells apart; the others count for the app alone."""

APP: Final = ""
"""Stands for all functions together."""


@dataclass(frozen=True)
class Beat:
    """What was over within one second, or within several of them.

    Attributes:
        requests: How many.
        errors: Those that failed, or answered with a status from 500 on.
        total: Seconds that they took together.
        slowest: Seconds that the slowest one took.
    """

    requests: int = 0
    errors: int = 0
    total: float = 0.0
    slowest: float = 0.0

    @property
    def mean(self) -> float:
        """Seconds that one took."""
        return self.total / self.requests if self.requests else 0.0

    def __add__(self, other: Beat) -> Beat:
        return Beat(
            self.requests + other.requests,
            self.errors + other.errors,
            self.total + other.total,
            max(self.slowest, other.slowest),
        )


class Pulse:
    """Counts what is over, for a minute. Any thread may add to it and read it; what is older is forgotten."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._second = -1
        self._now: dict[str, list[float]] = {}
        self._kept: deque[tuple[int, dict[str, list[float]]]] = deque(maxlen=SECONDS)

    def add(self, name: str, elapsed: float, failed: bool) -> None:
        """Count a request of a function. Done on every request, so it does little."""
        second = int(time.monotonic())
        with self._lock:
            if second > self._second:
                self._second, self._now = second, {APP: [0, 0, 0.0, 0.0]}
                self._kept.append((second, self._now))
            now = self._now
            for key in (APP, name):
                beat = now.get(key)
                if beat is None:
                    if len(now) > NAMES:
                        return
                    beat = now[key] = [0, 0, 0.0, 0.0]
                beat[0] += 1
                beat[1] += failed
                beat[2] += elapsed
                if elapsed > beat[3]:
                    beat[3] = elapsed

    def lately(self) -> Mapping[int, Mapping[str, Beat]]:
        """Seconds ago (0 to 59) -> function, or `APP` for all -> what was over then; where nothing was is left out."""
        now = int(time.monotonic())
        with self._lock:
            kept = [(now - second, {n: tuple(b) for n, b in beats.items()}) for second, beats in self._kept]
        return {
            ago: {name: Beat(int(b[0]), int(b[1]), b[2], b[3]) for name, b in beats.items()}
            for ago, beats in kept
            if 0 <= ago < SECONDS
        }

    def minute(self) -> Mapping[str, Beat]:
        """Function, or `APP` for all -> what was over in the last minute."""
        found: dict[str, Beat] = {}
        for beats in self.lately().values():
            for name, beat in beats.items():
                found[name] = found.get(name, Beat()) + beat
        return found
