"""How many connections there may be at once: altogether, of each kind, and of one request."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping
from contextlib import suppress

EACH_REQUEST = 128
"""Connections that one request holds at most. What it asks for beyond is refused at once, since only the request
itself could make room."""


class LimitReached(Exception):
    """One request holds too many connections."""


class Permit:
    """The right to one connection, until `release`."""

    def __init__(self, book: Connections, kind: str, holder: object) -> None:
        self.kind = kind
        self.holder = holder
        self._book: Connections | None = book

    def release(self) -> None:
        """The connection is closed. From any thread; a second time does nothing."""
        book, self._book = self._book, None
        if book is not None:
            book.closed(self)

    @property
    def awaited(self) -> bool:
        """Whether somebody waits for a place, so that a connection that is kept for later is in the way."""
        return self._book is not None and self._book.awaited

    def hand_over(self) -> None:
        """The connection outlives its request, such as in a pool; the request is not charged with it any more."""
        if self._book is not None:
            self._book.disown(self)


class Connections:
    """Counts connections and lets those wait for whom there is no room.

    Parameters:
        total: Connections at once; None for no limit.
        kinds: Kind -> connections of it at once.
        each_request: Connections of one holder at once.
    """

    def __init__(
        self, total: int | None = None, kinds: Mapping[str, int] | None = None, *, each_request: int = EACH_REQUEST
    ) -> None:
        self._total = total
        self._kinds = dict(kinds or {})
        self._each_request = each_request
        self._lock = threading.Lock()
        self._open: Counter[str] = Counter()
        self._held: Counter[int] = Counter()
        self._waiting: deque[tuple[Permit, Callable[[], object]]] = deque()
        self._spare: list[Callable[[], object]] = []

    def __len__(self) -> int:
        return sum(self._open.values())

    @property
    def awaited(self) -> bool:
        """Whether somebody waits for a place."""
        return bool(self._waiting)

    def spare(self, let_go: Callable[[], object]) -> None:
        """Call `let_go` (in the caller's thread, without a lock held) when somebody waits: it closes what is unused."""
        self._spare.append(let_go)

    def at_once(self, kind: str, holder: object = None) -> Permit | None:
        """A permit, or None while there is no room.

        Raises:
            LimitReached: The holder has too many.
        """
        permit = Permit(self, kind, holder)
        with self._lock:
            self._check(holder)
            return permit if self._take(permit) else None

    async def wait(self, kind: str, holder: object = None) -> Permit:
        """A permit, as soon as there is room.

        Raises:
            LimitReached: The holder has too many.
        """
        permit = self.at_once(kind, holder)
        if permit is not None:
            return permit
        for let_go in self._spare:
            let_go()
        loop, turn, permit = asyncio.get_running_loop(), asyncio.Event(), Permit(self, kind, holder)
        with self._lock:
            if self._take(permit):
                return permit
            entry: tuple[Permit, Callable[[], object]] = (permit, lambda: loop.call_soon_threadsafe(turn.set))
            self._waiting.append(entry)
        try:
            await turn.wait()
        except asyncio.CancelledError:
            with self._lock:
                waited = entry in self._waiting
                with suppress(ValueError):
                    self._waiting.remove(entry)
            if not waited:
                permit.release()
            raise
        return permit

    def closed(self, permit: Permit) -> None:
        """A connection is closed: give its place to the first who waits for one."""
        with self._lock:
            self._open[permit.kind] -= 1
            self._let_off(permit.holder)
            woken = self._next()
        for wake in woken:
            wake()

    def disown(self, permit: Permit) -> None:
        """The holder is not charged with it any more."""
        with self._lock:
            self._let_off(permit.holder)
            permit.holder = None

    def _check(self, holder: object) -> None:
        if holder is not None and self._held[id(holder)] >= self._each_request:
            raise LimitReached(f"one request holds {self._each_request} connections")

    def _take(self, permit: Permit) -> bool:
        if not self._room(permit.kind):
            return False
        self._open[permit.kind] += 1
        if permit.holder is not None:
            self._held[id(permit.holder)] += 1
        return True

    def _room(self, kind: str) -> bool:
        if self._total is not None and sum(self._open.values()) >= self._total:
            return False
        limit = self._kinds.get(kind)
        return limit is None or self._open[kind] < limit

    def _let_off(self, holder: object) -> None:
        if holder is not None:
            self._held[id(holder)] -= 1
            if self._held[id(holder)] <= 0:
                del self._held[id(holder)]

    def _next(self) -> list[Callable[[], object]]:
        """Whose turn it is, in the order in which they came. One whose kind is at its limit does not hold up others."""
        woken: list[Callable[[], object]] = []
        for entry in list(self._waiting):
            if self._take(entry[0]):
                self._waiting.remove(entry)
                woken.append(entry[1])
        return woken
