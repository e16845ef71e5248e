"""Requests and answers over real connections."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import httpx
import pytest

from spinlab.errors import Busy, GuestError, LimitExceeded
from spinlab.http import Body, BodyAborted, Headers, Request
from tests.server.guests import Ended, Running, Serve, answer, mirror, whole


def connect(port: int) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port))
    client.settimeout(20)
    return client


def read_all(client: socket.socket) -> bytes:
    pieces = []
    while piece := client.recv(65536):
        pieces.append(piece)
    return b"".join(pieces)


def flood(client: socket.socket, piece: bytes, size: int) -> int:
    """Send until `size` bytes are sent, or the other side takes no more; how many went."""
    sent = 0
    with contextlib.suppress(OSError):
        while sent < size:
            sent += client.send(piece[: size - sent])
    return sent


def ended(client: socket.socket) -> bool:
    """Whether the other side ends the connection without a word."""
    try:
        return client.recv(100) == b""
    except ConnectionError:
        return True


def head(method: str = "GET", *more: str, port: int, target: str = "/", version: str = "1.1") -> bytes:
    lines = [f"{method} {target} HTTP/{version}", f"Host: localhost:{port}", *more, "", ""]
    return "\r\n".join(lines).encode()


def test_a_request_reaches_the_app_as_it_was_sent(serve: Serve) -> None:
    server, app = serve(mirror)
    with connect(server.port) as client:
        client.sendall(
            head("PATCH", "X-A: 1", "x-a: 2", "Content-Length: 3", port=server.port, target="/a%2Fb//c?x=%20&y")
            + b"abc"
        )
        local = client.getsockname()
        while not app.requests:
            time.sleep(0.01)
        client.recv(1000)
    request = app.requests[0]
    assert (request.method, request.target, request.scheme) == ("PATCH", "/a%2Fb//c?x=%20&y", "http")
    assert request.client == f"{local[0]}:{local[1]}"
    assert request.headers.items() == [
        ("host", f"localhost:{server.port}"),
        ("x-a", "1"),
        ("x-a", "2"),
        ("content-length", "3"),
    ]
    assert request.body == b"abc"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "PURGE"])
def test_every_method_goes_to_the_app(serve: Serve, method: str) -> None:
    server, _ = serve(mirror)
    assert httpx.request(method, server.url).json()["method"] == method


def test_head_goes_to_the_app_and_gets_no_body(serve: Serve) -> None:
    server, app = serve(mirror)
    with httpx.Client(base_url=server.url) as client:
        answered = client.head("/")
        assert (answered.status_code, answered.content) == (200, b"")
        assert int(answered.headers["content-length"]) > 0
        assert client.get("/").status_code == 200
    assert [r.method for r in app.requests] == ["HEAD", "GET"]


def test_a_whole_answer_has_its_length(serve: Serve) -> None:
    server, _ = serve(lambda request, sink, call: answer(sink, b"x" * 1000))
    for _ in range(50):
        answered = httpx.get(server.url)
        assert answered.headers["content-length"] == "1000"
        assert "transfer-encoding" not in answered.headers
        assert "server" not in answered.headers
        assert len(answered.headers.get_list("date")) == 1


def test_a_whole_answer_of_megabytes_arrives(serve: Serve) -> None:
    body = bytes(range(256)) * 40_000
    server, _ = serve(lambda request, sink, call: answer(sink, body))
    assert httpx.get(server.url).content == body


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_without_a_body_has_none(serve: Serve, status: int) -> None:
    server, _ = serve(lambda request, sink, call: answer(sink, b"no", status, [("content-length", "2"), ("x-a", "1")]))
    with httpx.Client(base_url=server.url) as client:
        for _ in range(2):
            answered = client.get("/")
            assert (answered.status_code, answered.content, answered.headers["x-a"]) == (status, b"", "1")


def test_connections_are_kept(serve: Serve) -> None:
    server, app = serve(mirror)
    with connect(server.port) as client:
        for n in range(5):
            client.sendall(head(port=server.port, target=f"/{n}"))
            assert client.recv(65536).startswith(b"HTTP/1.1 200")
    assert len({r.client for r in app.requests}) == 1


def test_pipelined_requests_are_answered_in_order(serve: Serve) -> None:
    def slower_first(request: Request, sink: object, call: Running) -> None:
        time.sleep(0.1 if request.target == "/0" else 0)
        answer(sink, request.target.encode())

    server, _ = serve(slower_first)
    with connect(server.port) as client:
        client.sendall(b"".join(head(port=server.port, target=f"/{n}") for n in range(4)))
        client.sendall(head("GET", "Connection: close", port=server.port, target="/4"))
        text = read_all(client)
    assert [text.index(b"\r\n\r\n/%d" % n) for n in range(5)] == sorted(
        text.index(b"\r\n\r\n/%d" % n) for n in range(5)
    )


def test_pieces_arrive_as_they_are_written(serve: Serve) -> None:
    sent = threading.Semaphore(0)

    def events(request: Request, sink: object, call: Running) -> None:
        sink.begin(200, Headers({"content-type": "text/event-stream"}))
        for n in range(3):
            sink.write(b"data: %d\n\n" % n)
            assert sent.acquire(timeout=20)  # the next one only when this one has arrived
        sink.end(Ended())

    server, _ = serve(events)
    with httpx.stream("GET", server.url) as answered:
        assert answered.headers["transfer-encoding"] == "chunked"
        got = []
        for piece in answered.iter_raw():
            got.append(piece)
            sent.release()
    assert got == [b"data: 0\n\n", b"data: 1\n\n", b"data: 2\n\n"]


def test_a_response_that_is_complete_does_not_wait_for_its_guest(serve: Serve) -> None:
    finish = threading.Event()

    def lingers(request: Request, sink: object, call: Running) -> None:
        sink.begin(200, Headers())
        sink.write(b"a")
        if request.target == "/pieces":
            time.sleep(0.05)
            sink.write(b"b")
        sink.complete(Headers())
        finish.wait(30)
        sink.end(Ended(GuestError("too late to matter")))

    server, app = serve(lingers)
    with httpx.Client(base_url=server.url) as client:
        assert client.get("/").headers["content-length"] == "1"
        assert client.get("/pieces").text == "ab"
    assert not app.calls[0].cancelled.is_set()
    finish.set()
    assert httpx.get(server.url).text == "a"


def test_the_head_arrives_before_the_first_piece(serve: Serve) -> None:
    seen = threading.Event()

    def late(request: Request, sink: object, call: Running) -> None:
        sink.begin(202, Headers())
        assert seen.wait(20)
        sink.write(b"late")
        sink.end(Ended())

    server, _ = serve(late)
    with httpx.stream("GET", server.url) as answered:
        assert answered.status_code == 202
        seen.set()
        assert answered.read() == b"late"


def test_a_declared_length_is_kept_for_a_streamed_answer(serve: Serve) -> None:
    def known(request: Request, sink: object, call: Running) -> None:
        sink.begin(200, Headers({"content-length": "10"}))
        sink.write(b"12345")
        time.sleep(0.05)
        sink.write(b"67890")
        sink.end(Ended())

    server, _ = serve(known)
    answered = httpx.get(server.url)
    assert answered.headers["content-length"] == "10"
    assert answered.content == b"1234567890"


@pytest.mark.parametrize("pieces", [[b"123"], [b"12345", b"6789012"]])
def test_a_wrong_length_is_a_broken_transfer(serve: Serve, pieces: list[bytes]) -> None:
    def wrong(request: Request, sink: object, call: Running) -> None:
        sink.begin(200, Headers({"content-length": "10"}))
        for piece in pieces:
            sink.write(piece)
            time.sleep(0.05)
        sink.end(Ended())

    server, _ = serve(wrong)
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(server.url)


def test_an_old_client_gets_a_streamed_answer_without_chunks(serve: Serve) -> None:
    def streamed(request: Request, sink: object, call: Running) -> None:
        sink.begin(200, Headers())
        for _ in range(3):
            time.sleep(0.02)
            sink.write(b"ab")
        sink.end(Ended())

    server, _ = serve(streamed)
    with connect(server.port) as client:
        client.sendall(head(port=server.port, version="1.0"))
        text = read_all(client)
    assert b"transfer-encoding" not in text
    assert text.endswith(b"\r\n\r\nababab")


@pytest.mark.parametrize(
    ("error", "status"),
    [(GuestError("trap"), 500), (LimitExceeded("timeout", "10 s", "--timeout"), 504), (Busy("full"), 503), (None, 500)],
)
def test_a_guest_without_an_answer_gives_the_empty_status(serve: Serve, error: Exception | None, status: int) -> None:
    server, _ = serve(lambda request, sink, call: sink.end(Ended(error)))
    with httpx.Client(base_url=server.url) as client:
        for _ in range(2):
            answered = client.get("/")
            assert (answered.status_code, answered.content) == (status, b"")
            assert answered.headers.get("retry-after") == ("1" if status == 503 else None)


def test_a_full_queue_is_a_503_to_try_again(serve: Serve) -> None:
    server, app = serve(mirror)
    submit = app.submit

    def full(request: Request, sink: object) -> Running:
        raise Busy("the queue is full")

    app.submit = full  # type: ignore[method-assign]
    answered = httpx.get(server.url)
    assert (answered.status_code, answered.headers["retry-after"], answered.content) == (503, "1", b"")
    app.submit = submit  # type: ignore[method-assign]
    assert httpx.get(server.url).status_code == 200


def test_an_error_of_the_app_itself_is_an_empty_looking_500(serve: Serve) -> None:
    server, app = serve(mirror)

    def broken(request: Request, sink: object) -> Running:
        raise RuntimeError("secret detail")

    app.submit = broken  # type: ignore[method-assign]
    answered = httpx.get(server.url)
    assert answered.status_code == 500
    assert "secret" not in answered.text


def test_an_app_may_answer_at_once(serve: Serve) -> None:
    server, app = serve(mirror)

    def at_once(request: Request, sink: object) -> None:
        answer(sink, b"OK")

    app.submit = at_once  # type: ignore[method-assign, assignment]
    assert httpx.get(server.url).text == "OK"


def test_a_failure_after_the_head_breaks_the_transfer(serve: Serve) -> None:
    def fails(request: Request, sink: object, call: Running) -> None:
        sink.begin(200, Headers())
        sink.write(b"begun")
        sink.end(Ended(GuestError("trap")))

    server, _ = serve(fails)
    with connect(server.port) as client:
        client.sendall(head(port=server.port))
        text = read_all(client)
    assert text.startswith(b"HTTP/1.1 200")
    assert b"begun" in text
    assert not text.endswith(b"0\r\n\r\n")
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(server.url)


def test_a_client_that_writes_all_before_it_reads_is_cut_when_its_guest_is_stopped(serve: Serve) -> None:
    full = threading.Event()

    def echo(request: Request, sink: object, call: Running) -> None:
        assert isinstance(request.body, Body)
        arrived = threading.Event()
        request.body.notify(on_data=arrived.set)
        sink.begin(200, Headers())
        while not full.is_set():
            arrived.clear()
            piece = request.body.take()
            if isinstance(piece, bytes):
                call.room.clear()
                if not sink.write(piece) and not call.room.wait(0.5):
                    full.set()  # the client takes nothing: here the engine's deadline passes
            elif piece is None:
                assert arrived.wait(20)
            else:
                raise AssertionError("all of it went through")
        sink.end(Ended(LimitExceeded("timeout", "10 s", "--timeout")))

    server, _ = serve(echo)
    size = 100 << 20
    with connect(server.port) as client:
        client.sendall(head("POST", f"Content-Length: {size}", port=server.port))
        with pytest.raises(ConnectionError):
            client.sendall(b"x" * size)
    assert full.is_set()


def streams(size: int) -> Callable[[Request, object, Running], None]:
    def guest(request: Request, sink: object, call: Running) -> None:
        sink.begin(200, Headers())
        for _ in range(size >> 16):
            if call.cancelled.is_set():
                return
            call.write(sink, b"x" * 65536)
        sink.end(Ended())

    return guest


def test_a_client_that_reads_nothing_is_cut_after_a_while(serve: Serve) -> None:
    server, app = serve(streams(100 << 20), stall=0.3)
    with connect(server.port) as client:
        client.sendall(head(port=server.port))
        while not app.calls:
            time.sleep(0.01)
        assert app.calls[0].cancelled.wait(20)


def test_a_whole_answer_that_nobody_takes_does_not_hold_its_connection(serve: Serve) -> None:
    server, _ = serve(lambda request, sink, call: answer(sink, b"x" * (100 << 20)), stall=0.3)
    with connect(server.port) as client:
        client.sendall(head(port=server.port))
        assert client.recv(1) == b"H"
        assert server._run is not None
        while server._run.server.server_state.connections:
            time.sleep(0.01)


def test_a_slow_client_that_reads_is_not_cut(serve: Serve) -> None:
    size = 16 << 20
    server, app = serve(streams(size), stall=2)
    got = 0
    with connect(server.port) as client:
        client.sendall(head("GET", "Connection: close", port=server.port))
        while piece := client.recv(256 * 1024):
            got += len(piece)
            time.sleep(0.04)
    assert got > size
    assert not app.calls[0].cancelled.is_set()


@pytest.mark.parametrize(
    ("status", "headers"), [(999, []), (100, []), (200, [("x", "a\r\nb: c")]), (200, [("a b", "c")])]
)
def test_an_answer_that_can_not_be_sent_is_a_500(serve: Serve, status: int, headers: list[tuple[str, str]]) -> None:
    server, _ = serve(lambda request, sink, call: answer(sink, b"x", status, headers or [("a", "b")]))
    answered = httpx.get(server.url)
    assert (answered.status_code, answered.content) == (500, b"")
    assert "b" not in answered.headers


class TestRequestBodies:
    @pytest.mark.parametrize("size", [0, 1, 1000, 1 << 20, (1 << 20) + 1, 5_000_000])
    def test_a_body_of_any_size_arrives(self, serve: Serve, size: int) -> None:
        got: list[bytes] = []

        def takes(request: Request, sink: object, call: Running) -> None:
            got.append(whole(request.body))
            answer(sink, b"ok")

        server, app = serve(takes)
        body = bytes(range(251)) * (size // 251 + 1)
        assert httpx.post(server.url, content=body[:size], timeout=60).text == "ok"
        assert got == [body[:size]]
        assert isinstance(app.requests[0].body, bytes) == (size <= 1 << 20)

    def test_a_body_arrives_in_pieces_while_the_guest_answers(self, serve: Serve) -> None:
        def doubles(request: Request, sink: object, call: Running) -> None:
            assert isinstance(request.body, Body)
            arrived = threading.Event()
            request.body.notify(on_data=arrived.set)
            sink.begin(200, Headers())
            while True:
                arrived.clear()
                piece = request.body.take()
                if isinstance(piece, Headers):
                    break
                if piece is None:
                    assert arrived.wait(20)
                else:
                    call.write(sink, piece.upper())
            sink.end(Ended())

        server, _ = serve(doubles)
        with connect(server.port) as client:
            client.sendall(head("POST", "Transfer-Encoding: chunked", port=server.port))
            text = b""
            for piece in (b"one", b"two", b"three"):
                client.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
                while piece.upper() not in text:
                    text += client.recv(1000)
            client.sendall(b"0\r\n\r\n")
            while not text.endswith(b"0\r\n\r\n"):
                text += client.recv(1000)

    def test_trailers_come_after_the_body_and_are_no_headers(self, serve: Serve) -> None:
        got: list[object] = []

        def takes(request: Request, sink: object, call: Running) -> None:
            body = request.body
            assert isinstance(body, Body)
            piece: object = None
            while not isinstance(piece, Headers):
                piece = body.take()
                time.sleep(0.01)
            got.append(piece)
            answer(sink, b"ok")

        server, app = serve(takes)
        with connect(server.port) as client:
            client.sendall(head("POST", "Transfer-Encoding: chunked", port=server.port) + b"3\r\nabc\r\n")
            time.sleep(0.1)
            client.sendall(b"0\r\nX-Sum: 1\r\nHost: evil.com\r\n\r\n")
            assert b"200" in client.recv(1000)
        assert got == [Headers([("x-sum", "1"), ("host", "evil.com")])]
        assert "x-sum" not in app.requests[0].headers

    def test_trailers_in_one_packet_with_the_head_can_not_change_it(self, serve: Serve) -> None:
        server, app = serve(mirror)
        with connect(server.port) as client:
            request = head("POST", "Transfer-Encoding: chunked", port=server.port)
            client.sendall(request + b"3\r\nabc\r\n0\r\nHost: evil.com\r\nX-Forwarded-Context: /x\r\n\r\n")
            assert client.recv(10000).startswith(b"HTTP/1.1 200")
        assert app.requests[0].headers.get_all("host") == [f"localhost:{server.port}"]
        assert "x-forwarded-context" not in app.requests[0].headers

    def test_a_guest_that_takes_nothing_holds_the_client_back(self, serve: Serve) -> None:
        taken = threading.Event()

        def waits(request: Request, sink: object, call: Running) -> None:
            assert taken.wait(30)
            whole(request.body)
            answer(sink, b"ok")

        server, app = serve(waits)
        size = 30 << 20
        with connect(server.port) as client:
            client.sendall(head("POST", f"Content-Length: {size}", port=server.port))
            client.settimeout(0.5)
            sent = flood(client, b"x" * 65536, size)
            assert sent < size
            body = app.requests[0].body
            assert isinstance(body, Body)
            assert not body.room
            taken.set()
            client.settimeout(20)
            client.sendall(b"x" * (size - sent))
            assert b"200" in client.recv(1000)

    def test_a_client_that_leaves_in_its_body_aborts_it(self, serve: Serve) -> None:
        aborted = threading.Event()

        def takes(request: Request, sink: object, call: Running) -> None:
            try:
                whole(request.body)
            except BodyAborted:
                aborted.set()
            sink.end(Ended(GuestError("no body")))

        server, app = serve(takes)
        client = connect(server.port)
        client.sendall(head("POST", "Content-Length: 2000000", port=server.port) + b"x" * 1000)
        while not app.calls:
            time.sleep(0.01)
        client.close()
        assert aborted.wait(20)
        assert app.calls[0].cancelled.wait(20)

    def test_a_client_that_leaves_in_a_small_body_starts_no_guest(self, serve: Serve) -> None:
        server, app = serve(mirror)
        with connect(server.port) as client:
            client.sendall(head("POST", "Content-Length: 100", port=server.port) + b"x" * 10)
        assert httpx.get(server.url).status_code == 200
        assert [r.method for r in app.requests] == ["GET"]

    def test_a_guest_that_answers_early_ends_the_exchange(self, serve: Serve) -> None:
        server, _ = serve(lambda request, sink, call: answer(sink, b"early"))
        with connect(server.port) as client:
            client.sendall(head("POST", "Content-Length: 2000000", port=server.port) + b"x" * 1000)
            assert b"early" in client.recv(10000)
            client.sendall(b"x" * 1_999_000)
            client.sendall(head(port=server.port))
            assert b"early" in client.recv(10000)

    def test_100_continue_is_sent_when_the_body_is_wanted(self, serve: Serve) -> None:
        server, _ = serve(mirror)
        with connect(server.port) as client:
            client.sendall(head("POST", "Content-Length: 3", "Expect: 100-continue", port=server.port))
            assert client.recv(1000).startswith(b"HTTP/1.1 100")
            client.sendall(b"abc")
            assert client.recv(1000).startswith(b"HTTP/1.1 200")

    def test_a_declared_body_over_the_limit_is_a_413(self, serve: Serve) -> None:
        server, app = serve(mirror, max_body=1000)
        answered = httpx.post(server.url, content=b"x" * 1001)
        assert answered.status_code == 413
        assert "1000 bytes" in answered.text
        assert httpx.post(server.url, content=b"x" * 1000).status_code == 200
        assert len(app.requests) == 1

    def test_a_chunked_body_over_the_limit_is_a_413(self, serve: Serve) -> None:
        server, app = serve(mirror, max_body=100_000)

        def endless() -> Iterator[bytes]:
            for _ in range(100):
                yield b"x" * 10_000

        assert httpx.post(server.url, content=endless()).status_code == 413
        assert app.calls[0].cancelled.wait(20)
        assert httpx.get(server.url).status_code == 200


class TestClients:
    def test_a_client_that_goes_away_stops_the_guest(self, serve: Serve) -> None:
        server, app = serve(lambda request, sink, call: call.cancelled.wait(30))
        client = connect(server.port)
        client.sendall(head(port=server.port))
        while not app.calls:
            time.sleep(0.01)
        client.close()
        assert app.calls[0].cancelled.wait(20)
        assert app.calls[0].reasons == ["the client closed the connection"]

    def test_a_client_that_goes_away_in_a_stream_stops_the_guest(self, serve: Serve) -> None:
        def endless(request: Request, sink: object, call: Running) -> None:
            sink.begin(200, Headers())
            while not call.cancelled.is_set():
                call.write(sink, b"x" * 10_000)

        server, app = serve(endless)
        client = connect(server.port)
        client.sendall(head(port=server.port))
        client.recv(100_000)
        client.close()
        assert app.calls[0].cancelled.wait(20)

    def test_a_client_that_reads_nothing_holds_the_guest_back(self, serve: Serve) -> None:
        written: list[int] = []
        total = 64 << 20

        def much(request: Request, sink: object, call: Running) -> None:
            sink.begin(200, Headers())
            for _ in range(total >> 16):
                call.write(sink, b"x" * 65536)
                written.append(65536)
            sink.end(Ended())

        server, _ = serve(much)
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            client.settimeout(30)
            client.connect(("127.0.0.1", server.port))
            client.sendall(head("GET", "Connection: close", port=server.port))
            before = -1
            while before != len(written) or not written:
                before = len(written)
                time.sleep(0.5)
            assert sum(written) < 16 << 20
            assert httpx.get(server.url, timeout=60).status_code == 200  # others are served
            got = 0
            while piece := client.recv(1 << 20):
                got += len(piece)
            assert got > total

    @pytest.mark.parametrize(
        "sent",
        [
            b"nonsense\r\n\r\n",
            b"GET / HTTP/9.9\r\n\r\n",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
            b"GET /\xff\xfe HTTP/1.1\r\nHost: localhost\r\n\r\n",
            b"GET http:// HTTP/1.1\r\nHost: localhost\r\n\r\n",
            b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
            b"CONNECT a:1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
            b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
            b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            b"GET / HTTP/1.1\r\nHost: localhost\r\nBad Name: 1\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\x00b\r\n\r\n",
            b"",
        ],
    )
    def test_a_broken_client_harms_nobody(self, serve: Serve, sent: bytes) -> None:
        server, app = serve(mirror)
        with connect(server.port) as client:
            client.sendall(sent)
            client.shutdown(socket.SHUT_WR)
            read_all(client)
        assert httpx.get(server.url).status_code == 200
        assert len(app.requests) <= 2

    def test_a_missing_host_is_bad(self, serve: Serve) -> None:
        server, _ = serve(mirror)
        for version in (b"1.0", b"1.1"):
            with connect(server.port) as client:
                client.sendall(b"GET / HTTP/%s\r\nConnection: close\r\n\r\n" % version)
                text = read_all(client)
            assert text.startswith(b"HTTP/1.1 400")
            assert b"no 'Host' header present in request" in text

    @pytest.mark.parametrize(
        "lines",
        [
            b"X: " + b"a" * 70_000,
            b"\r\n".join(b"X-%d: a" % n for n in range(200)),
            b"\r\n".join(b"X-%d: %s" % (n, b"a" * 2000) for n in range(90)),
        ],
    )
    def test_a_head_that_is_too_large_is_a_431(self, serve: Serve, lines: bytes) -> None:
        server, app = serve(mirror)
        with connect(server.port) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n" + lines + b"\r\n\r\n")
            assert client.recv(1000).startswith(b"HTTP/1.1 431")
        assert not app.requests

    @pytest.mark.parametrize(
        "beginning",
        [
            b"GET / HTTP/1.1\r\nX: ",
            b"GET /",
            b"POST / HTTP/1.1\r\nHost: localhost:%d\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ",
            b"POST / HTTP/1.1\r\nHost: localhost:%d\r\nTransfer-Encoding: chunked\r\n\r\n1;x=",
        ],
    )
    def test_an_endless_head_trailer_or_chunk_head_is_cut_off(self, serve: Serve, beginning: bytes) -> None:
        server, _ = serve(mirror)
        with connect(server.port) as client:
            client.sendall(beginning % server.port if b"%d" in beginning else beginning)
            sent = flood(client, b"a" * 65536, 50 << 20)
        assert sent < 20 << 20
        assert httpx.get(server.url).status_code == 200

    def test_many_honest_tiny_chunks_pass(self, serve: Serve) -> None:
        server, _ = serve(mirror)
        with connect(server.port) as client:
            client.sendall(head("POST", "Transfer-Encoding: chunked", "Connection: close", port=server.port))
            for _ in range(100):
                client.sendall(b"1\r\nx\r\n" * 1000)
            client.sendall(b"0\r\n\r\n")
            text = read_all(client)
        assert text.startswith(b"HTTP/1.1 200")
        assert b"x" * 100_000 in text

    def test_a_slow_head_is_given_up(self, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
        from spinlab.server import protocol

        monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.3)
        server, _ = serve(mirror)
        with connect(server.port) as client:
            client.sendall(b"GET / HTTP/1.1\r\n")
            assert ended(client)
        with connect(server.port) as client:  # the second head of a connection as well
            client.sendall(head(port=server.port))
            client.recv(10000)
            client.sendall(b"GET / HT")
            assert ended(client)

    def test_a_body_nobody_wants_is_not_read_for_ever(self, serve: Serve) -> None:
        server, _ = serve(lambda request, sink, call: answer(sink, b"early"))
        with connect(server.port) as client:
            client.sendall(head("POST", "Transfer-Encoding: chunked", port=server.port))
            sent = flood(client, b"10000\r\n" + b"x" * 65536 + b"\r\n", 200 << 20)
        assert sent < 100 << 20

    def test_more_connections_than_it_takes_are_told_so(self, serve: Serve) -> None:
        server, _ = serve(mirror)
        clients = [connect(server.port) for _ in range(520)]
        try:
            assert httpx.get(server.url, timeout=20).status_code == 503
        finally:
            for client in clients:
                client.close()
        for _ in range(100):
            if httpx.get(server.url).status_code == 200:
                break
            time.sleep(0.05)
        assert httpx.get(server.url).status_code == 200
