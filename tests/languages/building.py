"""The compilers that run below this process, and what is done while they do."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

import psutil

DELAY = 0.3
"""Seconds that a compiler has run when something is done to it."""


def compilers(names: Collection[str]) -> list[psutil.Process]:
    """The programs of these names that run for this process."""
    return [process for process in psutil.Process().children(recursive=True) if name_of(process) in names]


def name_of(process: psutil.Process) -> str:
    """Its name; empty when it has just ended."""
    try:
        return "" if process.status() == psutil.STATUS_ZOMBIE else str(process.name())
    except psutil.Error:
        return ""


@contextmanager
def during(act: Callable[[], object], *names: str) -> Iterator[None]:
    """Do something while a compiler of one of these names runs."""
    ended = threading.Event()

    def wait() -> None:
        while not ended.wait(0.01):
            if compilers(names):
                if not ended.wait(DELAY):
                    act()
                return

    thread = threading.Thread(target=wait)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def interrupt() -> None:
    """What the Interrupt button does to the kernel."""
    os.kill(os.getpid(), signal.SIGINT)
