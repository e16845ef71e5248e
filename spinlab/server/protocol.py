"""HTTP/1.1 on a connection: uvicorn's httptools protocol, with bounds on what a client can make us hold.

The only module, with ``listener``, that imports uvicorn.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from spinlab.server.asgi import CONNECTION
from spinlab.server.stalling import Stall

logger = logging.getLogger("spinlab.server")
logger.addHandler(logging.NullHandler())  # nothing on stderr: that is some cell's output

MAX_HEAD = 64 * 1024  # request line and header fields; also trailers and the framing of chunks
MAX_FIELDS = 100  # hyper's, and so Spin's
HEAD_SECONDS = 30.0
LINGER_SECONDS = 10.0
FIRST_SECONDS = 0.5  # for the head of who had just connected when the listener ended
MAX_DRAINED = 16 << 20  # of a body that nobody wants any more


class _Joining:
    """A transport that sends a head and a small body in one packet, where uvicorn writes twice."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._held: list[bytes] | None = None
        self.abort = transport.abort
        self.is_closing = transport.is_closing
        self.pause_reading = transport.pause_reading
        self.resume_reading = transport.resume_reading
        self.get_extra_info = transport.get_extra_info
        self.get_write_buffer_size = transport.get_write_buffer_size

    def hold(self) -> None:
        self._held = []

    def let_go(self) -> None:
        held, self._held = self._held, None
        if held:
            self._transport.write(b"".join(held))

    def write(self, data: bytes) -> None:
        if self._held is None:
            self._transport.write(data)
        else:
            self._held.append(data)

    def close(self) -> None:
        self.let_go()
        self._transport.close()


class Connection(HttpToolsProtocol):
    """One client's connection."""

    transport: _Joining  # type: ignore[assignment]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.logger = self.access_logger = logger
        self.access_log = False
        self.on_lost: Callable[[], None] | None = None
        self.trailers: list[tuple[bytes, bytes]] = []
        self._head_timer: asyncio.TimerHandle | None = None
        self._in_head = self._in_message = False
        self._framing = self._body = self._drained = 0
        self._refusal = b""
        self._stall: Stall | None = None
        self._failed = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Give the client so long for its first head."""
        super().connection_made(_Joining(transport))  # type: ignore[arg-type]
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self._too_slow)
        if self.config.app.ending:  # type: ignore[union-attr]
            self.shutdown()  # it was accepted before the listener ended

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever answers."""
        super().connection_lost(exc)
        self._stop_head_timer()
        self._stop_watching()
        if self.on_lost is not None:
            call, self.on_lost = self.on_lost, None
            call()

    def shutdown(self) -> None:
        """The listener ends: a request under way is answered, and so is the one that a new connection brings."""
        self._end(self.loop.time() + FIRST_SECONDS)

    def pause_writing(self) -> None:
        """The client reads slower than we write: see that it reads at all."""
        super().pause_writing()
        if self._failed:
            self.transport.abort()
        elif self._stall is None:
            self._stall = Stall(self.loop, self.transport, self.config.app.stall)  # type: ignore[union-attr]

    def resume_writing(self) -> None:
        """The client reads."""
        super().resume_writing()
        self._stop_watching()

    def data_received(self, data: bytes) -> None:
        """Parse, and count what is neither head nor body yet."""
        self._body = 0
        super().data_received(data)
        if self._in_message and not self.transport.is_closing():
            # nine bytes of framing for a byte of body are the worst that honest chunks cost
            self._framing = max(0, self._framing + len(data) - 9 * self._body)
            if self._framing > MAX_HEAD + len(data):
                self._refuse(b"431 Request Header Fields Too Large")

    def on_message_begin(self) -> None:
        """Let the scope lead here."""
        super().on_message_begin()
        self._in_head = self._in_message = True
        self._framing = 0
        self.scope[CONNECTION] = self  # type: ignore[literal-required]
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self._too_slow)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep what comes after the body apart."""
        if self._in_head:
            super().on_header(name, value)
        else:  # uvicorn would mix trailers into the headers, past everything that was decided on those
            self.trailers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Refuse a head that is too large before anybody looks at it."""
        self._in_head = False
        self._stop_head_timer()
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > MAX_HEAD or len(self.headers) > MAX_FIELDS:
            self._refusal = b"431 Request Header Fields Too Large"
            raise httptools.HttpParserError("the head is too large")
        self.trailers = []
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Count."""
        self._body += len(body)
        if self.cycle.response_complete:
            self._drained += len(body)
            if self._drained > MAX_DRAINED:
                self.transport.abort()
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Begin to count anew."""
        self._in_message = False
        self._framing = self._drained = 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """What uvicorn calls when the parser gives up."""
        if not self.transport.is_closing():
            self._refuse(self._refusal or b"400 Bad Request")

    def timeout_keep_alive_handler(self) -> None:
        """A client that asks nothing more goes, whether it takes what it was sent or not."""
        if not self.transport.is_closing():
            self.break_off()

    def cut_when_stuck(self) -> None:
        """The response has failed: what waits for a client that does not read is not worth waiting for."""
        self._failed = True
        if self.flow.write_paused:
            self.transport.abort()

    def break_off(self) -> None:
        """End the connection so that the client sees a broken transfer, after what was sent already."""
        self.transport.close()
        self.loop.call_later(LINGER_SECONDS, self.transport.abort)

    def _refuse(self, status: bytes) -> None:
        """Answer when nothing of ours is under way, and close in any case."""
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            self.transport.write(b"HTTP/1.1 " + status + b"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        self.break_off()

    def _end(self, until: float) -> None:
        if self.transport.is_closing():
            return
        if (self.cycle is None or self._in_head) and self.loop.time() < until:
            self.loop.call_later(0.02, self._end, until)
        else:
            super().shutdown()

    def _too_slow(self) -> None:
        self._head_timer = None
        if not self.transport.is_closing():
            self.transport.abort()

    def _stop_watching(self) -> None:
        if self._stall is not None:
            self._stall.stop()
            self._stall = None

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
