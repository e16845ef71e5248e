"""Proxies of the environment (``HTTP_PROXY``, ``HTTPS_PROXY``, ``NO_PROXY``), for those who ask for them."""

from __future__ import annotations

import asyncio
import base64
import socket
import urllib.request
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from spinlab.host.http_client.message import Broken
from spinlab.host.network import Destination
from spinlab.manifest import hosts

_HEAD = 16 << 10


@dataclass(frozen=True)
class Proxy:
    """Where requests go instead.

    Attributes:
        host, port: It.
        authorization: What it wants to see; empty for nothing.
    """

    host: str
    port: int
    authorization: str = ""


def proxy_for(to: Destination) -> Proxy | None:
    """The proxy that the environment names for a destination."""
    url = urllib.request.getproxies_environment().get(to.scheme)
    direct = urllib.request.proxy_bypass_environment(hosts.show(to.host))  # type: ignore[attr-defined]
    if not url or direct:
        return None
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if parts.scheme != "http" or not parts.hostname:
        raise Broken("configuration-error", "the proxy of the environment is none that is reached by http")
    user = unquote(parts.username or "")
    login = base64.b64encode(f"{user}:{unquote(parts.password or '')}".encode()).decode() if user else ""
    return Proxy(parts.hostname, parts.port or 80, f"Basic {login}" if login else "")


async def tunnel(sock: socket.socket, proxy: Proxy, authority: str) -> None:
    """Have a proxy connect a socket through.

    Raises:
        Broken: It does not.
    """
    loop = asyncio.get_running_loop()
    lines = [f"CONNECT {authority} HTTP/1.1", f"Host: {authority}"]
    lines += [f"Proxy-Authorization: {proxy.authorization}"] if proxy.authorization else []
    answer = b""
    try:
        await loop.sock_sendall(sock, "\r\n".join([*lines, "", ""]).encode())
        while b"\r\n\r\n" not in answer and len(answer) < _HEAD:
            # Nothing follows the answer: the server behind it waits for us.
            data = await loop.sock_recv(sock, 4096)
            if not data:
                break
            answer += data
    except OSError:
        answer = b""
    status = answer.partition(b"\r\n")[0].split(b" ")
    if len(status) < 2 or not status[1].startswith(b"2"):
        raise Broken("destination-unavailable", "the proxy did not connect")
