"""Everything else of WASI 0.2: clocks, random numbers, environment, log, files, sockets, and the rules."""

from __future__ import annotations

import pytest

from spinlab.function import Limits
from tests.bridge.bench import ask, lines, request, sandbox

FILES = {"/app/a.txt": b"hello world", "/app/sub/b.bin": b"\xff" * 300_000}


def log(response: object) -> list[str]:
    return [line.text for line in response.logs]  # type: ignore[attr-defined]


def test_random_numbers_differ() -> None:
    assert ask("effects2", "/random").text != ask("effects2", "/random").text


def test_timers_never_fire_early() -> None:
    assert ask("effects2", "/sleep?ms=20").text == "slept"


def test_the_environment_is_read_and_there_are_no_arguments() -> None:
    response = ask("effects2", "/env", environment={"A": "1", "B": "x=y\nz", "EMPTY": ""})
    assert response.text == "A=1\nB=x=y\nz\nEMPTY=\narguments 0"


def test_stdin_is_closed() -> None:
    assert ask("effects2", "/stdin").text == "closed"


def test_output_becomes_lines_of_the_log() -> None:
    assert log(ask("effects2", "/log")) == ["one line", "and a fragment"]


def test_what_was_written_before_a_failure_is_in_the_log() -> None:
    response = ask("effects2", "/log?error=1")
    assert response.status == 500
    assert "one line" in log(response)
    assert any("on purpose" in line for line in log(response))


def test_sockets_and_names_are_denied_and_noted() -> None:
    response = ask("effects2", "/sockets")
    assert response.text.count("access-denied") == 3
    assert len(response.denied) == 3


def test_mounted_files_are_listed_and_read() -> None:
    assert "RegularFile a.txt" in ask("effects2", "/files?path=app", files=FILES).text
    text = ask("effects2", "/files?path=app/a.txt", files=FILES).text
    assert text.split("\n")[1:5] == ["size 11", "streamed hello world", "part llo  false", "same true"]


def test_a_large_file_is_read_whole() -> None:
    assert ask("effects2", "/files?path=app/sub/b.bin", files=FILES).text.count("�") == 300_004


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("app/none", "no-entry"),
        ("../etc", "not-permitted"),
        ("/etc", "not-permitted"),
        ("app/a.txt/", "not-directory"),
        ("app/a.txt/b", "not-directory"),
    ],
)
def test_a_path_that_is_not_there_has_its_error(path: str, name: str) -> None:
    assert f'"{name}"' in ask("effects2", f"/files?path={path}", files=FILES).text.split("\n")[1]


def test_nothing_can_be_changed() -> None:
    assert ask("effects2", "/files", files=FILES).text.split("\n")[-1].count("not-permitted") == 4


def test_without_mounts_there_is_no_directory() -> None:
    assert ask("effects2", "/files").text == ""


def test_the_rules_of_header_fields_are_those_of_wasi_http() -> None:
    assert lines(ask("effects2", "/fields")) == {
        "append": "taken",
        "again": "taken",
        "name": "HeaderError::InvalidSyntax",
        "value": "HeaderError::InvalidSyntax",
        "forbidden": "HeaderError::Forbidden",
        "immutable": "HeaderError::Immutable",
        "immutable delete": "HeaderError::Immutable",
        "from-list": "HeaderError::Forbidden",
        "clone": "taken",
        "get": "[[49], [50]]",
        "has": "true false",
        "entries": '["x-one", "x-one"]',
        "delete": "taken",
        "left": "0",
    }


def test_a_body_must_be_as_long_as_content_length_says() -> None:
    assert lines(ask("effects2", "/lengths")) == {
        "right": "written, complete",
        "short": "written, ErrorCode::HttpResponseBodySize(Some(2))",
        "long": "ErrorCode::HttpResponseBodySize(Some(4)), ErrorCode::HttpResponseBodySize(Some(4))",
        "wrong": "no body",
        "orphan": "closed",
        "second body": "refused",
        "status": "refused",
    }


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("/budget", "a write exceeded what check-write allowed"),
        ("/at-once", "blocking-write-and-flush takes 4096 bytes at most"),
        ("/order", "drop the stream first"),
        ("/empty-poll", "poll was called with an empty list"),
    ],
)
def test_a_guest_that_breaks_a_rule_is_ended_and_told_which(path: str, rule: str) -> None:
    response = ask("effects2", path)
    assert response.status == 500
    assert any(rule in line for line in log(response))


@pytest.mark.parametrize("path", ["/nothing", "/leak-outparam"])
def test_a_guest_that_sets_no_response_has_failed(path: str) -> None:
    response = ask("effects2", path)
    assert response.status == 500
    assert "no response" in str(response.error)


def test_an_error_code_that_a_guest_answers_is_named() -> None:
    assert "internal-error" in str(ask("effects2", "/error-code").error)
    assert "HTTP-request-denied" in str(ask("effects2", "/denied-code").error)


def test_a_guest_may_exit_after_its_response_is_complete() -> None:
    response = ask("effects2", "/exit-after")
    assert response.body == b"complete" or response.error is not None


@pytest.mark.parametrize("path", ["/wait", "/loop", "/body"])
def test_a_guest_that_never_ends_is_stopped_at_its_deadline(path: str) -> None:
    runaway = sandbox("effects2", limits=Limits(timeout=0.3))
    assert runaway.handle(request(path)).status in (500, 504)
    assert runaway.handle(request("/stdin")).status == 200


@pytest.mark.parametrize("path", ["/memory", "/recursion", "/output", "/long-line", "/panic", "/exit"])
def test_a_guest_that_misbehaves_fails_alone(path: str) -> None:
    assert ask("effects2", path).status == 500
    assert ask("effects2", "/stdin").status == 200
