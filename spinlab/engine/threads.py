"""The threads of an engine: workers that run guests, the watch that stops them, makers of ready instances."""

from __future__ import annotations

import atexit
import sys
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary, ref

from spinlab.engine.limits import Runtime, Watch
from spinlab.engine.ready import Makers
from spinlab.engine.room import Room
from spinlab.engine.workers import Workers

if TYPE_CHECKING:
    from spinlab.engine.engine import Engine

ENDS_WITHIN = 2.0
"""Seconds that the end of the process waits at most for guests to stop."""

PYTHONS_TURN = 0.005
"""Seconds after which Python takes its lock from a thread that computes, when nobody has chosen another time."""

TURN = 0.0005
"""The same while there are guests. A request takes the lock several times, and each time waits behind a busy cell."""


class Threads:
    """What the sandboxes of one engine share. No thread runs before the first request.

    Parameters:
        engine: Whose guests run.
        workers: Guests that run at once at most. Those that wait outside don't count.
        queue: Requests that may wait for a worker.
        most: Guests that run or wait outside at once at most.
        makers: Threads that make instances ahead.
        ready: Instances made ahead at most.
    """

    def __init__(
        self, engine: Engine, *, workers: int = 24, queue: int = 128, most: int = 256, makers: int = 2, ready: int = 12
    ) -> None:
        self.workers = Workers(count=workers, queue=queue, most=most, fits=Room())
        known = ref(engine)

        def runtimes() -> Iterable[Runtime]:
            alive = known()
            return alive.runtimes() if alive is not None else ()

        self.watch = Watch(runtimes)
        self.makers = Makers(threads=makers, count=ready)
        take_turns()

    def close(self) -> None:
        """Let the threads end; requests that run are finished."""
        self.workers.close()
        self.makers.close()


def take_turns() -> None:
    """Have threads hand Python's lock on sooner. What the user has chosen stays."""
    if abs(sys.getswitchinterval() - PYTHONS_TURN) < 1e-6:
        sys.setswitchinterval(TURN)


_all: WeakKeyDictionary[Engine, Threads] = WeakKeyDictionary()
_lock = threading.Lock()


def threads(engine: Engine) -> Threads:
    """The threads of `engine`."""
    with _lock:
        found = _all.get(engine)
        if found is None:
            found = _all[engine] = Threads(engine)
        return found


def use(engine: Engine, made: Threads) -> None:
    """Give `engine` threads with other bounds, before its first request."""
    with _lock:
        _all[engine] = made


def quieten(engine: Engine) -> None:
    """End what runs in the background for an engine, if anything does; its sandboxes go on working, on demand."""
    with _lock:
        found = _all.get(engine)
    if found is not None:
        found.makers.close()


@atexit.register
def _stop_guests() -> None:
    """Stop the guests before the interpreter goes.

    A daemon thread that comes back into Python after that is ended by force, which wasmtime's frames do not survive.
    """
    with _lock:
        ending = list(_all.values())
    for found in ending:
        found.close()
        found.watch.end_all(ENDS_WITHIN)
