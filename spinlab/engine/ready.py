"""Instances that wait for a request: made ahead by threads of their own, or kept for the next one.

A fresh Python instance costs milliseconds to make and as much to throw away. Both are done here, before and after the
request, for functions that are in use. What waits is bounded in number and memory over the process, and goes when it
has not been needed for a while.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from spinlab.engine.effects import Context
from spinlab.engine.ffi import Instance
from spinlab.function import MIB

KEEP = 30.0
"""Seconds without a request after which made-ahead instances go."""

IDLE = 1.0
"""Seconds without a request after which a used instance goes (Spin 4: reuse of WASI 0.3 instances)."""


LEISURE = 0.001
"""Seconds that a thread waits before it begins when nobody is in need: the answer that gave it work is on its way."""

Generation = tuple[object, int]
"""The bounds that an instance was made with, and the number of the code that it was made from."""


@dataclass
class Spare:
    """An instance that waits.

    Attributes:
        instance: A store with its instance.
        context: What it was loaded with; holds its import-time log.
        generation: What it was made from.
        served: Requests that it has answered.
        since: When it began to wait, on the monotonic clock.
        seconds: How long it took to make.
        report: What went wrong while its code was loaded, in the words of the image that will tell it to each request.
    """

    instance: Instance
    context: Context | None
    generation: Generation
    served: int = 0
    since: float = field(default_factory=time.monotonic)
    seconds: float = 0.0
    report: str = ""


class Stock:
    """The instances that wait for one function.

    Parameters:
        make: Makes one; None when it can't.
        generation: The generation that an instance made now would have.
        cost: Bytes of memory that one holds, about.
    """

    def __init__(self, make: Callable[[], Spare | None], generation: Callable[[], Generation], cost: int) -> None:
        self.make = make
        self.generation = generation
        self.cost = cost
        self.wanted = 0
        self.used_at = 0.0
        self.making = 0
        self.ready: list[Spare] = []
        self.used: deque[Spare] = deque()
        self.closed = False


class Makers:
    """The threads that make and close instances, and the bounds of what waits.

    Parameters:
        threads: How many at most.
        count: Made-ahead instances over all functions.
        memory: Bytes that they may hold, about.
        closing: Instances that may wait to be closed.
    """

    def __init__(self, *, threads: int = 2, count: int = 12, memory: int = 320 * MIB, closing: int = 8) -> None:
        self._threads = threads
        self._count = count
        self._memory = memory
        self._closing = closing
        lock = threading.Lock()
        self._changed = threading.Condition(lock)
        self._pause = threading.Condition(lock)
        self._started = 0
        self._to_close: deque[Instance] = deque()
        self._stocks: dict[int, Stock] = {}
        self._held = 0
        self._held_bytes = 0
        self._wakes_at = 0.0
        self._closed = False

    # For the workers.

    def take(self, stock: Stock) -> Spare | None:
        """An instance that waits for a request of this function, or None."""
        old: list[Spare] = []
        with self._changed:
            found = self._find(stock, old)
            stock.used_at = time.monotonic()
        self._throw(old)
        return found

    def _find(self, stock: Stock, old: list[Spare]) -> Spare | None:
        generation, now = stock.generation(), time.monotonic()
        while stock.used:
            spare = stock.used.pop()
            if spare.generation == generation and now - spare.since < IDLE:
                return spare
            old.append(spare)
        while stock.ready:
            spare = stock.ready.pop()
            self._count_out(stock)
            if spare.generation == generation:
                return spare
            old.append(spare)
        return None

    def keep(self, stock: Stock, spare: Spare) -> bool:
        """Keep an instance that has answered for the next request; False when the function is closed."""
        spare.since = time.monotonic()
        with self._changed:
            if stock.closed or self._closed:
                return False
            stock.used.append(spare)
            self._stocks[id(stock)] = stock
            self._start()
            if spare.since + IDLE < self._wakes_at:
                self._changed.notify()
            return True

    def put(self, stock: Stock, spare: Spare) -> bool:
        """Keep an instance that was made for a check; False when there is no room for it."""
        with self._changed:
            if stock.closed or self._closed or not self._room(stock):
                return False
            self._held += 1
            self._held_bytes += stock.cost
            stock.used_at = time.monotonic()
            stock.wanted = max(stock.wanted, 1)
            stock.ready.append(spare)
            self._stocks[id(stock)] = stock
            self._start()
            if stock.used_at + KEEP < self._wakes_at:
                self._changed.notify()
            return True

    def want(self, stock: Stock, count: int) -> None:
        """Have up to `count` instances of a function made ahead, soon; nothing while others leave no room.

        A function that is turned away asks again after its next request. Were it listed, the threads would look
        through thousands of functions at every request.
        """
        with self._changed:
            if stock.closed or self._closed or not (stock.ready or stock.making or self._room(stock)):
                return
            stock.wanted = count
            self._stocks[id(stock)] = stock
            self._start()
            self._changed.notify()

    def close_later(self, instance: Instance) -> None:
        """Close an instance on another thread; here when too many wait for that."""
        with self._changed:
            if len(self._to_close) < self._closing and not self._closed:
                self._to_close.append(instance)
                self._start()
                self._changed.notify()
                return
        instance.close()

    def drop(self, stock: Stock, *, closed: bool = False) -> None:
        """Throw away what waits for a function; for good when it is closed."""
        with self._changed:
            stock.closed = stock.closed or closed
            gone = self._empty(stock)
        for spare in gone:
            self.close_later(spare.instance)  # milliseconds each, which whoever edits a cell would wait for

    def close(self) -> None:
        """Throw everything away and end the threads."""
        with self._changed:
            self._closed = True
            stocks = list(self._stocks.values())
            self._changed.notify_all()
        for stock in stocks:
            self.drop(stock)

    # On the threads.

    def _start(self) -> None:
        if self._started < self._threads:
            self._started += 1
            threading.Thread(target=self._run, name=f"spinlab-maker-{self._started}", daemon=True).start()

    def _run(self) -> None:
        while True:
            with self._changed:
                instance, stock, old = self._next()
            self._throw(old)
            if instance is not None:
                instance.close()
            elif stock is not None:
                self._make(stock)
            elif self._closed:
                return

    def _next(self) -> tuple[Instance | None, Stock | None, list[Spare]]:
        while not self._closed:
            if self._to_close:
                return self._to_close.popleft(), None, []
            old, wakes_in = self._expired()
            if old:
                return None, None, old
            stock = next((s for s in self._stocks.values() if self._lacks(s)), None)
            if stock is not None:
                stock.making += 1
                self._held += 1
                self._held_bytes += stock.cost
                return None, stock, []
            self._wakes_at = time.monotonic() + wakes_in if wakes_in is not None else float("inf")
            self._changed.wait(wakes_in)
            self._wakes_at = 0.0
            if not (self._closed or self._pressing()):
                self._pause.wait(LEISURE)
        return (self._to_close.popleft() if self._to_close else None), None, []

    def _pressing(self) -> bool:
        """Whether the next request of some function in use would find nothing."""
        return any(stock.wanted and not stock.ready for stock in self._stocks.values())

    def _lacks(self, stock: Stock) -> bool:
        return len(stock.ready) + stock.making < stock.wanted and self._room(stock)

    def _room(self, stock: Stock) -> bool:
        return self._held < self._count and self._held_bytes + stock.cost <= self._memory

    def _expired(self) -> tuple[list[Spare], float | None]:
        """What has waited too long, and seconds until the next look."""
        now, old, wakes_at = time.monotonic(), [], float("inf")
        for key, stock in list(self._stocks.items()):
            while stock.used and now - stock.used[0].since >= IDLE:
                old.append(stock.used.popleft())
            if stock.wanted and now - stock.used_at >= KEEP:
                old += self._empty(stock)
            if not (stock.wanted or stock.used or stock.making):
                del self._stocks[key]
                continue
            if stock.used:
                wakes_at = min(wakes_at, stock.used[0].since + IDLE)
            if stock.wanted:
                wakes_at = min(wakes_at, stock.used_at + KEEP)
        return old, None if wakes_at == float("inf") else max(0.0, wakes_at - now) + 0.01

    def _make(self, stock: Stock) -> None:
        spare = stock.make()
        with self._changed:
            stock.making -= 1
            if spare is not None and not stock.closed and not self._closed:
                stock.ready.append(spare)
                return
            self._count_out(stock)
            stock.wanted = 0
        if spare is not None:
            spare.instance.close()

    def _empty(self, stock: Stock) -> list[Spare]:
        gone = [*stock.used, *stock.ready]
        for _ in stock.ready:
            self._count_out(stock)
        stock.used.clear()
        stock.ready.clear()
        stock.wanted = 0
        return gone

    def _count_out(self, stock: Stock) -> None:
        self._held -= 1
        self._held_bytes -= stock.cost

    @staticmethod
    def _throw(spares: list[Spare]) -> None:
        for spare in spares:
            spare.instance.close()
