"""Bodies, trailers and requests of the guest's own, through real Rust guests on WASI 0.2."""

from __future__ import annotations

import os
import threading

import pytest

from spinlab.errors import GuestError
from spinlab.function import Limits
from spinlab.host import DONE, END, Caller, Effect, Host, Result
from spinlab.http import Body, Headers, Request
from tests.engine.running import Recorder, get, rust

HOST = Headers([("host", "localhost")])
MIB = 1 << 20


def post(target: str, body: bytes | Body) -> Request:
    return Request("POST", target, HOST, body)


@pytest.mark.parametrize(
    "body", [b"", b"text", bytes(range(256)), "grüße".encode(), b"=x", b"*x", os.urandom(MIB), os.urandom(5 * MIB + 7)]
)
def test_a_body_comes_back_byte_for_byte(body: bytes) -> None:
    response = rust("echo2").handle(post("/", body))
    assert (response.status, response.error) == (200, None)
    assert response.body == body


def test_method_target_scheme_authority_and_headers_reach_the_guest() -> None:
    headers = Headers([("host", "example.com:8080"), ("x-a", "1"), ("X-A", "2"), ("x-latin", "gr\xfc\xdfe")])
    asked = Request("PUT", "/describe?a=%20b", headers, scheme="https")
    lines = rust("echo2").handle(asked).body.decode().split("\n")
    assert lines[:2] == ["PUT /describe?a=%20b", "https example.com:8080"]
    assert [line for line in lines if line.startswith("x-")] == ["x-a: 1", "x-a: 2", "x-latin: gr\xfc\xdfe"]


def test_line_ends_in_a_header_can_not_make_another_one() -> None:
    headers = Headers([("host", "localhost"), ("x-a", "1\r\nx-evil: 2"), ("x\nb", "3")])
    described = rust("echo2").handle(Request("GET", "/describe", headers)).body.decode()
    assert not any(line.startswith("x-evil") for line in described.split("\n"))


def test_a_body_that_arrives_in_pieces_is_read_as_it_comes() -> None:
    body, sink = Body(), Recorder()
    call = rust("stream2").submit(post("/upload", body), sink)
    for size in (3, 5):
        sink.wrote.clear()
        body.feed(b"x" * size)
        assert sink.wrote.wait(10)
    body.end()
    assert call.done.wait(10)
    assert b"".join(sink.pieces) == b"3 5 "


def test_a_body_that_ends_at_once_is_whole() -> None:
    body = Body()
    body.end()
    assert rust("echo2").handle(post("/", body)).body == b""


def test_a_sender_that_goes_away_is_an_error_for_the_guest() -> None:
    body, sink = Body(), Recorder()
    body.feed(b"half")
    call = rust("echo2").submit(post("/", body), sink)
    body.abort("connection reset")
    assert call.done.wait(10)
    assert sink.status == 400


def test_a_sender_that_sends_nothing_meets_the_deadline() -> None:
    assert rust("echo2", limits=Limits(timeout=0.2)).handle(post("/", Body())).status == 504


def test_trailers_pass_both_ways() -> None:
    body = Body()
    body.feed(b"data")
    body.end(Headers([("x-sum", "7"), ("x-sum", "8")]))
    response = rust("echo2").handle(post("/trailers", body))
    assert response.body == b"data"
    assert response.trailers.items() == [("x-sum", "7"), ("x-sum", "8")]


def test_events_arrive_one_by_one() -> None:
    sink = Recorder()
    call = rust("stream2").submit(get("/events?n=3&ms=100"), sink)
    assert sink.wrote.wait(10)
    assert not call.done.is_set()
    assert sink.headers.get("content-type") == "text/event-stream"
    assert call.done.wait(10)
    assert sink.pieces == [b"data: 0\n\n", b"data: 1\n\n", b"data: 2\n\n"]


def test_a_client_that_leaves_stops_the_events() -> None:
    sink = Recorder()
    call = rust("stream2").submit(get("/events?n=100000&ms=1"), sink)
    assert sink.wrote.wait(10)
    call.cancel("client left")
    assert call.done.wait(10)
    assert "client left" in str(sink.error)


def test_the_sink_hears_that_the_body_is_complete_before_the_guest_is_done() -> None:
    sink = Recorder()
    call = rust("stream2").submit(get("/after?ms=50"), sink)
    assert call.done.wait(10)
    assert sink.calls.index("complete") < sink.calls.index("end")
    assert [line.text for line in sink.outcome.logs] == ["after the response"]  # type: ignore[union-attr]


def test_a_guest_that_goes_on_forever_after_its_response_is_stopped_without_spoiling_it() -> None:
    sink = Recorder()
    call = rust("stream2", limits=Limits(timeout=0.3)).submit(get("/after?ms=100000"), sink)
    assert call.done.wait(10)
    assert (sink.status, b"".join(sink.pieces), sink.error) == (200, b"done", None)
    assert "timeout limit" in sink.outcome.logs[-1].text  # type: ignore[union-attr]


def test_an_unfinished_body_is_no_answer() -> None:
    response = rust("stream2").handle(get("/drop"))
    assert response.status == 500
    assert isinstance(response.error, GuestError)


class Fetches:
    """Answers requests of the guest from other threads, the last one first."""

    def __init__(self, expected: int) -> None:
        self.expected = expected
        self.waiting: list[tuple[str, Stream]] = []

    def __call__(self, op: str, args: str, data: bytes, call: Caller) -> Result | Effect:
        if op == "http":
            stream = Stream(args.partition("\n")[0])
            self.waiting.append((args, stream))
            if len(self.waiting) == self.expected:
                for n, (_, waiting) in enumerate(reversed(self.waiting)):
                    threading.Timer(0.02 * (n + 1), waiting.finish, [Result(DONE, "200\nx-from: test")]).start()
            return stream
        asked = call.effect(int(args.partition("\n")[0]))
        assert isinstance(asked, Stream)
        return asked.read()


class Stream(Effect):
    def __init__(self, line: str) -> None:
        super().__init__(stream=True)
        self.pieces = [Result(DONE, data=line.encode()), Result(END, "x-last: 1")]

    def read(self) -> Result:
        return self.pieces.pop(0)


def test_requests_of_a_guest_are_in_flight_together() -> None:
    fetches = Fetches(3)
    response = rust("fetch2", host=Host({"http": fetches})).handle(get("/all?n=3"))
    assert response.body.decode().split("\n") == [
        f"{n}: 200 GET http://example.test:8080/{n} [x-last: 1]" for n in (2, 1, 0)
    ]


def test_a_request_that_never_answers_meets_the_deadline() -> None:
    box = rust("fetch2", host=Host({"http": Fetches(99)}), limits=Limits(timeout=0.3))
    assert box.handle(get("/all?n=3")).status == 504


def test_a_denied_request_is_shown_with_what_would_grant_it() -> None:
    response = rust("fetch2").handle(get("/all?n=2"))
    assert response.status == 200
    assert "HttpRequestDenied" in response.text
    assert [denied.option for denied in response.denied] == ["--allow http://example.test:8080"]
    assert response.logs[0].text.endswith("disallowed destination 'http://example.test:8080'.")


def test_mounted_files_can_be_read_and_not_changed() -> None:
    response = rust("effects2", files={"/data/a.txt": b"content"}).handle(get("/files?path=data/a.txt"))
    assert response.text.startswith("root /\n")
    assert "7" in response.text
    assert rust("effects2").handle(get("/files")).text == ""


def test_the_environment_is_the_users_and_the_images() -> None:
    box = rust("effects2", environment={"NAME": "ada", "EMPTY": ""}, injected={"SOURCE": "x = 1\ny = 2"})
    text = box.handle(get("/env")).text
    assert "NAME" in text
    assert "ada" in text
    assert "SOURCE" in text
