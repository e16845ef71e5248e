"""The image's entry on WASI 0.2: answer each request with the cell's handler."""

import gc
import os
import sys

sys.dont_write_bytecode = True  # what one build leaves must not be found by the next

import cell
import checked
import short_handler
import spin_sdk.http
import stdlib
import warm_up  # noqa: F401 - brings the WIT of the second world
from spin_sdk.wit.imports.types import Fields, OutgoingResponse, ResponseOutparam
from spin_sdk.wit.types import Ok

__spinlab__ = True


def handler_of(module):
    """The handler that a cell defines, in one of its forms."""
    found = getattr(module, "IncomingHandler", None)
    if isinstance(found, type) and found.__module__ != "spin_sdk.http":
        return checked.watch(found(), returning)
    if callable(getattr(module, "handle", None)):
        return short_handler.handler_for(module.handle)()
    raise TypeError("define handle(request) or class IncomingHandler")


def returning(method, check):
    """The method that the SDK calls."""

    def handle_request(request):
        return check(method(request))

    return handle_request


the_cell = cell.Cell(handler_of)


class IncomingHandler:
    """What componentize-py calls for each request."""

    def handle(self, request, response_out):
        """Answer one request; a failure is written to stderr and answered with an empty 500."""
        handler = the_cell.handler()
        try:
            if handler is not None:
                handler.handle(request, response_out)
                return
            the_cell.complain()
        except BaseException:
            cell.report_current()
        finally:
            sys.stdout.flush()
        refuse(response_out)


class WarmUp:
    """What the host calls ahead of a request."""

    def prepare(self):
        """Import the cell; gives the traceback when that fails."""
        the_cell.handler()
        return the_cell.failure()


def refuse(response_out):
    """Answer an empty 500, or trap when the answer has begun."""
    response = OutgoingResponse(Fields())
    response.set_status_code(500)
    try:
        ResponseOutparam.set(response_out, Ok(response))
    except BaseException:
        os.abort()


spin_sdk.http.traceback = cell.Report()
short_handler.report = cell.report_current
stdlib.gather(os.path.dirname(__file__))
cell.forget_build()
gc.collect()
gc.freeze()
