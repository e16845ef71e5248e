"""The process that stays: it holds the port, and keeps a ``spinlab up`` behind it.

It is started with the folder of the deployment and a socket that listens. Each ``spinlab up`` gets the same socket, so
that one can begin before the other ends, and a request that comes while none runs waits. SIGHUP says that there is an
order, SIGUSR1 that it is taken back, SIGTERM that this is the end.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Final

from spinlab.deploying.local import record as files
from spinlab.deploying.local.child import Child, Log
from spinlab.deploying.local.processes import NOBODY, process
from spinlab.deploying.local.record import Answer, Order, Record

DRAIN: Final = 30.0
"""Seconds that requests under way have when a version ends; triggers' messages end within it, too."""
PATIENCE: Final = 900.0
"""Seconds that a start may take: components may have to be compiled."""
MARGIN: Final = 15.0
AGAIN_FIRST, AGAIN_LAST = 1.0, 60.0
"""Seconds before what ended by itself is started again."""
_TICK = 1.0


class Keeper:
    """Keeps one deployment.

    Parameters:
        folder: Its folder.
        descriptor: The socket.
    """

    def __init__(self, folder: Path, descriptor: int) -> None:
        self._folder = folder
        self._descriptor = descriptor
        self._log = Log(folder / files.LOG)
        self._news: SimpleQueue[int] = SimpleQueue()
        self._ending = False
        self._taken_back = False
        self._order: Order | None = None
        self._record: Record | None = None
        self._child: Child | None = None
        self._failures = 0
        self._again = 0.0

    def run(self) -> int:
        """Keep it until SIGTERM; answers the exit status."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGCHLD):
            signal.signal(number, self._note)
        if not self._carry_out():
            return 1
        while not self._ending:
            with suppress(Empty):
                if self._news.get(timeout=_TICK) == signal.SIGHUP:
                    self._carry_out()
            if not (self._folder / files.RECORD).is_file():
                break  # its folder is gone, so that nobody would ever find it again
            self._look_after()
        self._log.line("spinlab: ends")
        if self._child is not None:
            self._child.stop(DRAIN + MARGIN)
        return 0

    def _note(self, number: int, _frame: object) -> None:
        self._ending = self._ending or number in (signal.SIGTERM, signal.SIGINT)
        self._taken_back = self._taken_back or number == signal.SIGUSR1
        self._news.put(number)

    # ---- orders

    def _carry_out(self) -> bool:
        """Start what an order says; when it serves, end what served before."""
        self._taken_back = False
        order = files.take_order(self._folder)
        if order is None:
            return self._order is not None
        new = self._start(order, first=True)
        error = self._problem(new, lambda: self._ending or self._taken_back)
        if error or new is None:
            said = tuple(new.said) if new is not None else ()
            self._log.line(f"spinlab: version {order.record.digest[:12]} does not serve: {error}")
            files.write(self._folder, files.ANSWER, Answer(order.record.serial, error, said))
            return self._order is not None
        old, self._child, self._order = self._child, new, order
        self._failures = 0
        self._tell(order.record, state="running", reasons=(), restarts=0, url=new.url)
        self._log.line(f"spinlab: version {order.record.digest[:12]} serves {new.url}")
        if old is not None:
            old.stop(DRAIN + MARGIN)
        files.write(self._folder, files.ANSWER, Answer(order.record.serial))
        return True

    def _start(self, order: Order, *, first: bool = False) -> Child | None:
        command = (*order.command, "--listen-fd", str(self._descriptor), *(order.first if first else ()))
        try:
            return Child(command, order.environment, self._descriptor, self._log)
        except (OSError, ValueError) as error:
            self._log.line(f"spinlab: it can't be started: {error}")
            return None

    def _problem(self, child: Child | None, given_up: Callable[[], bool]) -> str:
        """Why it does not serve; empty when it does. What does not serve has ended."""
        if child is None:
            return "it can't be started; the log says why"
        ends = time.monotonic() + PATIENCE
        while not child.settled.wait(0.1):
            if given_up() or child.over or time.monotonic() > ends:
                break
        if child.url and not given_up() and not child.over:
            return ""
        if child.settled.is_set() and child.ended(MARGIN):
            child.drain()
            return child.status
        child.stop(MARGIN)
        return "it was taken back" if given_up() else f"it did not serve within {PATIENCE:.0f} s"

    # ---- what ended by itself

    def _look_after(self) -> None:
        child, order, known = self._child, self._order, self._record
        if order is None or known is None or self._ending:
            return
        if child is not None and child.over:
            child.drain()
            self._child = None
            self._fails(known, (child.status, *child.said))
        elif child is None and time.monotonic() >= self._again:
            new = self._start(order)
            error = self._problem(new, lambda: self._ending)
            if error or new is None:
                self._fails(known, (error, *(new.said if new is not None else ())))
                return
            self._child, self._failures = new, 0
            self._tell(known, state="running", reasons=(), restarts=known.restarts + 1)

    def _fails(self, known: Record, reasons: tuple[str, ...]) -> None:
        wait = min(AGAIN_FIRST * 2**self._failures, AGAIN_LAST)
        self._failures += 1
        self._again = time.monotonic() + wait
        self._log.line(f"spinlab: {reasons[0]}; it is started again after {wait:.0f} s")
        self._tell(known, state="failing", reasons=reasons)

    def _tell(self, known: Record, **changes: object) -> None:
        """Write the record; when its state is another one, that began now."""
        child = self._child.process if self._child is not None else NOBODY
        said = replace(known, keeper=process(os.getpid()), child=child, **changes)  # type: ignore[arg-type]
        before = self._record
        if before is None or (before.state, before.serial, before.restarts) != (said.state, said.serial, said.restarts):
            said = replace(said, since=time.time())
        self._record = said
        files.write(self._folder, files.RECORD, said)


if __name__ == "__main__":
    raise SystemExit(Keeper(Path(sys.argv[1]), int(sys.argv[2])).run())
