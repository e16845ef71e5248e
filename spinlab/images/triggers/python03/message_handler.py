"""Answer messages with a plain function, on WASI 0.3: the entry that turns `def handle(message)` into a handler.

`handler_for(handle)` gives the class that componentize-py looks for. Both `def` and `async def` will do.
"""

import inspect
import traceback

import trigger
from timers import add_timers

report = traceback.print_exc


def handler_for(function):
    """The handler class that passes every message to `function`."""
    add_timers()

    async def method(self, *arguments):
        return await answer(function, arguments)

    return type(trigger.HANDLER, (trigger.BASE,), {trigger.METHOD: method})


async def answer(function, arguments):
    """Call `function` with a message; an exception is written to stderr and is the failure of the run."""
    try:
        result = function(trigger.message(*arguments))
        if inspect.isawaitable(result):
            result = await result
        return trigger.result(result)
    except BaseException as error:
        report()
        raise trigger.failure(error) from None
