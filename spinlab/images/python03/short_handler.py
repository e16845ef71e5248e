"""Answer requests with a plain function, on WASI 0.3: the entry that turns `def handle(request)` into a handler.

`handler_for(handle)` gives the class that componentize-py looks for. A generator is sent item by item; timers are
added to the event loop (`asyncio.sleep`, `asyncio.timeout`).
"""

import inspect
import traceback

import componentize_py_async_support
import short
from componentize_py_types import Err, Ok
from spin_sdk import wit
from spin_sdk.wit import exports
from spin_sdk.wit.imports.wasi_http_types_0_3_0 import ErrorCode_InternalError, Fields, Request, Response
from timers import add_timers

CHUNK = 64 * 1024

report = traceback.print_exc


def handler_for(function):
    """The handler class that answers every request with `function`."""
    add_timers()

    class HttpHandler(exports.HttpHandler):
        """A handler around one function."""

        async def handle(self, request):
            """Answer one request."""
            return await answer(function, request)

    return HttpHandler


async def answer(function, request):
    """Call `function` and send what it returns; an exception is written to stderr and answered with an empty 500."""
    try:
        result = function(await read_request(request))
        if inspect.isawaitable(result):
            result = await result
        status, headers, body = short.parts(result, getattr(function, "__name__", "handle"))
        first = None
        if not isinstance(body, bytes):
            first = await following(body)
            if not any(name.lower() == "content-type" for name, _ in headers):
                headers = [*headers, ("content-type", short.content_type(first).encode())]
            first = short.item(b"" if first is None else first)
        fields = Fields.from_list(headers)
    except BaseException:
        report()
        response = Response.new(Fields(), None, trailers()[1])[0]
        response.set_status_code(500)
        return response
    writer, reader = wit.byte_stream()
    end, trailing = trailers()
    response = Response.new(fields, reader, trailing)[0]
    response.set_status_code(status)
    work = send_whole(body, writer, end) if isinstance(body, bytes) else send(first, body, writer, end)
    componentize_py_async_support.spawn(work)
    return response


async def read_request(request):
    """The request as the short form has it, its body read."""
    kind = request.get_method()
    method = getattr(kind, "value", None) or type(kind).__name__.rpartition("_")[2].upper()
    headers = short.Headers((name, text(value)) for name, value in request.get_headers().copy_all())
    uri = request.get_path_with_query() or "/"
    source, trailing = Request.consume_body(request, finished())
    data = bytearray()
    with source, trailing:
        while not source.writer_dropped:
            data += await source.read(CHUNK)
    return short.Request(method, uri, headers, bytes(data))


def text(value):
    """A header value as text: UTF-8, else latin-1."""
    try:
        return str(value, "utf-8")
    except UnicodeDecodeError:
        return str(value, "latin-1")


async def following(source):
    """The next item of an ordinary or asynchronous iterator; None at its end."""
    if hasattr(source, "__next__"):
        return next(source, None)
    try:
        return await source.__anext__()
    except StopAsyncIteration:
        return None


async def send_whole(body, writer, end):
    """Write a body that is all there, and that it ended well.

    The end is written and not left to the writer's finalizer: an exception that the function caught may keep the frame
    that holds it alive, and the client would wait.
    """
    with writer:
        await writer.write_all(body)
    await end.write(Ok(None))


async def send(first, body, writer, end):
    """Write a body piece by piece, and then how it ended.

    An exception on the way is written to stderr and leaves the body cut short. A client that went away ends it quietly.
    """
    outcome = Ok(None)
    with writer:
        try:
            data = first
            while data is not None and not writer.reader_dropped:
                if data:
                    await writer.write_all(data)
                data = await following(body)
                data = None if data is None else short.item(data)
        except BaseException:
            report()
            outcome = Err(ErrorCode_InternalError("the handler failed after the response had begun"))
    await end.write(outcome)


def trailers():
    """Both ends of a message's trailers; unless something else is written, they are none."""
    return wit.result_option_wasi_http_types_0_3_0_fields_wasi_http_types_0_3_0_error_code_future(lambda: Ok(None))


def finished():
    """Says that a body was read without an error."""
    return wit.result_unit_wasi_http_types_0_3_0_error_code_future(lambda: Ok(None))[1]
