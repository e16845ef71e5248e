"""The short form's request and response, which run in the sandbox and beside an exported source."""

from __future__ import annotations

import importlib.util
import types
from pathlib import Path
from typing import Any

import pytest

import spinlab.images

FILE = Path(spinlab.images.__file__).parent / "guest" / "short.py"


def _load() -> types.ModuleType:
    spec = importlib.util.spec_from_file_location("short", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


short = _load()


def request(uri: str = "/", headers: Any = (), body: bytes = b"") -> Any:
    return short.Request("GET", uri, headers, body)


def test_a_request_shows_its_parts() -> None:
    asked = short.Request("POST", "/a%20b?x=1&y=&x=%C3%A9", [("Content-Type", "text/plain")], b"hi")
    assert (asked.method, asked.path, asked.uri) == ("POST", "/a%20b", "/a%20b?x=1&y=&x=%C3%A9")
    assert asked.query["x"] == "1"
    assert asked.query.get_all("x") == ["1", "é"]
    assert asked.query["y"] == ""
    assert asked.query.get("z") is None
    assert "x" in asked.query
    assert dict(asked.query) == {"x": "1", "y": ""}
    assert len(asked.query) == 2
    assert asked.headers["content-TYPE"] == "text/plain"
    assert "CONTENT-type" in asked.headers
    assert (asked.body, asked.text) == (b"hi", "hi")
    assert repr(asked) == "<Request POST /a%20b?x=1&y=&x=%C3%A9>"


def test_the_named_parts_of_the_route_come_decoded_and_in_either_spelling() -> None:
    asked = request(headers=[("spin-path-match-user-id", "ada%20l"), ("spin-path-match-n", "2"), ("x", "y")])
    assert asked.params["user_id"] == asked.params["user-id"] == "ada l"
    assert asked.params["n"] == "2"
    assert len(asked.params) == 2
    with pytest.raises(KeyError):
        asked.params["other"]


def test_a_body_is_read_when_it_is_asked_for_and_once() -> None:
    calls: list[int] = []

    def read() -> bytes:
        calls.append(1)
        return b'{"a": [1]}'

    asked = short.Request("GET", "/", (), read)
    assert calls == []
    assert asked.json() == {"a": [1]}
    assert asked.text == '{"a": [1]}'
    assert calls == [1]


@pytest.mark.parametrize(
    ("kind", "body", "text"),
    [
        ("text/plain; charset=latin-1", b"\xe9", "é"),
        ('text/plain; charset="utf-8"; x=y', "é".encode(), "é"),
        ("text/plain; charset=nonsense", b"a", "a"),
        ("text/plain", b"\xff", "\ufffd"),
    ],
)
def test_text_is_read_in_its_charset(kind: str, body: bytes, text: str) -> None:
    assert request(headers=[("content-type", kind)], body=body).text == text


def test_a_body_that_is_not_json_is_an_error() -> None:
    with pytest.raises(ValueError, match="Expecting"):
        request(body=b"{").json()


TEXT = ("content-type", b"text/plain; charset=utf-8")
JSON = ("content-type", b"application/json")


@pytest.mark.parametrize(
    ("result", "status", "headers", "body"),
    [
        ("é", 200, [TEXT, ("content-length", b"2")], "é".encode()),
        ("", 200, [TEXT, ("content-length", b"0")], b""),
        (b"x", 200, [("content-type", b"application/octet-stream"), ("content-length", b"1")], b"x"),
        ({"a": "é"}, 200, [JSON, ("content-length", b"11")], '{"a": "é"}'.encode()),
        ([1], 200, [JSON, ("content-length", b"3")], b"[1]"),
        ((404, "no"), 404, [TEXT, ("content-length", b"2")], b"no"),
        ((204, None), 204, [("content-length", b"0")], b""),
        (
            (200, "x", {"content-type": "text/html"}),
            200,
            [("content-type", b"text/html"), ("content-length", b"1")],
            b"x",
        ),
        (
            (200, "x", [("set-cookie", "a=1"), ("set-cookie", "b=2")]),
            200,
            [("set-cookie", b"a=1"), ("set-cookie", b"b=2"), TEXT, ("content-length", b"1")],
            b"x",
        ),
        ((200, "x", {"x-n": 3}), 200, [("x-n", b"3"), TEXT, ("content-length", b"1")], b"x"),
    ],
)
def test_everything_allowed_can_be_returned(result: Any, status: int, headers: Any, body: bytes) -> None:
    assert short.parts(result) == (status, headers, body)


def test_a_response_or_one_of_the_sdk_can_be_returned() -> None:
    assert short.parts(short.Response({"a": 1}, 201)) == (201, [JSON, ("content-length", b"8")], b'{"a": 1}')
    sdk = types.SimpleNamespace(status=200, headers={"x": "y"}, body=None)
    assert short.parts(sdk) == (200, [("x", b"y"), ("content-length", b"0")], b"")


def test_a_generator_is_left_to_be_sent_piece_by_piece() -> None:
    def pieces() -> Any:
        yield "a"

    status, headers, body = short.parts(pieces())
    assert (status, headers) == (200, [])
    assert list(body) == ["a"]
    assert short.content_type("a") == TEXT[1].decode()
    assert short.item("é") == "é".encode()
    with pytest.raises(TypeError, match=r"yields str or bytes, not int"):
        short.item(1)


@pytest.mark.parametrize("result", [None, 3, 1.5, True, object(), {1, 2}, (1,), (1, 2, 3, 4), ("a", "b"), (200, 5)])
def test_a_wrong_return_value_is_named_with_what_is_allowed(result: Any) -> None:
    with pytest.raises(TypeError) as caught:
        short.parts(result, "greet")
    assert str(caught.value).startswith("greet() returned")
    assert "dict" in str(caught.value) or "status" in str(caught.value)


@pytest.mark.parametrize("result", [(99, "x"), (1000, "x"), (200, "x", {"a": "b\r\nc"}), (200, "x", {"a\n": "b"})])
def test_what_http_can_not_carry_is_refused(result: Any) -> None:
    with pytest.raises(ValueError, match=r"three digits|line break"):
        short.parts(result)


def test_a_number_that_json_has_not_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        short.parts({"x": float("nan")})
