"""Guests of WASI 0.3: what goes in and out, what they ask for, what they leave behind."""

from __future__ import annotations

import os
from typing import Any

import pytest

from spinlab.function import Limits
from spinlab.host import Effect, Result
from spinlab.http import Body, Headers
from tests.bridge.bench import Network, Pieces, ask, pieces, request, sandbox


def text(target: str, **options: Any) -> str:
    response = ask("effects3", target, **options)
    assert response.error is None, response.error
    return response.text.strip()


def logged(target: str, **options: Any) -> list[str]:
    return [line.text for line in ask("effects3", target, **options).logs]


def arriving(*chunks: bytes, trailers: Headers | None = None) -> Body:
    body = Body()
    for chunk in chunks:
        body.feed(chunk)
    body.end(trailers)
    return body


# Requests and responses.


def test_a_guest_sees_the_request_as_it_came() -> None:
    asked = request("/head?a=%20", headers=[("X-Two", "1"), ("connection", "close"), ("x-two", "2")])
    seen = sandbox("effects3").handle(asked).text.split("\n")
    assert seen[0] == 'Method::Get Some(Scheme::Http) Some("localhost:3000") Some("/head?a=%20")'
    assert [line.lower() for line in seen[1:3]] == ["x-two: 1", "x-two: 2"]
    assert seen[3:] == [""]


@pytest.mark.parametrize("size", [1, 100, 300_000, 5 << 20])
def test_a_body_comes_back_byte_for_byte(size: int) -> None:
    body = os.urandom(size)
    assert ask("echo3", "/", body).body == body


def test_a_body_and_its_trailers_go_through_a_guest_that_looks_at_neither() -> None:
    response = ask("echo3", "/", arriving(b"one ", b"two", trailers=Headers([("x-sum", "7")])))
    assert (response.body, response.trailers.items()) == (b"one two", [("x-sum", "7")])


def test_a_guest_reads_what_has_come_before_the_rest_is_there() -> None:
    body = Body()
    body.feed(b"first")

    class Feeding(Pieces):
        def write(self, data: bytes) -> bool:
            if not self.pieces:
                body.feed(b"second")
                body.end(Headers([("x-end", "1")]))
            return super().write(data)

    sink = Feeding()
    assert sandbox("effects3").submit(request("/upload", body), sink).done.wait(60)
    assert sink.pieces[0] == b"5 bytes\n"
    assert b"".join(sink.pieces) == b'5 bytes\n6 bytes\nOk(Some([("x-end", [49])]))\n'


def test_a_body_that_breaks_off_is_an_error_of_its_trailers() -> None:
    body = Body()
    body.feed(b"half")
    body.abort("gone")
    assert "ConnectionTerminated" in ask("effects3", "/upload", body).text


def test_events_go_out_one_by_one() -> None:
    assert pieces("effects3", "/sse?3").pieces == [b"data: 0\n\n", b"data: 1\n\n", b"data: 2\n\n"]


def test_a_guest_that_computes_between_pieces_still_streams() -> None:
    answer = pieces("effects3", "/slow?8")
    assert len(answer.pieces) > 1
    assert b"".join(answer.pieces) == b"".join(b"piece %d\n" % n for n in range(8))


def test_small_pieces_without_a_wait_go_out_together() -> None:
    assert pieces("effects3", "/pieces?5").pieces == [b"".join(b"piece %d\n" % n for n in range(5))]


def test_a_large_response_goes_out_in_pieces() -> None:
    answer = pieces("effects3", "/big?1000000")
    assert len(answer.pieces) > 1
    assert b"".join(answer.pieces) == b"x" * 1_000_000


def test_trailers_follow_the_body() -> None:
    response = ask("effects3", "/trailers")
    assert (response.body, response.trailers.items()) == (b"body\n", [("x-sum", "42")])


def test_a_body_that_ends_with_an_error_is_not_taken_for_the_whole() -> None:
    assert "HTTP-response-incomplete" in str(ask("effects3", "/broken").error)


@pytest.mark.parametrize("length", ["4", "6"])
def test_a_body_must_be_as_long_as_content_length_says(length: str) -> None:
    assert "HTTP-response-body-size" in str(ask("effects3", f"/length?{length}").error)
    assert ask("effects3", "/length?5").body == b"five\n"


def test_an_error_code_that_a_guest_answers_is_named() -> None:
    assert "HTTP-request-denied" in str(ask("effects3", "/denied").error)


def test_the_guest_hears_that_its_response_is_out() -> None:
    assert logged("/sent") == ["sent Ok(())"]


# What a guest asks for.


def test_output_becomes_lines_of_the_log() -> None:
    assert sorted(logged("/log?x")) == ["err x", "no newline", "out x"]


def test_the_environment_is_read_and_stdin_is_closed() -> None:
    assert text("/environment", environment={"A": "1", "B": "two\nlines"}) == r'[("A", "1"), ("B", "two\nlines")]'
    assert text("/stdin") == "[]"


def test_timers_never_fire_early() -> None:
    assert int(text("/sleep?20")) >= 20


def test_random_numbers_differ() -> None:
    assert text("/random") != text("/random")


def test_sockets_and_names_are_denied() -> None:
    assert text("/sockets").count("AccessDenied") == 3


def test_mounted_files_are_listed_and_read() -> None:
    mounts = {"/app/a.txt": b"hello", "/app/large": os.urandom(600_000)}
    assert "Directory app" in text("/files?list", files=mounts)
    assert text("/files?app/a.txt", files=mounts) == "hello Ok(())"
    assert text("/files?stat:app/large", files=mounts) == "Ok((DescriptorType::RegularFile, 600000))"


@pytest.mark.parametrize(
    ("query", "code"),
    [("write", "NotPermitted"), ("escape", "NotPermitted"), ("app/none", "NoEntry"), ("app", "IsDirectory")],
)
def test_what_can_not_be_done_with_files_has_its_error(query: str, code: str) -> None:
    assert code in text(f"/files?{query}", files={"/app/a.txt": b"hello"})


def test_several_requests_are_in_flight_at_once() -> None:
    network = Network(together=4)
    answers = text("/parallel?4,http://example.test/", host=network.host).split("\n")[1:]
    assert answers == ['one two Ok(Some([("x-end", [49])]))'] * 4
    assert sorted(f.line for f in network.fetches) == [f"GET http://example.test/{n}" for n in range(4)]


def test_a_body_that_is_complete_goes_out_with_its_request_and_trailers_after_it() -> None:
    network = Network()
    response = ask("effects3", "/post?http://example.test/", host=network.host)
    (fetch,) = network.fetches
    assert response.text.startswith("one two")
    assert (fetch.line, fetch.body, fetch.trailers) == ("POST http://example.test/", b"posted", "x-sum: 6")
    assert [line.text for line in response.logs] == ["sent Ok(())"]


def test_a_body_is_written_after_its_request_was_handed_over() -> None:
    network = Network()
    assert text("/post-slowly?http://example.test/", host=network.host).startswith("one two")
    (fetch,) = network.fetches
    assert (fetch.form, fetch.body) == ("more", b"piece 0\npiece 1\npiece 2\n")


@pytest.mark.parametrize("path", ["direct", "piped"])
def test_bodies_and_trailers_go_through_a_proxy_both_ways(path: str) -> None:
    network = Network(slow=True)
    body = arriving(b"in ", b"coming", trailers=Headers([("x-in", "1")]))
    answer = pieces("effects3", f"/proxy?http://example.test/{path}", body, host=network.host)
    (fetch,) = network.fetches
    assert (fetch.body, fetch.trailers) == (b"in coming", "x-in: 1")
    assert answer.pieces == [b"one ", b"two"]
    assert answer.outcome.trailers.items() == [("x-end", "1")]


def test_a_response_that_nobody_reads_is_cancelled() -> None:
    network = Network()
    assert text("/unread?http://example.test/", host=network.host) == "200"
    assert network.fetches[0].cancelled


def test_a_request_is_given_up() -> None:
    network = Network(together=2)
    assert text("/timeout?http://example.test/", host=network.host) == "gave up"
    assert network.fetches[0].cancelled


class Silent(Network):
    """Answers with a head, and then never with a body."""

    def __init__(self) -> None:
        super().__init__(slow=True)
        self.reads: list[Never] = []

    def _later(self, result: Result) -> Effect:
        self.reads.append(Never())
        return self.reads[-1]


class Never(Effect):
    """Goes on until it is cancelled."""

    cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


def test_a_body_that_is_given_up_holds_nobody() -> None:
    network = Silent()
    assert text("/impatient?http://example.test/", host=network.host) == "gave up"
    assert [read.cancelled for read in network.reads] == [True]
    assert network.fetches[0].cancelled


def test_a_guest_works_on_while_a_request_is_under_way() -> None:
    assert text("/busy?http://example.test/", host=Network(together=2).host) == "worked"


def test_what_is_not_granted_is_refused_as_spin_does() -> None:
    answers = text("/parallel?2,http://example.test/").split("\n")[1:]
    assert answers == ["ErrorCode::HttpRequestDenied"] * 2


# Tasks that outlive the response, and instances that are used again.


def test_what_a_guest_does_after_its_response_is_done_and_logged() -> None:
    response = ask("effects3", "/background")
    assert (response.text, [line.text for line in response.logs]) == ("early\n", ["late 0", "late 1", "late 2"])


def test_the_response_does_not_wait_for_what_the_guest_does_after_it() -> None:
    network = Network(together=2)
    sink = Pieces()
    call = sandbox("effects3", host=network.host).submit(request("/background?http://example.test/"), sink)
    assert not call.done.wait(0.2)
    assert sink.pieces == [b"early\n"]
    network.fetches[0].answer(200)
    assert call.done.wait(60)
    assert [line.text for line in sink.outcome.logs] == ["fetched Ok(200)"]


def test_a_task_that_waits_for_nothing_is_left_alone() -> None:
    assert text("/background?hang") == "early"


def test_waiting_that_was_given_up_holds_nobody() -> None:
    assert logged("/abandon") == ["gave up"]


def test_a_task_that_never_ends_is_stopped_at_the_deadline_and_the_response_stands() -> None:
    answer = pieces("effects3", "/background?forever", limits=Limits(timeout=0.5))
    assert answer.pieces == [b"early\n"]
    assert "stopped at the timeout limit" in answer.outcome.logs[-1].text


@pytest.mark.parametrize("path", ["/loop", "/yield", "/sleep?60000"])
def test_a_guest_that_never_answers_is_stopped_at_its_deadline(path: str) -> None:
    assert ask("effects3", path, limits=Limits(timeout=0.5)).status == 504


@pytest.mark.parametrize("path", ["/hang", "/panic", "/exit"])
def test_a_guest_that_breaks_off_fails_alone(path: str) -> None:
    box = sandbox("effects3", reuse=10)
    assert box.handle(request(path)).status == 500
    assert box.handle(request("/count")).text == "1\n"


def test_an_instance_answers_several_requests_and_keeps_its_globals() -> None:
    box = sandbox("effects3", reuse=3)
    assert [box.handle(request("/count")).text for _ in range(4)] == ["1\n", "2\n", "3\n", "1\n"]


def test_nothing_of_a_request_is_left_for_the_next_one() -> None:
    box = sandbox("effects3", reuse=100)
    for _ in range(3):
        assert box.handle(request("/trailers")).trailers.items() == [("x-sum", "42")]
        assert [line.text for line in box.handle(request("/background")).logs] == ["late 0", "late 1", "late 2"]
        assert sorted(line.text for line in box.handle(request("/log?y")).logs) == ["err y", "no newline", "out y"]
        last = box.handle(request("/hello"))
        assert (last.text, last.trailers.items(), list(last.logs)) == ("hello\n", [], [])


def test_a_stream_that_was_kept_writes_to_the_log_of_each_request() -> None:
    box = sandbox("effects3", reuse=100)
    for line in ("one", "two", "three"):
        response = box.handle(request(f"/console?{line}"))
        assert (response.error, [said.text for said in response.logs]) == (None, [line])
        assert list(box.handle(request("/hello")).logs) == []


def test_a_body_that_was_kept_does_not_become_that_of_another_request() -> None:
    box = sandbox("effects3", reuse=100)
    first = Body()
    first.feed(b"first")
    first.end()
    assert box.handle(request("/keep", first)).text == "kept\n"
    assert "second" not in box.handle(request("/kept", arriving(b"second", b"second"))).text
