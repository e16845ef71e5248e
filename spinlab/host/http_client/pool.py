"""Connections that wait for the next request to the same place."""

from __future__ import annotations

import asyncio
import ssl
from collections import OrderedDict, deque
from dataclasses import dataclass

from spinlab.host.http_client.http1 import Http1
from spinlab.host.http_client.http2 import Http2
from spinlab.host.http_client.proxies import Proxy, tunnel
from spinlab.host.http_client.wire import Wire, open_wire
from spinlab.host.loop import within
from spinlab.host.network import Destination, Link, Network, Unreachable

IDLE = 30.0
"""Seconds that an unused connection is kept; less than servers keep theirs, so that they seldom close it first."""

KEPT = 64
"""Unused connections that are kept at most."""


@dataclass(frozen=True)
class Place:
    """Where a connection leads.

    Attributes:
        to: Scheme, host and port.
        tls: How TLS is spoken; None for plain text.
        proxy: Through which proxy.
        http2: HTTP/2 without being asked (``SPIN_OUTBOUND_H2C_PRIOR_KNOWLEDGE``).
    """

    to: Destination
    tls: ssl.SSLContext | None = None
    proxy: Proxy | None = None
    http2: bool = False


class Pool:
    """The HTTP connections of one app. Used in the loop only.

    Parameters:
        network: Connects.
        keeps: False to close each connection after its exchange.
    """

    def __init__(self, network: Network, *, keeps: bool = True) -> None:
        self._network = network
        self._keeps = keeps
        self._idle: OrderedDict[int, tuple[Place, Http1 | Http2, asyncio.TimerHandle]] = OrderedDict()
        self._waiting: dict[Place, deque[Http1]] = {}
        self._shared: dict[Place, list[Http2]] = {}

    async def get(self, place: Place, timeout: float, holder: object, *, fresh: bool = False) -> Http1 | Http2:
        """A connection that can take a request.

        Raises:
            Broken, Unreachable: There is none.
        """
        if not fresh:
            found = self._find(place)
            if found is not None:
                return found
        return await self._open(place, timeout, holder)

    def _find(self, place: Place) -> Http1 | Http2 | None:
        for shared in self._shared.get(place, ()):
            if shared.room:
                self._stop_idling(shared)
                return shared
        waiting = self._waiting.get(place)
        while waiting:
            connection = waiting[-1]
            self._stop_idling(connection)
            if connection.ready:
                return connection
            connection.wire.close()
        return None

    async def _open(self, place: Place, timeout: float, holder: object) -> Http1 | Http2:
        loop = asyncio.get_running_loop()
        until = loop.time() + timeout
        host, port = (place.proxy.host, place.proxy.port) if place.proxy else (place.to.host, place.to.port or 80)
        link = await self._network.connect("http", host, port, timeout=timeout, holder=holder)
        try:
            async with within(until - loop.time()):
                wire = await _spoken(link, place)
        except asyncio.TimeoutError:
            raise Unreachable("connection-timeout") from None
        if wire.http2 or place.http2:
            wire.permit.hand_over()
            shared = Http2(wire, lambda x: self._give_back(place, x), lambda x: self._remove(place, x))
            self._shared.setdefault(place, []).append(shared)
            return shared
        proxied = str(place.to) if place.proxy and not place.tls else ""
        return Http1(wire, lambda x: self._give_back(place, x), proxied=proxied)

    def _give_back(self, place: Place, connection: Http1 | Http2) -> None:
        if not self._keeps or connection.wire.permit.awaited:
            _close(connection)
            return
        connection.wire.permit.hand_over()
        while len(self._idle) >= KEPT:
            self._let_go(next(iter(self._idle)))
        timer = asyncio.get_running_loop().call_later(IDLE, self._let_go, id(connection))
        self._idle[id(connection)] = place, connection, timer
        if isinstance(connection, Http1):
            self._waiting.setdefault(place, deque()).append(connection)

    def _stop_idling(self, connection: Http1 | Http2) -> None:
        found = self._idle.pop(id(connection), None)
        if found is None:
            return
        place, _, timer = found
        timer.cancel()
        if isinstance(connection, Http1):
            waiting = self._waiting[place]
            waiting.remove(connection)
            if not waiting:
                del self._waiting[place]

    def _let_go(self, number: int) -> None:
        found = self._idle.get(number)
        if found is not None:
            self._stop_idling(found[1])
            _close(found[1])

    def _remove(self, place: Place, connection: Http2) -> None:
        self._stop_idling(connection)
        shared = self._shared.get(place, [])
        if connection in shared:
            shared.remove(connection)
        if not shared:
            self._shared.pop(place, None)

    def close_unused(self) -> None:
        """Close what waits."""
        for number in list(self._idle):
            self._let_go(number)

    def close(self) -> None:
        """Close what waits, and what is used as soon as it is not."""
        self._keeps = False
        self.close_unused()


async def _spoken(link: Link, place: Place) -> Wire:
    """Whatever comes before HTTP."""
    try:
        if place.proxy and place.tls:
            await tunnel(link.socket, place.proxy, _with_port(place.to))
    except BaseException:
        link.close()
        raise
    return await open_wire(link, place.tls, place.to.host)


def _close(connection: Http1 | Http2) -> None:
    if isinstance(connection, Http2):
        connection.close()
    else:
        connection.wire.close()


def _with_port(to: Destination) -> str:
    return str(to).partition("://")[2]
