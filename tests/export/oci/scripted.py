"""A registry that keeps what it is sent, resumes uploads as the specification has it, and misbehaves when told to."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from spinlab.oci import digest_of

Answer = tuple[int, dict[str, str], bytes]


class Scripted:
    """What it has, and how it misbehaves.

    Attributes:
        blobs, manifests: Digest or tag -> bytes.
        uploads: Number -> what has arrived of it.
        misbehave: Told method and path of each request; an answer in place of the proper one, or None.
        drop: Of an upload, break the connection when so many bytes of one request have arrived; used once.
        sent: Bytes that came in requests that upload.
    """

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        self.manifests: dict[str, tuple[str, bytes]] = {}
        self.uploads: dict[str, bytearray] = {}
        self.misbehave: Callable[[str, str], Answer | None] = lambda method, path: None
        self.drop: list[int] = []
        self.sent = 0
        self.asked: list[tuple[str, str]] = []

    def add(self, name: str, media_type: str, manifest: bytes, *blobs: bytes) -> None:
        """Put an artifact there."""
        self.manifests[name] = (media_type, manifest)
        self.blobs.update({digest_of(blob): blob for blob in blobs})


@contextmanager
def scripted() -> Iterator[tuple[Scripted, int]]:
    """The registry, and its port."""
    made = Scripted()

    class Handler(_Handler):
        registry = made

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield made, server.server_port
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    registry: Scripted

    def _handle(self) -> None:
        path = self.path.partition("?")[0]
        self.registry.asked.append((self.command, self.path))
        body = self._body(path)
        if body is None:
            self.close_connection = True
            return
        answer = self.registry.misbehave(self.command, self.path) or self._proper(path, body)
        status, headers, data = answer
        self.send_response(status)
        claimed = headers.pop("claimed-length", str(len(data)))
        for name, value in {"content-length": claimed, **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)
        if claimed != str(len(data)):
            self.close_connection = True

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = _handle

    def _body(self, path: str) -> bytes | None:
        """What was sent; what had arrived of an upload is kept when the connection breaks."""
        length = int(self.headers.get("content-length") or 0)
        if self.command == "PATCH" and self.registry.drop and length > self.registry.drop[0]:
            number = path.rpartition("/")[2]
            self.registry.uploads[number] += self.rfile.read(self.registry.drop[0])
            self.registry.sent += self.registry.drop.pop(0)
            return None
        if self.command in ("PATCH", "PUT"):
            self.registry.sent += length
        return self.rfile.read(length)

    def _proper(self, path: str, body: bytes) -> Answer:
        here = self.registry
        if path == "/v2/":
            return 200, {}, b"{}"
        kind, name = re.fullmatch(r"/v2/.+?/(blobs/uploads|blobs|manifests)/(.*)", path).groups()  # type: ignore[union-attr]
        if kind == "blobs/uploads":
            return self._upload(name, body)
        if kind == "manifests" and self.command == "PUT":
            here.manifests[name] = (self.headers["content-type"], body)
            return 201, {"docker-content-digest": digest_of(body)}, b""
        if kind == "manifests":
            media_type, data = here.manifests.get(name, ("", b""))
            return (200 if data else 404), {"content-type": media_type}, data
        found = here.blobs.get(name)
        return (200, {}, found) if found is not None else (404, {}, b"")

    def _upload(self, number: str, body: bytes) -> Answer:
        uploads = self.registry.uploads
        if self.command == "POST":
            number = str(len(uploads) + 1)
            uploads[number] = bytearray()
            return 202, {"location": f"{self.path}{number}"}, b""
        here = self.path.partition("?")[0]
        if self.command == "PATCH":
            begin = int(self.headers["content-range"].partition("-")[0])
            if begin != len(uploads[number]):
                return 416, {}, b""
        if self.command in ("PATCH", "PUT"):
            uploads[number] += body
        if self.command == "PUT":
            self.registry.blobs[digest_of(bytes(uploads[number]))] = bytes(uploads[number])
            return 201, {}, b""
        reached: dict[str, Any] = {"location": here, "range": f"0-{len(uploads[number]) - 1}"}
        return (204 if self.command == "GET" else 202), reached, b""

    def log_message(self, *_: object) -> None: ...
