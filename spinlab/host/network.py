"""Outbound connections: what is granted, where a name leads, and what may be connected to.

Every capability that connects (HTTP, Redis, MQTT, PostgreSQL, MySQL, sockets) does it in three steps:

1. ``destination(address, "redis")`` reads where an address leads. The grant is checked for exactly that:
   ``network.check(function, services, to.scheme, to.host, to.port)`` gives a `Refusal` or None. Entries with variables
   are resolved at each check, since a variable may change.
2. ``await services.network.connect("redis", to.host, to.port, timeout=..., holder=call)`` resolves the name in the
   loop, drops the addresses in blocked networks, waits for room under the connection limits, and connects to one of
   the addresses that were checked; the name is not looked up a second time. It gives a `Link`: a connected socket that
   does not block, and a place in the count that ``link.close()`` gives back.
3. A client library that connects by itself gets ``await services.network.resolve(host, port)``, connects to one of
   these addresses and holds ``await services.network.permit("pg", holder=call)`` until it has closed the connection.

Kinds are those of the limits: ``http``, ``redis``, ``pg``, ``mysql``, ``mqtt``, and ``socket``. What fails is an
`Unreachable` with the name of a ``wasi:http`` error-code.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import socket
import sys
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from spinlab.host.blocked_networks import Address, BlockedNetworks
from spinlab.host.connections import Connections, LimitReached, Permit
from spinlab.host.destinations import Destination, check, check_own, destination, granted
from spinlab.host.loop import within
from spinlab.host.racing import first
from spinlab.host.resolving import Lookup, Resolver
from spinlab.host.services import Services
from spinlab.manifest import hosts

if TYPE_CHECKING:
    from spinlab.host.http_client import Client

__all__ = [
    "TIMEOUT",
    "Destination",
    "Link",
    "Network",
    "SocketAddress",
    "Unreachable",
    "check",
    "check_own",
    "destination",
    "granted",
]

TIMEOUT = 600.0
"""Seconds that a connection may take, as Spin."""

NEXT_ADDRESS = 0.25
"""Seconds until the next address of a name is tried beside the one that does not answer (RFC 8305)."""


class Unreachable(Exception):
    """There is no connection.

    Attributes:
        code: Why, as an ``error-code`` of ``wasi:http`` names it.
    """

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(message or code)
        self.code = code


class Link:
    """A connection.

    Attributes:
        socket: Connected, does not block.
        address: What it is connected to.
        permit: Its place in the count.
    """

    def __init__(self, sock: socket.socket, address: str, permit: Permit) -> None:
        self.socket = sock
        self.address = address
        self.permit = permit

    def close(self) -> None:
        """Close it and give the place back. A library that was given the socket closes it first, or detaches it."""
        self.socket.close()
        self.permit.release()


SocketAddress = tuple[socket.AddressFamily, tuple[Any, ...]]
"""A family and what `socket.connect` takes."""


class Network:
    """The outbound connections of one app. See the module.

    Parameters:
        services: Whose runtime configuration holds.
        lookup: Resolves names, as `socket.getaddrinfo`.
    """

    check = staticmethod(check)

    def __init__(self, services: Services, *, lookup: Lookup = socket.getaddrinfo) -> None:
        self._services = services
        runtime = services.runtime
        kinds = dict(runtime.max_connections)
        if runtime.max_socket_connections is not None:
            kinds["socket"] = runtime.max_socket_connections
        most = _descriptors()
        total = most if runtime.max_total_connections is None else min(most, runtime.max_total_connections)
        self.connections = Connections(total, kinds)
        self.blocked = BlockedNetworks(runtime.block_networks)
        self._resolver = Resolver(lookup)
        self._closing: list[Callable[[], object]] = []

    async def permit(self, kind: str, holder: object = None) -> Permit:
        """A place among the connections, as soon as there is one. `holder` is the request that is charged with it.

        Raises:
            Unreachable: The request holds too many connections.
        """
        try:
            return await self.connections.wait(kind, holder)
        except LimitReached as error:
            raise Unreachable("connection-limit-reached", str(error)) from None

    def prohibited(self, address: Address) -> bool:
        """Whether the operator forbids connections to this address."""
        return bool(self.blocked) and self.blocked.blocks(address)

    async def resolve(self, host: hosts.Host | str, port: int) -> Sequence[SocketAddress]:
        """The addresses of a host that may be connected to, best first.

        Raises:
            Unreachable: It has none, or they are all in blocked networks.
        """
        found = await self._addresses(host, port)
        allowed = [entry for entry in found if not self.prohibited(ipaddress.ip_address(entry[1][0].split("%")[0]))]
        if found and not allowed:
            raise Unreachable("destination-IP-prohibited")
        if not found:
            raise Unreachable("DNS-error", "address not available")
        return allowed

    async def _addresses(self, host: hosts.Host | str, port: int) -> list[SocketAddress]:
        literal = _literal(host)
        if literal is not None:
            if literal.version == 4:
                return [(socket.AF_INET, (str(literal), port))]
            return [(socket.AF_INET6, (str(literal), port, 0, 0))]
        try:
            return await self._resolver.resolve(str(host), port)
        except (OSError, UnicodeError):
            raise Unreachable("DNS-error", "address not available") from None

    async def connect(
        self,
        kind: str,
        host: hosts.Host | str,
        port: int,
        *,
        timeout: float | None = TIMEOUT,
        holder: object = None,
        permit: Permit | None = None,
    ) -> Link:
        """Connect to a host whose grant was checked.

        Parameters:
            kind: Which limit it counts against.
            host: A domain or an address.
            port: Its port.
            timeout: Seconds for the lookup, the wait for a place and the connection together.
            holder: The request that is charged with the connection; None for none.
            permit: A place that the caller has already, and keeps when this fails.

        Raises:
            Unreachable: There is no connection.
        """
        stage = ["DNS-timeout"]
        try:
            async with within(timeout):
                addresses = await self.resolve(host, port)
                stage[0] = "connection-timeout"
                if permit is not None:
                    return await _linked(addresses, permit)
                permit = await self.permit(kind, holder)
                try:
                    return await _linked(addresses, permit)
                except BaseException:
                    permit.release()
                    raise
        except asyncio.TimeoutError:
            raise Unreachable(stage[0]) from None

    @cached_property
    def http(self) -> Client:
        """The HTTP client, imported when a guest first asks."""
        from spinlab.host.http_client import Client

        return Client(self._services)

    def on_close(self, close: Callable[[], object]) -> None:
        """Call `close` when the app lets go of its connections."""
        self._closing.append(close)

    def close(self) -> None:
        """Let go of what is kept open."""
        closing, self._closing = self._closing, []
        for close in closing:
            close()


async def _linked(addresses: Sequence[SocketAddress], permit: Permit) -> Link:
    try:
        sock = await first([_connecting(address) for address in addresses], NEXT_ADDRESS, socket.socket.close)
    except OSError as error:
        raise Unreachable(_code(error), error.strerror or "") from None
    return Link(sock, str(sock.getpeername()[0]), permit)


def _literal(host: hosts.Host | str) -> Address | None:
    if not isinstance(host, str):
        return host
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None


def _connecting(address: SocketAddress) -> Callable[[], Any]:
    async def connect() -> socket.socket:
        family, where = address
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await asyncio.get_running_loop().sock_connect(sock, where)
        except BaseException:
            sock.close()
            raise
        return sock

    return connect


def _code(error: OSError) -> str:
    if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS):
        return "connection-limit-reached"
    if error.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
        return "destination-IP-unroutable"
    return "connection-timeout" if error.errno == errno.ETIMEDOUT else "connection-refused"


def _descriptors() -> int:
    """Connections that leave the process descriptors for everything else."""
    if sys.platform == "win32":
        return 512
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 512 if soft < 0 else max(16, min(2048, soft // 2))
