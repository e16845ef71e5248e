"""Threads for work that may wait on a disk or a lock: started when needed, bounded, gone again when idle."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections import Counter, deque
from collections.abc import Callable

from spinlab.host.effect import ERROR, Effect, Result

Job = Callable[[], None]

PATIENCE = 5.0
"""Seconds that work waits for a lock of somebody else's, as Spin does (rusqlite's busy timeout)."""

AT_ONCE = 0.002
"""Seconds that a guest's thread waits for its turn itself, before a pool's thread does."""

_RETRY_FIRST, _RETRY_LAST = 0.001, 0.05
_IN_A_ROW = 32


class Pool:
    """Daemon threads and the jobs before them. No owner of jobs has more than three quarters of the threads.

    Parameters:
        name: Beginning of the threads' names.
        limit: Threads at most.
        idle: Seconds without work after which a thread ends.
    """

    def __init__(self, name: str, limit: int, *, idle: float = 5.0) -> None:
        self._name = name
        self._limit = limit
        self._share = max(1, limit * 3 // 4)
        self._idle_for = idle
        self._changed = threading.Condition(threading.Lock())
        self._ready: deque[tuple[Job, int]] = deque()
        self._later: list[tuple[float, int, Job, int]] = []
        self._running: Counter[int] = Counter()
        self._threads = 0
        self._idle = 0
        self._numbers = itertools.count(1)

    def submit(self, job: Job, *, owner: int = 0, delay: float = 0.0) -> None:
        """Do a job on a thread, soon or after `delay` seconds. A job must not raise."""
        with self._changed:
            if delay > 0:
                heapq.heappush(self._later, (time.monotonic() + delay, next(self._numbers), job, owner))
            else:
                self._ready.append((job, owner))
            if self._idle:
                self._changed.notify()
            elif self._threads < self._limit:
                self._threads += 1
                threading.Thread(target=self._work, name=f"{self._name}-{next(self._numbers)}", daemon=True).start()

    def _work(self) -> None:
        owner = None
        while True:
            with self._changed:
                if owner is not None:
                    self._running[owner] -= 1
                    if not self._running[owner]:
                        del self._running[owner]
                found = self._next()
                if found is None:
                    self._threads -= 1
                    return
                job, owner = found
                self._running[owner] += 1
            job()

    def _next(self) -> tuple[Job, int] | None:
        """The next job, waited for; None when there was none for long."""
        end = time.monotonic() + self._idle_for
        while True:
            now = time.monotonic()
            while self._later and self._later[0][0] <= now:
                _, _, job, owner = heapq.heappop(self._later)
                self._ready.append((job, owner))
            for n, (job, owner) in enumerate(self._ready):
                if self._running[owner] < self._share:
                    del self._ready[n]
                    return job, owner
            due = self._later[0][0] if self._later else None
            if now >= end and due is None and not self._ready:
                return None
            self._idle += 1
            self._changed.wait(max(0.001, (end if due is None else due) - now))
            self._idle -= 1


class Again(Exception):
    """Somebody else holds what the work needs; it has changed nothing and can be tried once more."""


class Failed(Exception):
    """An operation that can't be done; the text is for the guest."""


class Errand(Effect):
    """Work for a `Line`.

    Parameters:
        work: Does it; may raise `Again`.
        explain: The guest's error for whatever it raises; for `Again` too, when patience is at an end.
    """

    def __init__(
        self, work: Callable[[], Result], explain: Callable[[Exception], Result], *, stream: bool = False
    ) -> None:
        super().__init__(stream=stream)
        self.cancelled = False
        self._work = work
        self._explain = explain
        self._until: float | None = None

    def attempt(self) -> bool:
        """Do it and finish; False when it has to be tried again."""
        if self._until is None:
            self._until = time.monotonic() + PATIENCE
        if self.cancelled:
            self.finish(Result.error("other", "cancelled"))
            return True
        try:
            result = self._work()
        except Again as again:
            if time.monotonic() < self._until:
                return False
            result = self._explain(again)
        except Exception as error:  # noqa: BLE001 (whatever fails is the guest's error, not ours)
            result = self._explain(error)
        self.finish(result)
        return True

    def finish(self, result: Result) -> None:
        """Set the result, and tell the trace; what failed is no stream."""
        if result.status == ERROR:
            self.stream = False
        if self.record is not None:
            self.record.close(result)
        super().finish(result)

    def cancel(self) -> None:
        """Don't begin it any more."""
        self.cancelled = True


class Line:
    """Errands that use one thing one after the other; a thread of the pool is taken only while one can go on.

    Attributes:
        turn: Held by whoever uses the thing.

    Parameters:
        pool: Whose threads.
        owner: Whom the pool counts them for.
    """

    def __init__(self, pool: Pool, owner: int = 0) -> None:
        self.turn = threading.Lock()
        self._pool = pool
        self._owner = owner
        self._lock = threading.Lock()
        self._waiting: deque[Errand] = deque()
        self._under_way = False
        self._delay = 0.0

    def add(self, errand: Errand) -> None:
        """Put an errand at the end."""
        with self._lock:
            self._waiting.append(errand)
            if self._under_way:
                return
            self._under_way = True
        self._pool.submit(self._go_on, owner=self._owner)

    def _go_on(self) -> None:
        """Try each errand that waits once, those that have to wait longer a little later again."""
        held_up: list[Errand] = []
        for _ in range(_IN_A_ROW):
            with self._lock:
                errand = self._waiting.popleft() if self._waiting else None
            if errand is None:
                break
            with self.turn:
                done = errand.attempt()
            if not done:
                held_up.append(errand)
        with self._lock:
            self._waiting.extendleft(reversed(held_up))
            if not self._waiting:
                self._under_way = False
                self._delay = 0.0
                return
            more = len(self._waiting) > len(held_up)
            self._delay = min(max(self._delay * 2, _RETRY_FIRST), _RETRY_LAST) if held_up else 0.0
            delay = 0.0 if more and not held_up else self._delay
        self._pool.submit(self._go_on, owner=self._owner, delay=delay)
