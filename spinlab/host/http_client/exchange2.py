"""One request and its response on an HTTP/2 connection."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import Protocol

import h2.connection
import h2.errors
import h2.events
import h2.exceptions

from spinlab.host.http_client.flow import Taking
from spinlab.host.http_client.http1 import Sent, fields_of
from spinlab.host.http_client.message import Broken, Fields
from spinlab.host.http_client.wire import Wire
from spinlab.http import Body, BodyAborted, Headers

FAILED = (h2.exceptions.ProtocolError, ValueError)
"""What the protocol's library raises."""


class Connection(Protocol):
    """The connection that it runs on."""

    wire: Wire
    state: h2.connection.H2Connection

    def flush(self) -> None:
        """Send what the protocol has to say."""
        ...

    async def sendable(self, number: int) -> int:
        """Bytes that a stream may send now; waits until there are some."""
        ...

    def forget(self, number: int) -> None:
        """An exchange is over."""
        ...


class Exchange2:
    """A request and its response."""

    def __init__(self, connection: Connection, number: int, body: bytes | Body, sent: Sent) -> None:
        self._connection = connection
        self._number = number
        self._sent = sent
        self._head: tuple[int, Fields] | None = None
        self._pieces: deque[tuple[bytes, int]] = deque()
        self._trailers = Headers()
        self._ended = False
        self._failure: Broken | None = None
        self._changed = asyncio.Event()
        self._open = True
        self._upload = asyncio.ensure_future(self._send(body)) if body != b"" else None

    async def _send(self, body: bytes | Body) -> None:
        failure: Broken | None = Broken("connection-terminated")
        try:
            if isinstance(body, bytes):
                await self._write(body, end=True)
            else:
                await self._stream(Taking(body))
            failure = None
        except BodyAborted:
            failure = Broken("HTTP-protocol-error", "the body was broken off")
            self.failed(failure)
        except (*FAILED, OSError, KeyError):
            pass  # the stream is closed, and whoever reads hears of it
        finally:
            if isinstance(body, Body):
                self._sent(failure)

    async def _stream(self, source: Taking) -> None:
        while not isinstance(piece := await source.next(), Headers):
            await self._write(piece, end=False)
        state = self._connection.state
        if len(piece):
            fields = [(n.lower().encode("latin-1"), v.encode("latin-1")) for n, v in piece.items()]
            state.send_headers(self._number, fields, end_stream=True)
        else:
            state.end_stream(self._number)
        self._connection.flush()

    async def _write(self, data: bytes, *, end: bool) -> None:
        view = memoryview(data)
        while view:
            free = await self._connection.sendable(self._number)
            part, view = view[:free], view[free:]
            self._connection.state.send_data(self._number, bytes(part), end_stream=end and not view)
            self._connection.flush()
            await self._connection.wire.writer.drain()

    def handle(self, event: h2.events.Event) -> None:
        """Something came for this exchange."""
        if isinstance(event, h2.events.ResponseReceived):
            fields = fields_of(event.headers)
            status = next((value for name, value in fields if name == ":status"), "")
            self._head = int(status), [(name, value) for name, value in fields if not name.startswith(":")]
        elif isinstance(event, h2.events.DataReceived):
            self._pieces.append((bytes(event.data or b""), event.flow_controlled_length or 0))
        elif isinstance(event, h2.events.TrailersReceived):
            self._trailers = Headers(fields_of(event.headers))
        elif isinstance(event, h2.events.StreamEnded):
            self._ended = True
        elif isinstance(event, h2.events.StreamReset):
            self._reset(event.error_code)
        self._changed.set()

    def _reset(self, code: int | None) -> None:
        if self._ended and code == h2.errors.ErrorCodes.NO_ERROR:
            return  # the server has answered and wants no more of the request
        refused = code == h2.errors.ErrorCodes.REFUSED_STREAM
        name = "connection-terminated" if code in _GIVEN_UP else "HTTP-protocol-error"
        self.failed(Broken(name, "the server reset the stream", unseen=refused))

    def failed(self, failure: Broken) -> None:
        """The exchange can't go on."""
        self._failure = self._failure or failure
        self._changed.set()

    async def head(self) -> tuple[int, Fields]:
        """Status and fields of the response.

        Raises:
            Broken: There is none.
        """
        while self._head is None:
            if self._failure is not None:
                raise self._failure
            self._changed.clear()
            await self._changed.wait()
        return self._head

    async def read(self) -> bytes | Headers:
        """The next bytes of the response; the trailers at the end.

        Raises:
            Broken: It is cut short.
        """
        while True:
            found = self.at_once()
            if found is not None:
                return found
            self._changed.clear()
            await self._changed.wait()

    def at_once(self) -> bytes | Headers | None:
        """What `read` would give, when that is there already.

        Raises:
            Broken: It is cut short.
        """
        if self._pieces:
            data, taken = self._pieces.popleft()
            if taken:
                with suppress(*FAILED, KeyError):  # a stream that has ended has no window
                    self._connection.state.increment_flow_control_window(taken, self._number)
                    self._connection.flush()
            return data
        if self._ended:
            self._end()
            return self._trailers
        if self._failure is not None:
            raise self._failure
        return None

    def close(self) -> None:
        """Stop here. A second time does nothing."""
        self._end()

    def _end(self) -> None:
        if not self._open:
            return
        self._open = False
        unfinished = self._upload is not None and not self._upload.done()
        if unfinished and self._upload is not None:
            self._upload.cancel()
        if unfinished or not self._ended:
            with suppress(*FAILED, KeyError):
                self._connection.state.reset_stream(self._number, h2.errors.ErrorCodes.CANCEL)
                self._connection.flush()
        self._connection.forget(self._number)


_GIVEN_UP = (h2.errors.ErrorCodes.CANCEL, h2.errors.ErrorCodes.REFUSED_STREAM, h2.errors.ErrorCodes.NO_ERROR)
