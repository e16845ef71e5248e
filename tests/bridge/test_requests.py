"""Requests into a guest of WASI 0.2: heads, bodies that come at once or bit by bit, trailers."""

from __future__ import annotations

import os

import pytest

from spinlab.http import Body, Headers
from tests.bridge.bench import ask, pieces, request, sandbox


def test_a_guest_sees_the_request_as_it_came() -> None:
    asked = request("/describe?a=1&b=%20", headers=[("X-Two", "1"), ("x-latin", "é"), ("x-two", "2")])
    seen = sandbox("echo2").handle(asked).text.split("\n")
    assert seen[:2] == ["GET /describe?a=1&b=%20", "http localhost:3000"]
    assert seen[2:] == ["x-two: 1", "x-two: 2", "x-latin: é"]


def test_fields_of_the_connection_are_hidden_as_spin_does() -> None:
    hop_by_hop = [("connection", "close"), ("keep-alive", "5"), ("transfer-encoding", "chunked"), ("x-mine", "1")]
    seen = sandbox("echo2").handle(request("/describe", headers=hop_by_hop)).text.split("\n")
    assert seen[2:] == ["x-mine: 1"]


@pytest.mark.parametrize("body", [b"x", b"plain text", b"\x00\xff\n", "Grüße".encode(), bytes(range(256)) * 300])
def test_a_body_comes_back_byte_for_byte(body: bytes) -> None:
    response = ask("echo2", "/?status=201", body)
    assert (response.status, response.body) == (201, body)


@pytest.mark.parametrize("path", ["/", "/splice"])
def test_a_large_body_comes_back_byte_for_byte(path: str) -> None:
    body = os.urandom(5 << 20)
    assert ask("echo2", path, body).body == body


def arriving(*chunks: bytes, trailers: Headers | None = None) -> Body:
    body = Body()
    for chunk in chunks:
        body.feed(chunk)
    body.end(trailers)
    return body


def test_a_body_that_is_still_arriving_is_read_to_its_end() -> None:
    assert ask("echo2", "/", arriving(b"one ", b"\xff", b" three")).body == b"one \xff three"


def test_a_guest_reads_what_has_come_before_the_rest_is_there() -> None:
    body = Body()
    body.feed(b"first")
    sink = FeedingSink(body)
    assert sandbox("stream2").submit(request("/upload", body), sink).done.wait(60)
    assert b"".join(sink.pieces) == b"5 6 "


class FeedingSink:
    """Feeds the rest of the request's body only after the guest has answered the first part."""

    def __init__(self, body: Body) -> None:
        self.body = body
        self.pieces: list[bytes] = []

    def begin(self, status: int, headers: Headers) -> None:
        pass

    def write(self, data: bytes) -> bool:
        self.pieces.append(data)
        if len(self.pieces) == 1:
            self.body.feed(b"second")
            self.body.end()
        return True

    def end(self, outcome: object) -> None:
        pass


def test_trailers_of_a_request_reach_the_guest_and_go_out_with_its_response() -> None:
    response = ask("echo2", "/trailers", arriving(b"body", trailers=Headers([("x-sum", "42"), ("x-latin", "é")])))
    assert response.body == b"body"
    assert response.trailers.items() == [("x-sum", "42"), ("x-latin", "é")]


def test_a_body_that_breaks_off_is_an_error_of_its_stream() -> None:
    body = Body()
    body.feed(b"half")
    body.abort("gone")
    response = ask("echo2", "/", body)
    assert (response.status, response.text) == (400, "ErrorCode::ConnectionTerminated")


def test_a_body_that_nobody_reads_is_no_error() -> None:
    assert ask("echo2", "/unread", b"x" * 100_000).text == "the body was not read"


def test_a_body_in_pieces_is_seen_in_pieces() -> None:
    assert b"".join(pieces("stream2", "/upload", b"x" * 100).pieces) == b"100 "
