"""What the last requests of an app asked of the host: the values behind ``%spin trace``."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

from spinlab.http import Denied, HostCall
from spinlab.shown import Shown

REQUESTS_KEPT = 200
TARGETS_KEPT = 500
"""Different things that one revision's usage tells apart; a guest chooses them, so they are bounded."""


@dataclass(frozen=True)
class Traced:
    """One request and its host calls.

    Attributes:
        id: Counts from 1 in each app.
        function: Who answered.
        method, path: Of the request; the query is left out, since it may hold a secret.
        status: Of the answer.
        time: When it was over, in seconds since the epoch.
        elapsed: Seconds it took.
        calls: What it asked of the host, in order.
        error: Why there was no proper answer; empty when there was one.
    """

    id: int
    function: str
    method: str
    path: str
    status: int
    time: float
    elapsed: float
    calls: tuple[HostCall, ...]
    error: str = ""


@dataclass(frozen=True)
class Trace(Shown, Sequence[Traced]):
    """Some requests, oldest first; displays itself as a timeline."""

    requests: tuple[Traced, ...] = ()

    def __len__(self) -> int:
        return len(self.requests)

    @overload
    def __getitem__(self, index: int) -> Traced: ...

    @overload
    def __getitem__(self, index: slice) -> Trace: ...

    def __getitem__(self, index: int | slice) -> Traced | Trace:
        return Trace(self.requests[index]) if isinstance(index, slice) else self.requests[index]


class Usage:
    """What one revision has used and been denied since it went live. Any thread may add to it and read it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests = 0
        self._used: Counter[tuple[str, str]] = Counter()
        self._denied: Counter[Denied] = Counter()

    def add(self, calls: tuple[HostCall, ...]) -> None:
        """Count a request and its calls."""
        with self._lock:
            self._requests += 1
            for call in calls:
                if call.denied is not None:
                    self._count(self._denied, call.denied)
                else:
                    self._count(self._used, (call.capability, call.target))

    @staticmethod
    def _count(counts: Counter, key: object) -> None:  # type: ignore[type-arg]
        if key in counts or len(counts) < TARGETS_KEPT:
            counts[key] += 1

    @property
    def requests(self) -> int:
        """Requests that are over."""
        return self._requests

    @property
    def used(self) -> dict[tuple[str, str], int]:
        """``(capability, target)`` -> calls that were let through."""
        with self._lock:
            return dict(self._used)

    @property
    def denied(self) -> dict[Denied, int]:
        """What was denied -> how often."""
        with self._lock:
            return dict(self._denied)
