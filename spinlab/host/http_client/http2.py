"""HTTP/2 over one connection: any number of exchanges at once."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings

from spinlab.host.http_client.flow import Taking
from spinlab.host.http_client.goaway import Frames
from spinlab.host.http_client.http1 import HEAD, Sent
from spinlab.host.http_client.message import WINDOW, Broken, Fields, Outgoing
from spinlab.host.http_client.wire import Wire
from spinlab.http import Body, BodyAborted, Headers

STREAMS = 100
"""Exchanges at once on one connection, when the server allows as many."""

UNSENT = 1 << 20
"""Bytes of answers to the server (to its pings, settings) that may wait for it to read them."""

_FAILED = (h2.exceptions.ProtocolError, ValueError)


class Http2:
    """A connection.

    Parameters:
        wire: It, open.
        idle: Told when its last exchange is over, with it.
        gone: Told when it is closed, with it.
    """

    def __init__(self, wire: Wire, idle: Callable[[Http2], None], gone: Callable[[Http2], None]) -> None:
        self.wire = wire
        self.leaving = False
        self._idle = idle
        self._gone = gone
        self._frames = Frames()
        self._streams: dict[int, Exchange2] = {}
        self._window = asyncio.Event()
        self.state = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding=None))
        self.state.local_settings = h2.settings.Settings(
            client=True,
            initial_values={
                h2.settings.SettingCodes.ENABLE_PUSH: 0,
                h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: WINDOW,
                h2.settings.SettingCodes.MAX_HEADER_LIST_SIZE: HEAD,
            },
        )
        self.state.initiate_connection()
        # One exchange that nobody reads must not hold up the others: each is bounded by its own window.
        self.state.increment_flow_control_window(2**24)
        self.flush()
        self._reading = asyncio.ensure_future(self._read())

    @property
    def room(self) -> bool:
        """Whether it can take one more exchange."""
        allowed = min(STREAMS, self.state.remote_settings.max_concurrent_streams)
        return not self.leaving and not self.wire.writer.is_closing() and len(self._streams) < allowed

    @property
    def busy(self) -> bool:
        """Whether there is an exchange."""
        return bool(self._streams)

    def begin(self, out: Outgoing, authority: str, sent: Sent) -> Exchange2:
        """Send a request.

        Raises:
            Broken: It is none that HTTP can carry.
        """
        assert out.to is not None
        fields, _ = out.sized()
        head = [
            (":method", out.method),
            (":scheme", out.to.scheme),
            (":authority", authority),
            (":path", out.target),
            *((name, value) for name, value in fields if name != "te" or value == "trailers"),
        ]
        try:
            number = self.state.get_next_available_stream_id()
            encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in head]
            self.state.send_headers(number, encoded, end_stream=out.body == b"")
        except (*_FAILED, UnicodeError) as error:
            raise Broken("HTTP-protocol-error", str(error)) from None
        exchange = self._streams[number] = Exchange2(self, number, out.body, sent)
        self.flush()
        return exchange

    def flush(self) -> None:
        """Send what the protocol has to say."""
        data = self.state.data_to_send()
        if data and not self.wire.writer.is_closing():
            self.wire.writer.write(data)

    async def sendable(self, number: int) -> int:
        """Bytes that a stream may send now; waits until there are some."""
        while True:
            free = min(self.state.local_flow_control_window(number), self.state.max_outbound_frame_size)
            if free > 0:
                return free
            self._window.clear()
            await self._window.wait()

    def forget(self, number: int) -> None:
        """An exchange is over."""
        self._streams.pop(number, None)
        if not self._streams:
            if self.leaving:
                self.close()
            else:
                self._idle(self)

    def close(self) -> None:
        """Close it; exchanges that are open fail. A second time does nothing."""
        self._reading.cancel()
        self._fail(Broken("connection-terminated"))

    async def _read(self) -> None:
        failure = Broken("connection-terminated")
        try:
            while True:
                data = await self.wire.read()
                if not data:
                    break
                for frame in self._frames.feed(data):
                    if isinstance(frame, int):
                        self._told_to_leave(frame)
                    else:
                        for event in self.state.receive_data(frame):
                            self._handle(event)
                self.flush()
                if self.wire.writer.transport.get_write_buffer_size() > UNSENT + WINDOW * STREAMS:
                    raise Broken("HTTP-protocol-error", "the server asks without reading the answers")
        except Broken as error:
            failure = error
        except _FAILED as error:
            self.flush()
            failure = Broken("HTTP-protocol-error", str(error))
        finally:
            self._fail(failure)

    def _fail(self, failure: Broken) -> None:
        self.leaving = True
        streams, self._streams = self._streams, {}
        for exchange in streams.values():
            exchange.failed(failure)
        self._window.set()
        self.wire.close()
        self._gone(self)

    def _told_to_leave(self, last: int) -> None:
        self.leaving = True
        for number in [n for n in self._streams if n > last]:
            self._streams.pop(number).failed(Broken("connection-terminated", unseen=True))
        if not self._streams:
            raise Broken("connection-terminated")

    def _handle(self, event: h2.events.Event) -> None:
        if isinstance(event, (h2.events.WindowUpdated, h2.events.RemoteSettingsChanged)):
            self._window.set()
            return
        exchange = self._streams.get(getattr(event, "stream_id", None) or 0)
        if isinstance(event, h2.events.DataReceived) and event.flow_controlled_length:
            self.state.increment_flow_control_window(event.flow_controlled_length)
        if exchange is not None:
            exchange.handle(event)


class Exchange2:
    """A request and its response."""

    def __init__(self, connection: Http2, number: int, body: bytes | Body, sent: Sent) -> None:
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
        except (*_FAILED, OSError, KeyError):
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
            fields = _fields(event.headers)
            status = next((value for name, value in fields if name == ":status"), "")
            self._head = int(status), [(name, value) for name, value in fields if not name.startswith(":")]
        elif isinstance(event, h2.events.DataReceived):
            self._pieces.append((bytes(event.data or b""), event.flow_controlled_length or 0))
        elif isinstance(event, h2.events.TrailersReceived):
            self._trailers = Headers(_fields(event.headers))
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
                with suppress(*_FAILED, KeyError):  # a stream that has ended has no window
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
            with suppress(*_FAILED, KeyError):
                self._connection.state.reset_stream(self._number, h2.errors.ErrorCodes.CANCEL)
                self._connection.flush()
        self._connection.forget(self._number)


_GIVEN_UP = (h2.errors.ErrorCodes.CANCEL, h2.errors.ErrorCodes.REFUSED_STREAM, h2.errors.ErrorCodes.NO_ERROR)


def _fields(headers: object) -> Fields:
    pairs: list[tuple[bytes, bytes]] = list(headers)  # type: ignore[call-overload]
    return [(bytes(name).decode("latin-1"), bytes(value).decode("latin-1")) for name, value in pairs]
