"""Answer requests with a plain function, on WASI 0.2: the entry that turns `def handle(request)` into a handler.

`handler_for(handle)` gives the class that componentize-py looks for. A generator is sent item by item, `async def`
runs on the SDK's poll loop, with timers added (`asyncio.sleep`, `asyncio.timeout`).
"""

import asyncio
import inspect
import traceback

import short
from spin_sdk.http.poll_loop import PollLoop
from spin_sdk.wit.imports import monotonic_clock, poll
from spin_sdk.wit.imports.streams import StreamError_Closed
from spin_sdk.wit.imports.types import Fields, IncomingBody, OutgoingBody, OutgoingResponse, ResponseOutparam
from spin_sdk.wit.types import Err, Ok

CHUNK = 64 * 1024

report = traceback.print_exc


def handler_for(function):
    """The handler class that answers every request with `function`."""

    class IncomingHandler:
        """A handler around one function."""

        def handle(self, request, response_out):
            """Answer one request."""
            answer(function, request, response_out)

    return IncomingHandler


def answer(function, request, response_out):
    """Call `function` and send what it returns; an exception is written to stderr and answered with an empty 500."""
    loop = Loop()
    try:
        result = function(read_request(request))
        if inspect.isawaitable(result):
            result = loop.run_until_complete(result)
        status, headers, body = short.parts(result, getattr(function, "__name__", "handle"))
        if isinstance(body, bytes):
            items = iter((body,))
        else:
            items, headers = stream(body, headers, loop)
        response = OutgoingResponse(Fields.from_list(headers))
        response.set_status_code(status)
    except BaseException:
        report()
        response = OutgoingResponse(Fields())
        response.set_status_code(500)
        ResponseOutparam.set(response_out, Ok(response))
        return
    out = response.body()
    ResponseOutparam.set(response_out, Ok(response))
    send(items, out, flush=not isinstance(body, bytes))


def read_request(request):
    """The request as the short form has it. A body that may be there is read at once, else when it is asked for."""
    kind = request.method()
    method = getattr(kind, "value", None) or type(kind).__name__.rpartition("_")[2].upper()
    headers = short.Headers((name, text(value)) for name, value in request.headers().entries())
    found = short.Request(method, request.path_with_query() or "/", headers, lambda: read_body(request))
    if method not in ("GET", "HEAD"):
        found.body  # noqa: B018 - a body left unread would break the connection
    return found


def text(value):
    """A header value as text: UTF-8, else latin-1."""
    try:
        return str(value, "utf-8")
    except UnicodeDecodeError:
        return str(value, "latin-1")


def read_body(request):
    """The whole body."""
    body = request.consume()
    data = bytearray()
    with body.stream() as source:
        try:
            while True:
                data += source.blocking_read(CHUNK)
        except Err as error:
            if not isinstance(error.value, StreamError_Closed):
                raise
    IncomingBody.finish(body)
    return bytes(data)


def stream(body, headers, loop):
    """An iterator over the encoded items, its first one already made, and the headers with a content type."""
    source = body if hasattr(body, "__next__") else drive(body, loop)
    first = next(source, b"")
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers = [*headers, ("content-type", short.content_type(first).encode())]
    return chain(short.item(first), source), headers


def chain(first, rest):
    """The encoded items of a streamed body."""
    yield first
    for value in rest:
        yield short.item(value)


def drive(source, loop):
    """Turn an asynchronous iterator into an ordinary one, on `loop`."""
    while True:
        try:
            yield loop.run_until_complete(source.__anext__())
        except StopAsyncIteration:
            return


def send(items, out, flush):
    """Write the items and finish the body.

    An exception on the way is written to stderr and leaves the body unfinished, so that the client sees that it is
    cut short. A client that went away ends it quietly.
    """
    target = out.write()
    try:
        for data in items:
            write(target, data)
            if flush and data:
                target.blocking_flush()
    except Err as error:
        if not isinstance(error.value, StreamError_Closed):
            report()
        return
    except BaseException:
        report()
        return
    target.__exit__(None, None, None)
    OutgoingBody.finish(out, None)


def write(target, data):
    """Write all of `data` as there is room."""
    at = 0
    while at < len(data):
        room = target.check_write()
        if room:
            target.write(data[at : at + room])
            at += room
        else:
            with target.subscribe() as ready:
                ready.block()


class Timer(asyncio.TimerHandle):
    """A timer, with the future that the clock fulfils."""

    fired = None


class Loop(PollLoop):
    """The SDK's loop with timers, and with tasks that wake each other."""

    def run_until_complete(self, future):
        """Run until `future` is done, and give its result."""
        future = asyncio.ensure_future(future, loop=self)
        asyncio.events._set_running_loop(self)
        self.running = True
        try:
            while not future.done():
                ready, self.handles = self.handles, []
                for handle in ready:
                    if not handle._cancelled:
                        handle._run()
                if self.exception is not None:
                    raise self.exception
                if not self.handles and not future.done():
                    self.wait()
        finally:
            self.running = False
            asyncio.events._set_running_loop(None)
        return future.result()

    def wait(self):
        """Block until something that is waited for is ready."""
        waiting = []
        for pollable, waker in self.wakers:
            if waker.done():
                pollable.__exit__(None, None, None)
            else:
                waiting.append((pollable, waker))
        if not waiting:
            raise RuntimeError("the handler waits for something that never comes")
        ready = set(poll.poll([pollable for pollable, _ in waiting]))
        self.wakers = [pair for at, pair in enumerate(waiting) if at not in ready]
        for at in ready:
            pollable, waker = waiting[at]
            pollable.__exit__(None, None, None)
            waker.set_result(None)

    def create_task(self, coroutine, *, name=None, context=None):
        """Schedule a coroutine."""
        return asyncio.Task(coroutine, loop=self, name=name, context=context)

    def time(self):
        """Seconds on the monotonic clock."""
        return monotonic_clock.now() / 1e9

    def call_later(self, delay, callback, *args, context=None):
        """Call `callback` after `delay` seconds."""
        timer = Timer(self.time() + delay, callback, args, self, context)
        timer.fired = self.create_future()
        timer.fired.add_done_callback(lambda _: timer._cancelled or timer._run())
        self.wakers.append((monotonic_clock.subscribe_duration(max(0, int(delay * 1e9))), timer.fired))
        return timer

    def call_at(self, when, callback, *args, context=None):
        """Call `callback` when the monotonic clock shows `when`."""
        return self.call_later(when - self.time(), callback, *args, context=context)

    def _timer_handle_cancelled(self, timer):
        timer.fired.cancel()
