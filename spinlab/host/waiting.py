"""Waiting for an operation from Python, where a person may interrupt it."""

from __future__ import annotations

import threading

from spinlab.host.effect import Effect, Result


def result_of(begun: Result | Effect) -> Result:
    """The result of an operation; an interrupt cancels it."""
    if isinstance(begun, Result):
        return begun
    done = threading.Event()
    begun.watch(done.set)
    try:
        while not done.wait(0.5):  # on Windows a wait without an end can't be interrupted
            pass
    except BaseException:
        begun.cancel()
        raise
    result = begun.peek()
    assert result is not None
    return result
