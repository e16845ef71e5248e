"""Servers that functions reach out to: one that behaves, over HTTP/1.1 and HTTP/2, plain and TLS, and scripted ones."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import trustme
from hypercorn.asyncio import serve
from hypercorn.config import Config

MIB = 1 << 20


class Seen:
    """What the server was asked.

    Attributes:
        paths: In order.
        connections: Addresses of clients.
        gone: Set when a client left before the answer was complete.
    """

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.connections: set[tuple[str, int]] = set()
        self.gone = threading.Event()


def site(seen: Seen) -> Callable[..., Any]:
    """The ASGI application."""

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        path = scope["path"]
        seen.paths.append(path)
        seen.connections.add(tuple(scope["client"]))
        query = {name: values[0] for name, values in parse_qs(scope["query_string"].decode()).items()}
        answer = _ANSWERS.get(path, _hello)
        await answer(seen, scope, receive, send, query)

    return app


async def _begin(send: Any, status: int = 200, headers: list[tuple[bytes, bytes]] | None = None, **more: Any) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers or [], **more})


async def _whole(send: Any, body: bytes, status: int = 200, headers: list[tuple[bytes, bytes]] | None = None) -> None:
    await _begin(send, status, [*(headers or []), (b"content-length", str(len(body)).encode())])
    await send({"type": "http.response.body", "body": body})


async def _hello(seen: Seen, scope: Any, receive: Any, send: Any, query: dict[str, str]) -> None:
    await _whole(send, f"hello from {scope['path']}".encode(), int(query.get("status", "200")))


async def _told(seen: Seen, scope: Any, receive: Any, send: Any, query: dict[str, str]) -> None:
    told = {
        "method": scope["method"],
        "version": scope["http_version"],
        "target": scope["raw_path"].decode() + "?" + scope["query_string"].decode(),
        "headers": [(n.decode("latin-1"), v.decode("latin-1")) for n, v in scope["headers"]],
    }
    await _whole(send, json.dumps(told).encode())


async def _talk(seen: Seen, scope: Any, receive: Any, send: Any, query: dict[str, str]) -> None:
    """Says what it hears, as it hears it."""
    await _begin(send)
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            return
        if event["body"]:
            await send({"type": "http.response.body", "body": event["body"], "more_body": True})
        if not event.get("more_body"):
            break
    await send({"type": "http.response.body", "body": b""})


async def _count(seen: Seen, scope: Any, receive: Any, send: Any, query: dict[str, str]) -> None:
    total, more = 0, True
    while more:
        event = await receive()
        if event["type"] == "http.disconnect":
            seen.gone.set()
            return
        total, more = total + len(event["body"]), event.get("more_body", False)
    await _whole(send, str(total).encode())


async def _early(seen: Seen, scope: Any, receive: Any, send: Any, query: dict[str, str]) -> None:
    """Answers without reading the body."""
    await _whole(send, b"too large", 413)


async def _slow(seen: Seen, scope: Any, receive: Any, send: Any, query: dict[str, str]) -> None:
    await asyncio.sleep(int(query.get("ms", "100")) / 1000)
    await _whole(send, b"at last")


async def _hang(seen: Seen, scope: Any, receive: Any, send: Any, query: dict[str, str]) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    seen.gone.set()


async def _stall(seen: Seen, scope: Any, receive: Any, send: Any, query: dict[str, str]) -> None:
    """Begins and goes no further."""
    await _begin(send)
    await send({"type": "http.response.body", "body": b"so far", "more_body": True})
    await _hang(seen, scope, receive, send, query)


async def _away(seen: Seen, scope: Any, receive: Any, send: Any, query: dict[str, str]) -> None:
    await _whole(send, b"elsewhere", 302, [(b"location", query["to"].encode())])


async def _zip(seen: Seen, scope: Any, receive: Any, send: Any, query: dict[str, str]) -> None:
    await _whole(send, b"\x1f\x8b not really", 200, [(b"content-encoding", b"gzip")])


_ANSWERS: dict[str, Callable[..., Any]] = {
    "/told": _told,
    "/talk": _talk,
    "/count": _count,
    "/early": _early,
    "/slow": _slow,
    "/hang": _hang,
    "/stall": _stall,
    "/away": _away,
    "/zip": _zip,
}


@contextmanager
def server(tls: tuple[Path, Path] | None = None, *, http2: bool = True, ca: Path | None = None) -> Iterator[Site]:
    """A server of `site` on a free port of 127.0.0.1.

    Parameters:
        tls: Certificate and key.
        http2: Whether HTTP/2 is offered.
        ca: Whose certificates clients must show.
    """
    seen = Seen()
    listener = socket.create_server(("127.0.0.1", 0))
    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.keep_alive_timeout = 60
    config.graceful_timeout = 0.1
    config.accesslog = None
    config.errorlog = None
    config.alpn_protocols = ["h2", "http/1.1"] if http2 else ["http/1.1"]
    if tls:
        config.certfile, config.keyfile = map(str, tls)
    if ca:
        import ssl

        config.ca_certs, config.verify_mode = str(ca), ssl.CERT_REQUIRED
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def run() -> None:
        await serve(site(seen), config, shutdown_trigger=stop.wait)  # type: ignore[arg-type]

    def thread() -> None:
        asyncio.set_event_loop(loop)
        with suppress(Exception):
            loop.run_until_complete(run())
        loop.close()

    running = threading.Thread(target=thread, daemon=True)
    running.start()
    port = listener.getsockname()[1]
    try:
        yield Site(seen, f"{'https' if tls else 'http'}://localhost:{port}", port)
    finally:
        loop.call_soon_threadsafe(stop.set)
        running.join(20)
        with suppress(OSError):
            listener.close()


class Site:
    """A running server: what it saw, its URL, its port."""

    def __init__(self, seen: Seen, url: str, port: int) -> None:
        self.seen = seen
        self.url = url
        self.port = port


@contextmanager
def scripted(answer: Callable[[socket.socket], object]) -> Iterator[int]:
    """A server that does what a test says with each connection, each on a thread; gives its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []

    def one(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.settimeout(20)
            answer(connection)

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threads.append(threading.Thread(target=one, args=[connection], daemon=True))
                threads[-1].start()

    running = threading.Thread(target=accept, daemon=True)
    running.start()
    try:
        yield listener.getsockname()[1]
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        running.join(10)
        for thread in threads:
            thread.join(10)


def head(connection: socket.socket) -> bytes:
    """Read the head of a request."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            break
        data += more
    return data


class Authority:
    """A certificate authority of the tests."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ca = trustme.CA()
        self.root = folder / "root.pem"
        self._ca.cert_pem.write_to_path(self.root)

    def certificate(self, *names: str) -> tuple[Path, Path]:
        """A certificate and its key for some names."""
        issued = self._ca.issue_cert(*names)
        stem = names[0].replace("*", "any")
        certificate, key = self._folder / f"{stem}.pem", self._folder / f"{stem}.key"
        certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
        issued.private_key_pem.write_to_path(key)
        return certificate, key
