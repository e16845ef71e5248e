"""The entry of a trigger's image on WASI 0.3: pass each message to the cell's handler."""

import gc
import os
import sys

sys.dont_write_bytecode = True  # what one build leaves must not be found by the next

import cell
import message_handler
import stdlib
import trigger

__spinlab__ = True


def handler_of(module):
    """The handler that a cell defines, in one of its forms."""
    found = getattr(module, trigger.HANDLER, None)
    if isinstance(found, type):
        cell.remember(getattr(found, trigger.METHOD, None))
        return found()
    if callable(getattr(module, "handle", None)):
        return message_handler.handler_for(module.handle)()
    raise TypeError(f"define handle(message) or class {trigger.HANDLER}")


the_cell = cell.Cell(handler_of)


async def take(self, *arguments):
    """Pass one message on; what the handler raises is written to stderr and is the failure of the run."""
    handler = the_cell.handler()
    try:
        if handler is None:
            the_cell.complain()
            raise trigger.failure(the_cell.error)
        return await getattr(handler, trigger.METHOD)(*arguments)
    except trigger.Err:
        raise
    except BaseException as error:
        cell.report_current()
        raise trigger.failure(error) from None
    finally:
        sys.stdout.flush()


class WarmUp:
    """What the host calls ahead of a message."""

    def prepare(self):
        """Import the cell; gives the traceback when that fails."""
        the_cell.handler()
        return the_cell.failure()


globals()[trigger.HANDLER] = type(trigger.HANDLER, (trigger.BASE,), {trigger.METHOD: take})
message_handler.report = cell.report_current
stdlib.take("spin_sdk.wit.exports")
stdlib.gather(os.path.dirname(__file__))
cell.forget_build()
gc.collect()
gc.freeze()
