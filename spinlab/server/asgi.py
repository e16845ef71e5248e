"""A request from the listener to an app, and its answer back: one hop from the loop to a worker and one back."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from typing import Any

from spinlab.errors import SpinError
from spinlab.http import Body, Headers, Request
from spinlab.server.answer import Answer, Application
from spinlab.server.bodies import GoneError, Message, Receive, declared_length, feed, read_beginning
from spinlab.server.credentials import Fields
from spinlab.server.edge import Edge, Entry, Refusal
from spinlab.server.pages import SANDBOX, UnsendableError, release

logger = logging.getLogger("spinlab.server")

Scope = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]

CONNECTION = "spinlab.connection"
"""The key of a scope that leads to its `spinlab.server.protocol.Connection`."""

JOINED = 16 * 1024  # a body of this size goes out together with its head
GRACE = 0.005  # seconds in which the end of a whole answer follows its head


class Front:
    """The ASGI application of a listener.

    Parameters:
        edge: Who may ask.
        apps: The app for a host label; the first one for the empty label.
        max_body: Bytes of a request body that the listener takes, whatever a function's own limit is.
        stall: Seconds after which a client that reads nothing, while a response waits for it, is cut.
        refused: Told of each request that was refused.

    Attributes:
        ending: Whether the listener takes no further connections.
    """

    def __init__(
        self,
        edge: Edge,
        apps: Callable[[str], Application | None],
        *,
        max_body: int,
        stall: float,
        refused: Callable[[Refusal], None] = lambda _: None,
    ) -> None:
        self.edge = edge
        self.apps = apps
        self.max_body = max_body
        self.stall = stall
        self.refused = refused
        self.answers: set[Answer] = set()
        self.ending = False
        self._date = (0, b"")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        fields = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
        target = scope["raw_path"].decode("latin-1")
        if scope["query_string"]:
            target += "?" + scope["query_string"].decode("latin-1")
        entry = self.edge.admit(scope["method"], target, fields)
        if isinstance(entry, Refusal):
            self.refused(entry)
            await _say(send, entry.status, entry.text)
            return
        app = self.apps(entry.label)
        if app is None:
            named = f"no app is called {entry.label!r}" if entry.label else "there is no app yet"
            await _say(send, 404, f"{named} in this notebook")
            return
        length = declared_length(fields)
        if length is not None and length > self.max_body:
            await _say(send, 413, f"a request body may have {self.max_body} bytes")
            return
        try:
            first, more = await read_beginning(receive, length) if length != 0 else (b"", False)
        except GoneError:
            return
        exchange = _Exchange(self, scope, entry, receive, send)
        self.answers.add(exchange.answer)
        try:
            await exchange.run(app, first, more)
        finally:
            self.answers.discard(exchange.answer)

    def date(self) -> bytes:
        """The Date header of this second."""
        now = int(time.time())
        if self._date[0] != now:
            self._date = (now, formatdate(now, usegmt=True).encode())
        return self._date[1]


class _Exchange:
    """One request and its answer."""

    def __init__(self, front: Front, scope: Scope, entry: Entry, receive: Receive, send: Send) -> None:
        self.front = front
        self.entry = entry
        self.receive = receive
        self.send = send
        self.method: str = scope["method"]
        self.old = scope["http_version"] == "1.0"  # knows no chunks
        self.client = ":".join(map(str, scope["client"] or ("127.0.0.1", 0)))
        self.connection = scope[CONNECTION]
        self.loop = asyncio.get_running_loop()
        self.answer = Answer(self.loop)

    async def run(self, app: Application, first: bytes, more: bool) -> None:
        body: bytes | Body = first
        feeder: asyncio.Task[None] | None = None
        if more:
            body = Body()
            body.feed(first)
            feeder = self.loop.create_task(self._feed(body, len(first)))
        entry, answer = self.entry, self.answer
        request = Request(self.method, entry.target, Headers(entry.fields), body, entry.scheme, self.client)
        if self.connection.transport.is_closing():
            return
        self.connection.on_lost = answer.lose
        try:
            answer.call = app.submit(request, answer)
            if answer.gone:
                answer.lose()
            await self._relay()
        except SpinError as error:
            await self._fail(error)
        finally:
            self.connection.on_lost = None
            if feeder is not None:
                feeder.cancel()
                assert isinstance(body, Body)
                body.abort("the response is complete")

    async def _feed(self, body: Body, size: int) -> None:
        """The rest of the request's body; too much of it ends the request."""
        if not await feed(body, self.receive, size, self.front.max_body, self._trailers):
            self.answer.too_large = True
            self.answer.lose()

    def _trailers(self) -> Headers:
        return Headers([(n.decode("latin-1"), v.decode("latin-1")) for n, v in self.connection.trailers])

    async def _relay(self) -> None:
        """Send the answer: whole with its length, or in pieces as they come."""
        answer = self.answer
        await answer.begun()
        if not answer.over:
            await answer.ended(GRACE)
        if answer.gone:
            if answer.too_large:
                await _say(self.send, 413, f"a request body may have {self.front.max_body} bytes")
            return
        if not answer.status:
            await self._fail(answer.outcome.error if answer.outcome is not None else None)
            return
        try:
            edge = self.front.edge
            fields = release(
                answer.headers.items(),
                proxied=self.entry.proxied,
                trusted=edge.policy.trusted_pages,
                cookies=edge.keeps_cookies,
            )
            if not 200 <= answer.status <= 599:
                raise UnsendableError(f"status {answer.status}")
        except UnsendableError as error:
            logger.warning("a response can't be sent: %s", error)
            answer.lose()
            await self._fail(None)
            return
        data, ended = answer.take()
        while self.old and not ended and not answer.gone:
            await answer.more()
            piece, ended = answer.take()
            data += piece
        if ended and not answer.failed:
            await self._whole(fields, data)
        else:
            await self._pieces(fields, data, ended)

    async def _whole(self, fields: Fields, data: bytes) -> None:
        length: int | None = len(data)
        if self.answer.status in (204, 304):
            length, data = None, b""
        elif self.method == "HEAD":
            declared = _number(fields)
            length = declared if declared is not None else len(data) or None
        transport = self.connection.transport
        if len(data) <= JOINED:
            transport.hold()
        try:
            await self._head([f for f in fields if f[0] != "content-length"], length)
            await self.send({"type": "http.response.body", "body": data})
        finally:
            transport.let_go()

    async def _pieces(self, fields: Fields, data: bytes, ended: bool) -> None:
        answer = self.answer
        left = _number(fields)
        bodiless = self.method == "HEAD" or answer.status in (204, 304)
        length = None if answer.status in (204, 304) else left
        await self._head([f for f in fields if f[0] != "content-length"], length)
        if bodiless:  # the client has all it gets; the guest may finish what it does
            answer.forget()
            await self.send({"type": "http.response.body", "body": b""})
            return
        answer.on_failed = self.connection.cut_when_stuck
        while not answer.gone:
            failed = ended and answer.failed
            if left is not None:
                left -= len(data)
                failed = failed or left < 0 or (ended and left > 0)
            if failed:
                self.connection.cut_when_stuck()
                break
            if data or ended:
                await self.send({"type": "http.response.body", "body": data, "more_body": not ended})
            if ended:
                return
            await answer.more()
            data, ended = answer.take()
        if not answer.gone:
            if data and (left is None or left >= 0):
                await self.send({"type": "http.response.body", "body": data, "more_body": True})
            answer.lose()
        self.connection.break_off()

    async def _head(self, fields: Fields, length: int | None) -> None:
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields]
        if length is not None:
            headers.append((b"content-length", b"%d" % length))
        if not any(name == b"date" for name, _ in headers):
            headers.append((b"date", self.front.date()))
        if self.entry.new_cookie:
            headers.append((b"set-cookie", self._cookie()))
        await self.send({"type": "http.response.start", "status": self.answer.status, "headers": headers})

    def _cookie(self) -> bytes:
        """The access token as a cookie, for the listener's part of the origin only."""
        edge, path = self.front.edge, ""
        if self.entry.context or not self.entry.proxied:
            path = f"; Path={self.entry.context}/"
        return f"{edge.cookie}={edge.policy.token}; HttpOnly; SameSite=Strict{path}".encode("latin-1")

    async def _fail(self, error: Exception | None) -> None:
        """What Spin answers when there is no response: the status alone."""
        status = int(getattr(error, "status", 500))
        more: list[tuple[bytes, bytes]] = [(b"retry-after", b"1")] if status == 503 else []
        await _reply(self.send, status, b"", [*more, (b"date", self.front.date())])


def _number(fields: Fields) -> int | None:
    """The length that a guest declared."""
    for name, value in fields:
        if name == "content-length" and value.isascii() and value.isdigit():
            return int(value)
    return None


async def _say(send: Send, status: int, text: str) -> None:
    """Tell a client in words, as a page without any rights."""
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-security-policy", SANDBOX.encode())]
    await _reply(send, status, f"{text}\n".encode(), headers)


async def _reply(send: Send, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    headers = [*headers, (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
