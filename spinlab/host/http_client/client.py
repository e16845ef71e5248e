"""Sends requests: chooses a connection, repeats what a kept connection lost, minds the timeouts."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace

from spinlab.host.http_client.exchange2 import Exchange2
from spinlab.host.http_client.flow import Feeding
from spinlab.host.http_client.http1 import Exchange1, Http1, Sent
from spinlab.host.http_client.http2 import Http2
from spinlab.host.http_client.message import Broken, Fields, Outgoing
from spinlab.host.http_client.pool import Place, Pool
from spinlab.host.http_client.proxies import proxy_for
from spinlab.host.http_client.tls import Tls
from spinlab.host.loop import LOOP, within
from spinlab.host.network import Destination
from spinlab.host.services import Services
from spinlab.http import Body, Headers

Head = Callable[[int, Fields], None]
"""Told the status and the fields of the response."""

PIECE = 64 << 10
"""Bytes of a response that go with its head when they are there."""


class Client:
    """The HTTP client of one app.

    Parameters:
        services: Whose network and runtime configuration it uses.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._tls = Tls(services)
        network = services.network
        self._pool = Pool(network, keeps=services.runtime.connection_pooling)
        network.connections.spare(self._pool.close_unused)
        network.on_close(lambda: LOOP.loop.call_soon_threadsafe(self._pool.close))

    async def send(self, out: Outgoing, component: str, holder: object, head: Head, body: Body, sent: Sent) -> None:
        """Send a request and pass the response on as it comes. Cancelling closes the connection.

        Parameters:
            out: The request. Its grant was checked.
            component: Id of the component that asks.
            holder: The request of the guest that is charged with the connection.
            head: Told first; told again when the body breaks off, which changes nothing.
            body: Fed with the response's body; ended, or aborted with the name of an error-code.
            sent: Told when a body that streams is on its way.

        Raises:
            Broken, Unreachable: There was no response; `head` was not called.
        """
        assert out.to is not None
        place = await self._place(out.to, component)
        exchange, (status, fields) = await self._answered(out, place, holder, sent)
        try:
            feeding = Feeding(body)
            over = _first(exchange, body)
            head(status, fields)
            if not over:
                await _rest(exchange, feeding, out.timeouts.between_bytes)
        except Broken as error:
            body.abort(error.code)
            head(status, fields)
        finally:
            exchange.close()

    async def _answered(
        self, out: Outgoing, place: Place, holder: object, sent: Sent
    ) -> tuple[Exchange1 | Exchange2, tuple[int, Fields]]:
        fresh = False
        while True:
            connection = await self._pool.get(place, out.timeouts.connect, holder, fresh=fresh)
            exchange = _begin(connection, out, place, sent)
            try:
                async with within(out.timeouts.first_byte):
                    return exchange, await exchange.head()
            except BaseException as error:
                exchange.close()
                if isinstance(error, Broken) and not fresh and out.repeatable(seen=not error.unseen) and error.kept:
                    fresh = True
                    continue
                if isinstance(error, asyncio.TimeoutError):
                    raise Broken("connection-read-timeout") from None
                raise

    async def _place(self, to: Destination, component: str) -> Place:
        tls = None
        if to.scheme == "https":
            # Roots are read from files, which takes tens of milliseconds the first time.
            tls = self._tls.known(component, to.host) or await asyncio.to_thread(self._tls.for_host, component, to.host)
        # A proxy resolves names itself: nothing could be said of the address that it connects to.
        asked = self._services.proxies() and not self._services.network.blocked
        plain = os.environ.get("SPIN_OUTBOUND_H2C_PRIOR_KNOWLEDGE")
        return Place(to, tls, proxy_for(to) if asked else None, tls is None and plain == to.authority)


def _begin(connection: Http1 | Http2, out: Outgoing, place: Place, sent: Sent) -> Exchange1 | Exchange2:
    authority = out.to.authority if out.to else ""
    if place.proxy and place.tls is None and place.proxy.authorization:
        out = _authorized(out, place.proxy.authorization)
    try:
        return connection.begin(out, authority, sent)
    except Broken:
        if isinstance(connection, Http1):
            connection.wire.close()
        raise


def _authorized(out: Outgoing, authorization: str) -> Outgoing:
    return replace(out, fields=[*out.fields, ("proxy-authorization", authorization)])


def _first(exchange: Exchange1 | Exchange2, body: Body) -> bool:
    """Feed what came with the head, so that a short response is there when it is asked for; True at its end."""
    taken = 0
    while taken < PIECE:
        piece = exchange.at_once()
        if piece is None:
            return False
        if isinstance(piece, Headers):
            body.end(piece)
            return True
        body.feed(piece)
        taken += len(piece)
    return False


async def _rest(exchange: Exchange1 | Exchange2, feeding: Feeding, timeout: float) -> None:
    while True:
        piece = exchange.at_once()
        if piece is None:
            try:
                async with within(timeout):
                    piece = await exchange.read()
            except asyncio.TimeoutError:
                raise Broken("connection-read-timeout") from None
        if isinstance(piece, Headers):
            feeding.body.end(piece)
            return
        await feeding.put(piece)
