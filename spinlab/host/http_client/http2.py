"""HTTP/2 over one connection: any number of exchanges at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import h2.config
import h2.connection
import h2.events
import h2.settings

from spinlab.host.http_client.exchange2 import FAILED, Exchange2
from spinlab.host.http_client.goaway import Frames
from spinlab.host.http_client.http1 import HEAD, Sent
from spinlab.host.http_client.message import WINDOW, Broken, Outgoing
from spinlab.host.http_client.wire import Wire

STREAMS = 100
"""Exchanges at once on one connection, when the server allows as many."""

UNSENT = 1 << 20
"""Bytes of answers to the server (to its pings, settings) that may wait for it to read them."""


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
        except (*FAILED, UnicodeError) as error:
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
        except FAILED as error:
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
