"""Answer messages with a plain function, on WASI 0.2: the entry that turns `def handle(message)` into a handler.

`handler_for(handle)` gives the class that componentize-py looks for. `async def` runs on the loop of `short_handler`.
"""

import inspect
import traceback

import trigger
from short_handler import Loop

report = traceback.print_exc


def handler_for(function):
    """The handler class that passes every message to `function`."""

    def method(self, *arguments):
        return answer(function, arguments)

    return type(trigger.HANDLER, (), {trigger.METHOD: method})


def answer(function, arguments):
    """Call `function` with a message; an exception is written to stderr and is the failure of the run."""
    try:
        result = function(trigger.message(*arguments))
        if inspect.isawaitable(result):
            result = Loop().run_until_complete(result)
        return trigger.result(result)
    except trigger.Err:
        raise
    except BaseException as error:
        report()
        raise trigger.failure(error) from None
