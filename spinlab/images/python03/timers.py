"""The timers that the event loop of componentize-py lacks on WASI 0.3: `asyncio.sleep`, `asyncio.timeout`."""

import asyncio

import componentize_py_async_support
from spin_sdk.wit.imports import wasi_clocks_monotonic_clock_0_3_0 as monotonic_clock

SLICE = 0.1  # Seconds after which a sleeping timer looks whether it was cancelled.


def add_timers():
    """Give the event loop of componentize-py the timers that it lacks."""
    loop = componentize_py_async_support._Loop
    loop.time = lambda self: monotonic_clock.now() / 1e9
    loop.call_later = call_later
    loop.call_at = lambda self, when, callback, *args, context=None: call_later(
        self, when - self.time(), callback, *args, context=context
    )
    loop._timer_handle_cancelled = lambda self, handle: None


def call_later(loop, delay, callback, *args, context=None):
    """Call `callback` after `delay` seconds."""
    timer = asyncio.TimerHandle(loop.time() + delay, callback, args, loop, context)

    async def sleep():
        while not timer._cancelled and (rest := timer.when() - loop.time()) > 0:
            await monotonic_clock.wait_for(int(min(rest, SLICE) * 1e9))
        if not timer._cancelled:
            timer._run()

    componentize_py_async_support.spawn(sleep())
    return timer
