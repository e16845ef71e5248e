"""Outbound HTTP: one request a call, beside Python's own clients and `wasmtime serve`."""

from __future__ import annotations

import http.client
import statistics
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from benchmarks import functions
from benchmarks.figures import Table, median_ms
from benchmarks.origin import BODY, origin
from benchmarks.through_http import apart, official
from spinlab import App, Function
from spinlab.server import Server
from tests.guests import component
from tests.guests import folder as guests
from tests.peer.wasmtime_serve import closed, serve

FETCH = """\
from spin_sdk.http import IncomingHandler, Request, Response, send

class IncomingHandler(IncomingHandler):
    def handle_request(self, request):
        url = request.uri.partition("?url=")[2]
        if not url:
            return Response(200, {}, b"nothing asked")
        return Response(200, {}, send(Request("GET", url, {}, None)).body)
"""
BODILESS = """\
from spin_sdk.http import IncomingHandler, Response
from spin_sdk.http.poll_loop import PollLoop, Stream, send
from spin_sdk.wit.imports.types import Fields, OutgoingRequest, Scheme_Http

async def fetch(authority):
    request = OutgoingRequest(Fields.from_list([]))
    request.set_scheme(Scheme_Http())
    request.set_authority(authority)
    request.set_path_with_query("/")
    stream, body = Stream((await send(request)).consume()), b""
    while (chunk := await stream.next()) is not None:
        body += chunk
    return body

class IncomingHandler(IncomingHandler):
    def handle_request(self, request):
        authority = request.uri.partition("?url=http://")[2].rstrip("/")
        return Response(200, {}, PollLoop().run_until_complete(fetch(authority)))
"""
"""Without the empty body that the SDK's own `send` writes after the head, which wasmtime often has closed by then."""

FETCH3 = """\
from spin_sdk.http import Request, send

async def handle(request):
    url = request.uri.partition("?url=")[2]
    return (await send(Request("GET", url, {}, None))).body if url else b"nothing asked"
"""


def run() -> None:
    """Print the tables."""
    with origin() as url:
        one_a_call(url)
        beside_wasmtime(url)


def guests_of(url: str) -> list[tuple[str, Function, str]]:
    """Label, function and the target that makes it fetch."""

    def of(name: str, source: str | bytes, **options: Any) -> Function:
        return Function(name, source, routes=(f"/{name}/...",), allowed_outbound_hosts=(url,), **options)

    fetch = of("fetch", component("effects3"), language="wasm")
    return [
        ("Rust, WASI 0.2", of("outbound2", component("outbound2"), language="wasm"), f"/outbound2/get?url={url}"),
        ("Rust, WASI 0.3", replace(fetch, routes=("/fetch",)), f"/fetch?{url}/"),
        ("Python, WASI 0.2", of("py2", FETCH), f"/py2/?url={url}/"),
        ("Python, WASI 0.3", of("py3", FETCH3, wasi="0.3"), f"/py3/?url={url}/"),
    ]


def one_a_call(url: str) -> None:
    """A call with one outbound request in it, what is left of it without the call, and Python's own clients."""
    table = Table("Outbound HTTP, one request a call")
    app = App("bench")
    direct = median_ms(plain(url))
    table.row("http.client, kept connection", direct, "ms")
    with httpx.Client() as client:
        table.row("httpx, kept connection", median_ms(lambda: client.get(f"{url}/")), "ms", "http.client", direct)
    for label, function, path in guests_of(url):
        app.add(function)
        assert BODY in app.get(path).body
        table.row(
            f"{label}, call with a request", median_ms(lambda path=path: app.get(path)), "ms", "http.client", direct
        )
    many = 50
    series = median_ms(lambda: app.get(f"/outbound2/series?url={url}&n={many}"), least=10) / many
    table.row(f"Rust, WASI 0.2, each of {many} in one call", series, "ms", "http.client", direct)
    app.close()


def plain(url: str) -> Callable[[], bytes]:
    """The same request by Python's own client."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port)

    def get() -> bytes:
        connection.request("GET", "/")
        return connection.getresponse().read()

    return get


def beside_wasmtime(url: str) -> None:
    """The same guests through HTTP, requests apart, beside `wasmtime serve`."""
    table = Table("Outbound HTTP, through HTTP beside wasmtime serve, requests apart, p50")
    work = functions.ROOT / ".make"
    path = official(work, BODILESS, "bench-outbound")
    subjects = [
        ("rust", component("outbound2"), guests() / "outbound2.wasm", f"/get?url={url}"),
        ("official Python", path.read_bytes(), closed(path), f"/?url={url}/"),
    ]
    for label, code, peer, query in subjects:
        app = App("bench")
        app.add(Function("bench", code, language="wasm", routes=("/...",), allowed_outbound_hosts=(url,)))
        server = Server(lambda _label, app=app: app, port=0)
        server.start()
        try:
            with serve(Path(peer)) as theirs:
                mine, other = rounds(server.url + query, theirs + query)
                table.row(label, mine, "ms", "wasmtime serve", other)
        finally:
            server.stop()
            app.close()


def rounds(ours: str, theirs: str, count: int = 3) -> tuple[float, float]:
    """Medians of both, taken in turns."""
    pairs = [(apart(ours), apart(theirs)) for _ in range(count)]
    return statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs)
