"""Effects that wait outside: requests of many guests, and several of one guest, have to overlap."""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from benchmarks import functions
from benchmarks.figures import Table
from spinlab import App, Function, Headers, Request
from spinlab.engine import Collector

REQUESTS, EFFECTS = 64, 8
ROUNDS = 7
DONE = b"done"

PYTHON = """\
import asyncio
from urllib.parse import unquote
from spin_sdk.http import Request, {send}

async def handle(request):
    count, url = request.query["n"], unquote(request.query["url"])
    answers = await asyncio.gather(*[{send}(Request("GET", url, {{}}, None)) for _ in range(int(count))])
    return [answer.status for answer in answers]
"""


def run() -> None:
    """Print the table."""
    table = Table("Waiting outside, the median of rounds")
    with slow_server() as url:
        many = [
            ("64 requests of 100 ms, Rust 0.2", functions.rust("outbound2"), f"/get?url={url}/100"),
            ("64 requests of 100 ms, Rust 0.3", functions.rust("effects3"), f"/fetch?{url}/100"),
            ("64 requests of 100 ms, Python 0.2", python("0.2"), f"/sends?n=1&url={url}/100"),
            ("64 requests of 100 ms, Python 0.3", python("0.3"), f"/sends?n=1&url={url}/100"),
        ]
        base = directly(f"{url}/100", REQUESTS)
        for label, function, target in many:
            measure(table, label, function, target, REQUESTS, base)
        few = [
            ("8 effects of 50 ms in one guest, Rust 0.2", functions.rust("outbound2"), f"/many?n=8&url={url}/50"),
            ("8 effects of 50 ms in one guest, Rust 0.3", functions.rust("effects3"), f"/parallel?8,{url}/50/"),
            ("8 effects of 50 ms in one guest, Python 0.2", python("0.2"), f"/sends?n=8&url={url}/50"),
            ("8 effects of 50 ms in one guest, Python 0.3", python("0.3"), f"/sends?n=8&url={url}/50"),
        ]
        base = directly(f"{url}/50", EFFECTS)
        for label, function, target in few:
            measure(table, label, function, target, 1, base)


def python(wasi: str) -> Function:
    """A cell that sends `n` requests at once."""
    source = PYTHON.format(send="send_async" if wasi == "0.2" else "send")
    return Function("sends", source, routes=("/sends",), wasi=wasi)


def measure(table: Table, label: str, function: Function, target: str, count: int, base: float) -> None:
    """Milliseconds until the last of `count` requests was answered that were sent at once."""
    app = App("bench")
    app.add(
        Function(
            function.name,
            function.source,
            language=function.language,
            wasi=function.wasi,
            routes=("/...",),
            allowed_outbound_hosts=("http://127.0.0.1:*",),
        )
    )

    def all_at_once() -> None:
        sinks = [Collector() for _ in range(count)]
        request = Request("GET", target, Headers([("host", "localhost")]))
        calls = [app.submit(request, sink) for sink in sinks]
        for call, sink in zip(calls, sinks, strict=True):
            assert call is not None
            call.wait()
            assert sink.status == 200, sink.response(label)
            assert b"error" not in b"".join(sink.pieces), sink.pieces

    table.row(label, rounds(all_at_once), "ms", "plain asyncio in Python", base)
    app.close()


def rounds(work: Callable[[], object]) -> float:
    """Median milliseconds, after rounds in which connections and instances are made."""
    taken = []
    for number in range(ROUNDS + 2):
        began = time.perf_counter()
        work()
        if number >= 2:
            taken.append(time.perf_counter() - began)
    return 1e3 * statistics.median(taken)


def directly(url: str, count: int) -> float:
    """The same requests without a guest and without a library, on connections that are kept."""
    address, _, path = url.removeprefix("http://").partition("/")
    host, _, port = address.partition(":")
    loop = asyncio.new_event_loop()

    async def connect() -> list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        return await asyncio.gather(*[asyncio.open_connection(host, int(port)) for _ in range(count)])

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(f"GET /{path} HTTP/1.1\r\nhost: {address}\r\n\r\n".encode())
        await reader.readuntil(DONE)

    async def all_at_once() -> None:
        await asyncio.gather(*[one(*connection) for connection in connections])

    connections = loop.run_until_complete(connect())
    taken = rounds(lambda: loop.run_until_complete(all_at_once()))
    for _, writer in connections:
        writer.close()
    loop.close()
    return taken


@contextmanager
def slow_server() -> Iterator[str]:
    """A server in a process of its own that answers ``/N`` after N milliseconds."""
    command = [sys.executable, "-m", "benchmarks.waiting"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=functions.ROOT) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Serve one connection."""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            await asyncio.sleep(int(head.split(b"/")[1].split(b" ")[0]) / 1e3)
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n" + DONE)
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def serve() -> None:
    """Say where it is, and serve until the process ends."""
    server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=1000)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve())
