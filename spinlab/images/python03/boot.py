"""The image's entry on WASI 0.3: answer each request with the cell's handler."""

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
from spin_sdk.wit import exports
from spin_sdk.wit.imports.wasi_http_types_0_3_0 import Fields, Response

__spinlab__ = True


def handler_of(module):
    """The handler that a cell defines, in one of its forms."""
    found = getattr(module, "HttpHandler", None)
    if isinstance(found, type):
        return checked.watch(found(), returning)
    if callable(getattr(module, "handle", None)):
        return short_handler.handler_for(module.handle)()
    raise TypeError("define handle(request) or class HttpHandler")


def returning(method, check):
    """The method that the SDK calls."""

    async def handle_request(request):
        return check(await method(request))

    return handle_request


the_cell = cell.Cell(handler_of)


class HttpHandler(exports.HttpHandler):
    """What componentize-py calls for each request."""

    async def handle(self, request):
        """Answer one request; a failure is written to stderr and answered with an empty 500."""
        handler = the_cell.handler()
        try:
            if handler is not None:
                return await handler.handle(request)
            the_cell.complain()
        except BaseException:
            cell.report_current()
        finally:
            sys.stdout.flush()
        response = Response.new(Fields(), None, short_handler.trailers()[1])[0]
        response.set_status_code(500)
        return response


class WarmUp:
    """What the host calls ahead of a request."""

    def prepare(self):
        """Import the cell; gives the traceback when that fails."""
        the_cell.handler()
        return the_cell.failure()


spin_sdk.http.traceback = cell.Report()
short_handler.report = cell.report_current
stdlib.gather(os.path.dirname(__file__))
cell.forget_build()
gc.collect()
gc.freeze()
