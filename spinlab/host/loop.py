"""The thread that waits for everything outside: one asyncio loop for all capabilities of a process."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from spinlab.host.effect import Effect, Result

if sys.version_info >= (3, 11):
    from asyncio import timeout as within
else:
    from async_timeout import timeout as within  # `asyncio.wait_for` swallows a cancellation there

__all__ = ["LOOP", "Loop", "Outside", "within"]

T = TypeVar("T")


class Outside(Effect):
    """An effect whose work goes on in the loop; cancelling it cancels the work."""

    def __init__(self, *, stream: bool = False) -> None:
        super().__init__(stream=stream)
        self.task: Future[Any] | None = None

    def cancel(self) -> None:
        """End the work; whatever it holds is let go in the loop."""
        if self.task is not None:
            self.task.cancel()


class Loop:
    """A daemon thread with an asyncio loop, started at first use."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The running loop."""
        with self._lock:
            if self._loop is None or self._loop.is_closed():
                # Of Windows' loops only this one waits for a socket that a library such as libpq has opened.
                self._loop = asyncio.SelectorEventLoop() if sys.platform == "win32" else asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, name="spinlab-outside", daemon=True).start()
            return self._loop

    def begin(
        self,
        work: Coroutine[Any, Any, Result],
        effect: Outside | None = None,
        *,
        explain: Callable[[Exception], Result] | None = None,
    ) -> Outside:
        """Do `work` in the loop; its result finishes the effect.

        Parameters:
            work: What to do.
            effect: The effect to finish; a new one when left out.
            explain: Makes the guest's error of an exception; ``other`` with its text when left out.
        """
        done = effect or Outside()

        async def run() -> None:
            try:
                done.finish(await work)
            except asyncio.CancelledError:
                done.finish(Result.error("other", "cancelled"))
                raise
            except Exception as error:  # noqa: BLE001 (whatever fails is the guest's error, not ours)
                done.finish(explain(error) if explain else Result.error("other", str(error) or type(error).__name__))

        done.task = asyncio.run_coroutine_threadsafe(run(), self.loop)
        return done

    def wait(self, work: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        """Do `work` in the loop and wait for it here; an interrupt cancels it.

        Raises:
            TimeoutError: It took longer.
        """
        future = asyncio.run_coroutine_threadsafe(work, self.loop)
        try:
            return future.result(timeout)
        except BaseException:
            future.cancel()
            raise


LOOP = Loop()
"""The process's own."""
