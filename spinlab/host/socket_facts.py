"""What TCP and UDP sockets share: addresses and options as they cross, and errors as ``wasi:sockets`` names them."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import socket
from contextlib import suppress
from dataclasses import dataclass

from spinlab.host.blocked_networks import Address

LINGERS = 5.0
"""Seconds that a closed socket goes on sending what was written, and then lets go of it."""

BUFFER = 4 << 20
"""Bytes of a socket buffer at most."""

ERRORS = {
    errno.ECONNREFUSED: "connection-refused",
    errno.ECONNRESET: "connection-reset",
    errno.ECONNABORTED: "connection-aborted",
    errno.EPIPE: "connection-broken",
    errno.ETIMEDOUT: "timeout",
    errno.ENETUNREACH: "remote-unreachable",
    errno.EHOSTUNREACH: "remote-unreachable",
    errno.ENETDOWN: "remote-unreachable",
    errno.EADDRNOTAVAIL: "address-not-bindable",
    errno.EADDRINUSE: "address-in-use",
    errno.EMFILE: "new-socket-limit",
    errno.ENFILE: "new-socket-limit",
    errno.ENOBUFS: "out-of-memory",
    errno.ENOMEM: "out-of-memory",
    errno.EMSGSIZE: "datagram-too-large",
    errno.EACCES: "access-denied",
    errno.EPERM: "access-denied",
    errno.EINVAL: "invalid-argument",
    errno.EAFNOSUPPORT: "not-supported",
    errno.ENOTCONN: "invalid-state",
}


def code(error: BaseException) -> str:
    """The name of an error."""
    if isinstance(error, (TimeoutError, asyncio.TimeoutError)):
        return "timeout"
    return ERRORS.get(error.errno or 0, "unknown") if isinstance(error, OSError) else "unknown"


@dataclass(frozen=True)
class Endpoint:
    """An address with its port."""

    ip: Address
    port: int

    @classmethod
    def read(cls, ip: str, port: str) -> Endpoint:
        """As it crosses.

        Raises:
            ValueError: It is none.
        """
        return cls(ipaddress.ip_address(ip), int(port))

    @classmethod
    def of(cls, name: tuple[str | int, ...]) -> Endpoint:
        """Of what `socket` calls a name."""
        return cls(ipaddress.ip_address(str(name[0]).partition("%")[0]), int(name[1]))

    def __str__(self) -> str:
        return f"{self.ip} {self.port}"

    @property
    def name(self) -> tuple[str, int]:
        """What `socket` takes."""
        return str(self.ip), self.port

    @property
    def family(self) -> socket.AddressFamily:
        """What kind of socket reaches it."""
        return socket.AF_INET if self.ip.version == 4 else socket.AF_INET6

    def is_remote(self, version: str) -> bool:
        """Whether a socket of this IP version can be connected to it, by the rules of ``wasi:sockets``."""
        mapped = isinstance(self.ip, ipaddress.IPv6Address) and self.ip.ipv4_mapped is not None
        return str(self.ip.version) == version and not mapped and not self.ip.is_unspecified and self.port != 0


def _by_name() -> dict[str, tuple[int, int]]:
    tcp = socket.IPPROTO_TCP
    found = {"keep-alive": (socket.SOL_SOCKET, socket.SO_KEEPALIVE)}
    for name, option in (
        ("idle", getattr(socket, "TCP_KEEPIDLE", getattr(socket, "TCP_KEEPALIVE", None))),
        ("interval", getattr(socket, "TCP_KEEPINTVL", None)),
        ("count", getattr(socket, "TCP_KEEPCNT", None)),
    ):
        if option is not None:
            found[name] = (tcp, option)
    return found


_OPTIONS = _by_name()


def set_option(sock: socket.socket, name: str, value: int) -> None:
    """Set an option as far as the system has it."""
    with suppress(OSError):
        if name in ("receive", "send"):
            which = socket.SO_RCVBUF if name == "receive" else socket.SO_SNDBUF
            sock.setsockopt(socket.SOL_SOCKET, which, min(value, BUFFER))
        elif name == "hops" and sock.family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, value)
        elif name == "hops":
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, value)
        elif name in _OPTIONS:
            level, option = _OPTIONS[name]
            sock.setsockopt(level, option, value)


def set_options(sock: socket.socket, words: list[str]) -> None:
    """Set the options of lines such as ``hops=3``."""
    for word in words:
        name, _, value = word.partition("=")
        set_option(sock, name, int(value))


def forget(sock: socket.socket) -> None:
    """Take a socket off the running loop before it is closed: its number may be another one's right after."""
    loop = asyncio.get_running_loop()
    with suppress(NotImplementedError, ValueError, OSError):
        loop.remove_reader(sock)
        loop.remove_writer(sock)
