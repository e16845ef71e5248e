"""Several attempts at one thing, each begun a while after the one before it: the first that works is taken."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


async def first(attempts: Sequence[Callable[[], Awaitable[T]]], apart: float, drop: Callable[[T], object]) -> T:
    """The result of the first attempt that works.

    Parameters:
        attempts: In the order in which they are begun: the next when one fails, or when `apart` seconds have passed.
        apart: Seconds between two.
        drop: What is done with a result that came too late.

    Raises:
        OSError: All have failed; it is the first one's error.
    """
    if len(attempts) == 1:
        return await attempts[0]()
    running: set[asyncio.Task[T]] = set()
    failed: list[BaseException] = []
    left = list(attempts)
    try:
        while left or running:
            if left:
                running.add(asyncio.ensure_future(left.pop(0)()))
            done, running = await asyncio.wait(
                running, timeout=apart if left else None, return_when=asyncio.FIRST_COMPLETED
            )
            good = [task.result() for task in done if task.exception() is None]
            for spare in good[1:]:
                drop(spare)
            if good:
                return good[0]
            failed += [error for error in (task.exception() for task in done) if error]
        raise failed[0]
    finally:
        for task in running:
            task.cancel()
            task.add_done_callback(lambda late: late.cancelled() or late.exception() or drop(late.result()))
