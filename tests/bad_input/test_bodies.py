"""Bodies of 100 MB: through, when the function may have them, else refused; the process keeps its size."""

from __future__ import annotations

import hashlib
import http.client
import socket
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import psutil
import pytest

from spinlab import App, Function
from spinlab.errors import LimitExceeded
from spinlab.function import MIB, Limits
from spinlab.server import Server
from tests.guests import component

SIZE = 100_000_000
PIECE = bytes(range(256)) * 4096

HASHED = """
import hashlib
def handle(request):
    return [len(request.body), hashlib.sha256(request.body).hexdigest()]
"""


@pytest.fixture(scope="module")
def app() -> Iterator[App]:
    made = App("bodies")
    roomy = Limits(memory=1024 * MIB, timeout=60)
    made.add(Function("hashed", HASHED, routes=("/hashed",), limits=roomy))
    made.add(Function("made", "def handle(request):\n    return b'x' * 100_000_000\n", routes=("/made",), limits=roomy))
    made.add(Function("small", HASHED, routes=("/small",), limits=Limits(memory=128 * MIB, timeout=60)))
    echo = component("echo2")
    made.add(Function("echo", echo, language="wasm", routes=("/splice", "/unread"), limits=Limits(timeout=60)))
    yield made
    made.close()


@pytest.fixture(scope="module")
def url(app: App) -> Iterator[str]:
    server = Server(lambda label: app, port=0)
    yield server.start()
    server.stop()


def resident() -> int:
    return int(psutil.Process().memory_info().rss)


def body() -> bytes:
    return (PIECE * (SIZE // len(PIECE) + 1))[:SIZE]


def pieces(size: int = SIZE) -> Iterator[bytes]:
    while size > 0:
        yield PIECE[:size]
        size -= len(PIECE)


def hashed() -> list[object]:
    whole = hashlib.sha256()
    for piece in pieces():
        whole.update(piece)
    return [SIZE, whole.hexdigest()]


def test_a_python_function_takes_and_gives_100_mb_in_process_when_it_may(app: App) -> None:
    assert app.post("/hashed", body()).json() == hashed()
    response = app.get("/made")
    assert (response.status, len(response.body), response.error) == (200, SIZE, None)


def test_a_python_function_takes_and_gives_100_mb_through_http_when_it_may(url: str) -> None:
    assert httpx.post(f"{url}/hashed", content=pieces(), timeout=60).json() == hashed()
    assert len(httpx.get(f"{url}/made", timeout=60).content) == SIZE


def test_the_default_memory_limit_says_so_and_the_next_request_works(app: App) -> None:
    error = app.post("/small", body()).error
    assert isinstance(error, LimitExceeded)
    assert (error.limit, error.option) == ("memory", "--memory")
    assert app.post("/small", b"x").status == 200


def test_a_body_that_streams_through_a_small_guest_is_whole_both_ways(app: App, url: str) -> None:
    data = body()
    assert app.post("/splice", data).body == data
    assert both_ways(url, "/splice") == hashed()


def send(connection: socket.socket) -> None:
    for piece in pieces():
        connection.sendall(piece)


def both_ways(url: str, path: str) -> list[object]:
    """Size and digest of what comes back while the body is still being written, as the guest does."""
    address = urlsplit(url)
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=60) as connection:
        connection.sendall(f"POST {path} HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Length: {SIZE}\r\n\r\n".encode())
        writer = threading.Thread(target=send, args=[connection])
        writer.start()
        response = http.client.HTTPResponse(connection, method="POST")
        response.begin()
        whole, size = hashlib.sha256(), 0
        while piece := response.read(1 << 20):
            whole.update(piece)
            size += len(piece)
        writer.join()
    return [size, whole.hexdigest()]


def test_a_body_over_the_limit_is_a_413_before_it_has_arrived(app: App, url: str) -> None:
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        for piece in pieces(10 * SIZE):
            taken += len(piece)
            yield piece

    declared = {"content-length": str(10 * SIZE)}
    try:
        status = httpx.post(f"{url}/small", content=endless(), headers=declared, timeout=60).status_code
    except httpx.TransportError:  # the connection may close while the client still writes
        status = 413
    assert status == 413
    assert taken < SIZE
    response = app.post("/small", bytes(129 * MIB))
    assert response.status == 413
    assert isinstance(response.error, LimitExceeded)
    assert response.error.option == "--max-request"
    assert httpx.post(f"{url}/small", content=b"x").status_code == 200


def test_the_process_keeps_its_size(app: App, url: str) -> None:
    def all_ways() -> int:
        data = body()
        assert app.post("/small", data).status == 500
        assert app.post("/splice", data).status == 200
        del data
        assert httpx.post(f"{url}/unread", content=pieces(), timeout=60).status_code == 200
        assert httpx.post(f"{url}/small", content=pieces(), timeout=60).status_code == 500
        assert both_ways(url, "/splice") == hashed()
        return resident()

    first = all_ways()
    grown = max(all_ways() for _ in range(3)) - first
    # Memories of the pool keep 32 MiB each; more than a gigabyte and a half has gone through in the meantime.
    assert grown < 3 * SIZE, f"{grown >> 20} MiB"
