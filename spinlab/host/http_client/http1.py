"""HTTP/1.1 over one connection: the request goes out while the response comes in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress

import h11

from spinlab.host.http_client.flow import Taking
from spinlab.host.http_client.message import Broken, Fields, Outgoing
from spinlab.host.http_client.wire import Wire
from spinlab.http import Body, BodyAborted, Headers

HEAD = 128 << 10
"""Bytes of a response's head or trailers."""

Sent = Callable[[Broken | None], None]
"""Told once when a body that streams is on its way, or why it is not."""


class Http1:
    """A connection.

    Parameters:
        wire: It, open.
        proxied: Requests go to a proxy, which wants the whole URL.
        give_back: Where it goes when an exchange is complete and it can take another.
    """

    def __init__(self, wire: Wire, give_back: Callable[[Http1], None], *, proxied: str = "") -> None:
        self.wire = wire
        self.proxied = proxied
        self.used = 0
        self._give_back = give_back
        self._state = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD)

    @property
    def ready(self) -> bool:
        """Whether it can take a request."""
        return self.wire.quiet

    def begin(self, out: Outgoing, authority: str, sent: Sent) -> Exchange1:
        """Send a request.

        Raises:
            Broken: It is none that HTTP can carry.
        """
        self.used += 1
        return Exchange1(self, self._state, out, authority, sent)

    def over(self, *, complete: bool) -> None:
        """An exchange is over; complete when both sides have said everything."""
        if complete and self._state.our_state is h11.DONE and self._state.their_state is h11.DONE:
            with suppress(h11.LocalProtocolError):
                self._state.start_next_cycle()
                self._give_back(self)
                return
        self.wire.close()


class Exchange1:
    """A request and its response."""

    def __init__(self, connection: Http1, state: h11.Connection, out: Outgoing, authority: str, sent: Sent) -> None:
        self._connection = connection
        self._wire = connection.wire
        self._state = state
        self._sent = sent
        self._failure: Broken | None = None
        self._answered = False
        self._open = True
        self._upload: asyncio.Task[None] | None = None
        self._begin(out, authority)

    def _begin(self, out: Outgoing, authority: str) -> None:
        fields, sized = out.sized()
        self._chunked = not sized
        head = [("host", authority), *fields] + ([] if sized else [("transfer-encoding", "chunked")])
        try:
            request = h11.Request(
                method=out.method.encode(),
                target=(self._connection.proxied + out.target).encode(),
                headers=[(name.encode("latin-1"), value.encode("latin-1")) for name, value in head],
            )
            first = self._state.send(request) or b""
            if isinstance(out.body, bytes):
                first += self._state.send(h11.Data(data=out.body)) or b"" if out.body else b""
                first += self._state.send(h11.EndOfMessage()) or b""
        except (h11.LocalProtocolError, UnicodeError) as error:
            raise _local(error) from None
        self._wire.writer.write(first)
        if isinstance(out.body, Body):
            self._upload = asyncio.ensure_future(self._send(out.body))

    async def _send(self, body: Body) -> None:
        failure: Broken | None = Broken("connection-terminated")
        try:
            await self._pieces(Taking(body))
            failure = None
        except (h11.LocalProtocolError, BodyAborted) as error:
            self._failure = failure = _local(error)
            self._wire.close()  # wakes whoever reads
        except OSError:
            pass  # what the server said before it stopped listening is still to be read
        finally:
            self._sent(failure)

    async def _pieces(self, source: Taking) -> None:
        while True:
            piece = await source.next()
            if isinstance(piece, Headers):
                # A body whose length was announced has no place for trailers.
                fields = piece.items() if self._chunked else []
                self._write(h11.EndOfMessage(headers=[(n.encode("latin-1"), v.encode("latin-1")) for n, v in fields]))
                await self._wire.writer.drain()
                return
            self._write(h11.Data(data=piece))
            await self._wire.writer.drain()

    def _write(self, event: h11.Data | h11.EndOfMessage) -> None:
        self._wire.writer.write(self._state.send(event) or b"")

    async def head(self) -> tuple[int, Fields]:
        """Status and fields of the response, without those that announced it.

        Raises:
            Broken: There is none.
        """
        while True:
            event = await self._event()
            if isinstance(event, h11.Response):
                return event.status_code, fields_of(event.headers)
            if not isinstance(event, h11.InformationalResponse):
                raise Broken("HTTP-protocol-error", "a body without a head")

    async def read(self) -> bytes | Headers:
        """The next bytes of the response; the trailers at the end.

        Raises:
            Broken: It is cut short.
        """
        return self._piece(await self._event())

    def at_once(self) -> bytes | Headers | None:
        """What `read` would give, when that is there already.

        Raises:
            Broken: It is no HTTP.
        """
        event = self._parsed()
        return None if event is h11.NEED_DATA else self._piece(event)

    def _piece(self, event: object) -> bytes | Headers:
        if isinstance(event, h11.Data):
            return bytes(event.data)
        if isinstance(event, h11.EndOfMessage):
            trailers = Headers(fields_of(event.headers))
            self._end(complete=True)
            return trailers
        raise Broken("HTTP-response-incomplete")

    async def _event(self) -> object:
        while True:
            event = self._parsed()
            if event is not h11.NEED_DATA:
                return event
            try:
                data = await self._wire.read()
            except Broken as error:
                raise self._failure or self._cut(error.code) from None
            if self._failure is not None:
                raise self._failure
            if not data and not self._answered:
                raise self._cut("connection-terminated")
            self._answered = self._answered or bool(data)
            try:
                self._state.receive_data(data)
            except h11.RemoteProtocolError as error:
                raise Broken("HTTP-protocol-error", str(error)) from None

    def _cut(self, code: str) -> Broken:
        return Broken(code, kept=self._connection.used > 1 and not self._answered)

    def _parsed(self) -> object:
        try:
            event = self._state.next_event()
        except h11.RemoteProtocolError as error:
            if error.error_status_hint == 431:
                raise Broken("HTTP-response-header-section-size") from None
            code = "HTTP-response-incomplete" if "without sending complete" in str(error) else "HTTP-protocol-error"
            raise Broken(code, str(error)) from None
        if event is h11.PAUSED:
            raise Broken("HTTP-protocol-error", "more than one response")
        return event

    def close(self) -> None:
        """Stop here; the connection closes with it unless the exchange was complete. A second time does nothing."""
        self._end(complete=False)

    def _end(self, *, complete: bool) -> None:
        if not self._open:
            return
        self._open = False
        if self._upload is not None and not self._upload.done():
            self._upload.cancel()
            complete = False
        self._connection.over(complete=complete)


def fields_of(headers: Iterable[tuple[bytes, bytes]]) -> Fields:
    """Header fields as text."""
    return [(bytes(name).decode("latin-1"), bytes(value).decode("latin-1")) for name, value in headers]


def _local(error: Exception) -> Broken:
    """Why a request is not sent."""
    if isinstance(error, BodyAborted):
        return Broken("HTTP-protocol-error", "the body was broken off")
    if "declared Content-Length" in str(error):
        return Broken("HTTP-request-body-size", "")
    return Broken("HTTP-protocol-error", str(error))
