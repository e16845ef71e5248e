"""Cranelift in the background: programs that run as Winch's code get better code while they are used."""

from __future__ import annotations

import threading
from collections import deque
from contextlib import suppress

from spinlab.engine.compiler import Compiler
from spinlab.engine.program import Program
from spinlab.engine.runtimes import Runtimes


class Tiering:
    """One thread that has programs compiled again, one after the other, in a child that gives way to all else.

    The thread exists only while there is something to do.
    """

    def __init__(self, compiler: Compiler, runtimes: Runtimes) -> None:
        self._compiler = compiler
        self._runtimes = runtimes
        self._waiting: deque[Program] = deque()
        self._lock = threading.Condition()
        self._busy: Program | None = None
        self._closed = False

    def add(self, program: Program) -> None:
        """Compile it when its turn comes. Twice is once."""
        with self._lock:
            if self._closed or program is self._busy or program in self._waiting:
                return
            self._waiting.append(program)
            if self._busy is None:
                self._busy = program
                threading.Thread(target=self._run, name="spinlab-tiering", daemon=True).start()

    def _run(self) -> None:
        while True:
            with self._lock:
                if self._closed or not self._waiting:
                    self._busy = None
                    self._lock.notify_all()
                    return
                self._busy = self._waiting.popleft()
                program = self._busy
            # Winch's code stays, whatever goes wrong: Cranelift can't do it, or there is no room for a child.
            with suppress(Exception):
                self._improve(program)

    def _improve(self, program: Program) -> None:
        engines = self._runtimes.engines_for("cranelift", pooled=True)
        loaded = self._compiler.aside(program.source, engines, background=True, stopped=lambda: self._closed)
        program.become("cranelift", loaded)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until nothing is left to do; False when that took too long."""
        with self._lock:
            return self._lock.wait_for(lambda: self._busy is None, timeout)

    def close(self) -> None:
        """End the child and forget the rest."""
        with self._lock:
            self._closed = True
            self._waiting.clear()
