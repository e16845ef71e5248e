"""Requests that a guest of WASI 0.2 makes itself."""

from __future__ import annotations

from tests.bridge.bench import Network, ask, lines, pieces


def test_several_requests_are_in_flight_at_once() -> None:
    network = Network(together=4)
    response = ask("fetch2", "/all?n=4", host=network.host)
    assert sorted(response.text.split("\n")) == [f"{n}: {200 + n} one two [x-end: 1]" for n in range(4)]
    assert [fetch.line for fetch in network.fetches] == [f"GET http://example.test:8080/{n}" for n in range(4)]


def test_the_body_of_a_request_is_written_after_it_was_handed_over() -> None:
    network = Network()
    response = ask("fetch2", "/post?n=3", host=network.host)
    (fetch,) = network.fetches
    assert response.text == "200 one two [x-end: 1]"
    assert (fetch.form, fetch.body, fetch.trailers) == ("more", b"piece 0\npiece 1\npiece 2\n", "x-pieces: 3")


def test_a_body_that_is_complete_goes_out_with_its_request() -> None:
    network = Network()
    ask("fetch2", "/empty", host=network.host)
    (fetch,) = network.fetches
    assert (fetch.line, fetch.form, fetch.body) == ("PUT http://example.test:8080/whole", "whole", b"all of it")
    assert fetch.headers == ["x-test: 1"]


def test_timeouts_and_unusual_methods_are_passed_on() -> None:
    network = Network()
    ask("fetch2", "/options", host=network.host)
    assert (network.fetches[0].line, network.fetches[0].timeouts) == (
        "PURGE http://example.test:8080/options?a=b",
        "1000 - 3000",
    )


def test_a_request_without_an_authority_is_for_the_app_itself() -> None:
    network = Network()
    ask("fetch2", "/self", host=network.host)
    assert network.fetches[0].line == "GET /other"


def test_a_response_that_nobody_wants_is_cancelled() -> None:
    network = Network(together=2)
    ask("fetch2", "/drop", host=network.host)
    assert network.fetches[0].cancelled


def test_a_request_whose_body_is_dropped_fails() -> None:
    network = Network()
    assert ask("fetch2", "/break", host=network.host).text == "error ErrorCode::HttpProtocolError"
    assert network.fetches[0].cancelled


def test_a_response_is_passed_on_as_it_comes() -> None:
    assert pieces("fetch2", "/proxy", host=Network(slow=True).host).pieces == [b"one ", b"two"]


def test_what_is_not_granted_is_refused_as_spin_does() -> None:
    response = ask("fetch2", "/all?n=2")
    assert sorted(response.text.split("\n")) == [f"{n}: error ErrorCode::HttpRequestDenied" for n in range(2)]
    assert [denied.target for denied in response.denied] == ["http://example.test:8080"]


def test_the_parts_of_a_request_are_checked_when_they_are_set() -> None:
    assert set(lines(ask("fetch2", "/rules")).values()) == {"refused"}
