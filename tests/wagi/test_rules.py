"""Spin's rules for CGI programs, as values: variables, arguments, and what an output says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spinlab import wagi
from spinlab.errors import GuestError
from spinlab.function import ARGV
from spinlab.http import Headers, Request
from spinlab.routing import Match, Router


def match(pattern: str, path: str) -> Match[str]:
    found = Router([(pattern, "target", "cgi")]).match(path)
    assert found is not None
    return found


def variables(
    pattern: str, target: str, headers: dict[str, str] | None = None, length: int = 0, client: str = "10.0.0.1:4711"
) -> dict[str, str]:
    request = Request("PUT", target, Headers(headers or {"host": "example.com:8080"}), client=client)
    return wagi.variables(match(pattern, request.path), request, length)


# ---- variables


def test_every_variable_is_there_as_spin_sets_it() -> None:
    headers = {"host": "example.com:8080", "content-type": "text/x", "x-two-words": "a b", "accept": "*/*"}
    assert variables("/base/:id/...", "/base/7/some%20where/?a=1&b=%20", headers, 12) == {
        "AUTH_TYPE": "",
        "CONTENT_LENGTH": "12",
        "CONTENT_TYPE": "",
        "GATEWAY_INTERFACE": "CGI/1.1",
        "QUERY_STRING": "a=1&b=%20",
        "REMOTE_ADDR": "10.0.0.1",
        "REMOTE_HOST": "10.0.0.1",
        "REMOTE_USER": "",
        "REQUEST_METHOD": "PUT",
        "SCRIPT_NAME": "/base/:id",
        "PATH_INFO": "/some%20where/",
        "PATH_TRANSLATED": "/some where/",
        "SERVER_NAME": "example.com",
        "SERVER_PORT": "8080",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_SOFTWARE": "WAGI/1",
        "X_RAW_PATH_INFO": "/some%20where/",
        "X_FULL_URL": "http://example.com:8080/base/7/some%20where/?a=1&b=%20",
        "X_MATCHED_ROUTE": "/base/:id/...",
        "X_BASE_PATH": "/",
        "X_RAW_COMPONENT_ROUTE": "/base/:id/...",
        "X_COMPONENT_ROUTE": "/base/:id",
        "X_CLIENT_ADDR": "10.0.0.1:4711",
        "X_PATH_MATCH_ID": "7",
        "HTTP_HOST": "example.com:8080",
        "HTTP_CONTENT_TYPE": "text/x",
        "HTTP_X_TWO_WORDS": "a b",
        "HTTP_ACCEPT": "*/*",
    }


@pytest.mark.parametrize(
    ("pattern", "path", "script", "info"),
    [
        ("/...", "/", "", "/"),
        ("/...", "/a/b", "", "/a/b"),
        ("/exact", "/exact", "/exact", ""),
        ("/a/...", "/a", "/a", ""),
        ("/a/...", "/a/%2e%00x", "/a", "/%2e%00x"),
    ],
)
def test_the_path_is_told_as_script_and_rest(pattern: str, path: str, script: str, info: str) -> None:
    found = variables(pattern, path)
    assert (found["SCRIPT_NAME"], found["PATH_INFO"], found["X_RAW_PATH_INFO"]) == (script, info, info)


def test_the_content_type_is_told_by_the_header_alone() -> None:
    found = variables("/", "/", {"host": "h", "content-type": "text/x"})
    assert (found["CONTENT_TYPE"], found["HTTP_CONTENT_TYPE"]) == ("", "text/x")
    found = variables("/", "/", {"host": "h", "content_type": "text/y"})
    assert found["CONTENT_TYPE"] == "text/y"


def test_some_headers_are_not_told_and_others_not_as_they_are() -> None:
    headers = {"authorization": "Basic x", "connection": "close", "x-a": "caf\xe9", "content_type": "\xe9"}
    found = variables("/", "/", headers)
    assert not {"HTTP_AUTHORIZATION", "HTTP_CONNECTION"} & set(found)
    assert found["HTTP_X_A"] == "CORRUPT VALUE"
    assert found["CONTENT_TYPE"] == ""


def test_the_last_header_of_a_name_counts() -> None:
    request = Request("GET", "/", Headers([("x", "1"), ("X", "2")]))
    assert wagi.variables(match("/", "/"), request, 0)["HTTP_X"] == "2"


@pytest.mark.parametrize(
    ("host", "name", "port"),
    [
        ("example.com", "example.com", "80"),
        ("example.com:", "example.com", "80"),
        (":99", "default_host", "99"),
        ("[::1]:80", "[", ":1]:80"),
        ("caf\xe9:1", "default_host", "80"),
    ],
)
def test_the_server_is_told_by_the_host_header(host: str, name: str, port: str) -> None:
    found = variables("/", "/", {"host": host})
    assert (found["SERVER_NAME"], found["SERVER_PORT"]) == (name, port)


def test_without_a_host_there_are_defaults() -> None:
    found = variables("/", "/", {"accept": "*/*"})
    assert (found["SERVER_NAME"], found["SERVER_PORT"], found["X_FULL_URL"]) == (
        "default_host",
        "80",
        "http://localhost/",
    )


def test_an_address_of_ipv6_has_no_brackets() -> None:
    found = variables("/", "/", client="[::1]:4711")
    assert (found["REMOTE_ADDR"], found["X_CLIENT_ADDR"]) == ("::1", "[::1]:4711")


def test_a_parameter_is_told_under_its_name_in_capitals() -> None:
    found = variables("/:some_id/:b-c", "/1/2")
    assert (found["X_PATH_MATCH_SOME_ID"], found["X_PATH_MATCH_B-C"]) == ("1", "2")
    assert "X_PATH_MATCH_B_C" not in found


# ---- arguments


@pytest.mark.parametrize(
    ("argv", "target", "told"),
    [
        (ARGV, "/p/x?a=1&b=2", ("/p/x", "a=1", "b=2")),
        (ARGV, "/p", ("/p", "")),
        ("", "/p", ("",)),
        ("prog  ${ARGS} -v", "/p?x", ("prog", "", "x", "-v")),
        ("${SCRIPT_NAME}${SCRIPT_NAME}", "/p?x", ("/p/p",)),
        ("${ARGS} ${OTHER}", "/p?${ARGS}&a+b", ("${ARGS}", "a+b", "${OTHER}")),
    ],
)
def test_arguments_are_split_at_single_blanks(argv: str, target: str, told: tuple[str, ...]) -> None:
    assert wagi.arguments(argv, Request("GET", target)) == told


# ---- what an output says


@pytest.mark.parametrize(
    ("output", "status", "headers", "body"),
    [
        (b"Content-Type: text/plain\n\nhi", 200, {"content-type": "text/plain"}, b"hi"),
        (b"content-type:text/plain\r\n\r\nhi\r\n", 200, {"content-type": "text/plain"}, b"hi\r\n"),
        (b"Content-Type: a\n\r\r\n\n\r\nhi", 200, {"content-type": "a"}, b"\n\r\nhi"),
        (b"Location: /there\n\n", 302, {"location": "/there"}, b""),
        (b"Location: /there\nStatus: 301\n\n", 301, {"location": "/there"}, b""),
        (b"Status: 301\nLocation: /there\n\n", 301, {"location": "/there"}, b""),
        (b"Status: 404 Not Found\n\ngone", 404, {}, b"gone"),
        (b"Status: 999\n\n", 999, {}, b""),
        (b"Status: 099\n\n", 502, {}, b""),
        (b"Status: soon\n\n", 502, {}, b""),
        (b"Status: 1000\n\n", 502, {}, b""),
        (b"Status:\n\n", 502, {}, b""),
        (b"Status: 200\tOK\n\n", 502, {}, b""),
        (b"Status: nonsense\nLocation: /x\n\n", 502, {"location": "/x"}, b""),
        (b"Content-Type: a\nX-One: 1\nX-One: 2\n\n", 200, {"content-type": "a", "x-one": "2"}, b""),
        (b"Content-Type: a\nbad name: 1\n: 2\nno colon\n\n", 200, {"content-type": "a"}, b""),
        (b"Content-Type: a\nX: caf\xc3\xa9\n\n", 200, {"content-type": "a", "x": "caf\xc3\xa9"}, b""),
        (b"\n  Content-Type :  a b  \n\nx\n\ny", 200, {"content-type": "a b"}, b"x\n\ny"),
        (b"X-A: 1\n\nhi", 500, {}, wagi.INCOMPLETE.encode()),
        (b"no head at all", 500, {}, wagi.INCOMPLETE.encode()),
        (b"Content-Type: text/plain\nno empty line", 500, {}, wagi.INCOMPLETE.encode()),
        (b"\n\nContent-Type: a\n\n", 500, {}, wagi.INCOMPLETE.encode()),
    ],
)
def test_an_output_is_read_as_spin_reads_it(output: bytes, status: int, headers: dict[str, str], body: bytes) -> None:
    answer = wagi.answer(output, "cgi")
    assert (answer.status, dict(answer.headers.items()), answer.body) == (status, headers, body)


@pytest.mark.parametrize(
    ("output", "told"),
    [
        (b"", 'The "cgi" component is configured to use the WAGI executor but did not write to stdout.'),
        (b"Content-Type: \xff\n\n", "its header lines are not UTF-8"),
        (b"Content-Type: a\x01b\n\n", "a value that HTTP can't carry"),
        (b"Content-Type: a\nX: \x7f\n\n", "a value that HTTP can't carry"),
    ],
)
def test_what_can_not_be_sent_is_an_error(output: bytes, told: str) -> None:
    with pytest.raises(GuestError, match=told):
        wagi.answer(output, "cgi")


def test_its_author_is_told_what_was_left_out_but_not_without_end() -> None:
    answer = wagi.answer(b"Content-Type: a\n" + b"junk\n" * 10_000 + b"\n", "cgi")
    assert answer.notes == ("not a header line: 'junk'",) * 5
    (note,) = wagi.answer(b"Status: soon\n\n", "cgi").notes
    assert "not a status: 'soon'" in note
    assert "an empty line between headers and body" in wagi.answer(b"hello", "cgi").notes[-1]
    assert "a Content-Type" in wagi.answer(b"X: y\n\nhello", "cgi").notes[-1]


@given(st.binary(max_size=200))
def test_any_output_is_an_answer_or_an_error(output: bytes) -> None:
    try:
        answer = wagi.answer(output, "cgi")
    except GuestError:
        return
    assert 100 <= answer.status <= 999
    for name, value in answer.headers:
        assert "\n" not in name + value


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_the_head_ends_where_spin_ends_it(before: bytes, after: bytes) -> None:
    output = b"Content-Type: a\n" + before + b"\n\n" + after
    last, scanning, buffer = 0, True, bytearray()
    for byte in output:  # crates/http/src/wagi/mod.rs, step by step
        if scanning and byte == 13:
            continue
        if scanning and byte == 10 and last == 10:
            buffer, scanning = bytearray(), False
            continue
        last = byte
        buffer.append(byte)
    try:
        answer = wagi.answer(output, "cgi")
    except GuestError:
        return
    if answer.body != wagi.INCOMPLETE.encode():
        assert answer.body == bytes(buffer)
