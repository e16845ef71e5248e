from __future__ import annotations

import html
import json
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from spinlab.errors import GuestError, LimitExceeded
from spinlab.function import Function
from spinlab.http import Denied, Headers, LogLine, Response
from spinlab.widgets.response import response
from spinlab.widgets.tracebacks import in_cells, last_line

HOSTILE = '<script>alert(1)</script><img src=x onerror="alert(1)">'
PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452")


def answer(body: bytes | str, content_type: str = "", **more: object) -> Response:
    headers = Headers([("content-type", content_type)] if content_type else [])
    data = body.encode() if isinstance(body, str) else body
    return Response(200, headers, data, function="hello", elapsed=0.0023, **more)  # type: ignore[arg-type]


def test_status_function_and_time_come_first() -> None:
    shown = response(answer("hi", "text/plain"))
    assert shown.text.splitlines()[0] == "200 OK  hello  2.30 ms"
    assert "200 OK" in shown.html


def test_json_is_a_tree_that_unfolds() -> None:
    shown = response(answer(json.dumps({"a": [1, {"b": None}], "c": "x"}), "application/json"))
    assert shown.html.count("<details") == 4  # the headers, the object, the list, the inner object
    assert "{2}" in shown.html
    assert '"b": null' in shown.text


def test_what_calls_itself_json_and_is_not_stays_text() -> None:
    assert "{nope" in response(answer("{nope", "application/json")).text


def test_a_large_json_value_is_bounded() -> None:
    shown = response(answer(json.dumps(list(range(100_000))), "application/json"))
    assert len(shown.html) < 200_000
    assert len(shown.text) < 100_000


def test_a_deep_json_value_is_shown() -> None:
    deep = "[" * 900 + "]" * 900
    assert "200 OK" in response(answer(deep, "application/json")).text


def test_an_image_is_an_image() -> None:
    assert '<img src="data:image/png;base64,iVBORw0KGgo' in response(answer(PNG, "image/png")).html


def test_html_stands_in_a_frame_that_may_do_nothing() -> None:
    shown = response(answer(f"<h1>hi</h1>{HOSTILE}", "text/html"))
    frames = re.findall(r"<iframe[^>]*>", shown.html)
    assert len(frames) == 1
    assert 'sandbox=""' in frames[0]
    inside = html.unescape(frames[0])
    assert "Content-Security-Policy" in inside
    assert "default-src 'none'" in inside
    assert "<script" not in re.sub(r'srcdoc="[^"]*"', "", shown.html)


def test_bytes_are_previewed_as_hex() -> None:
    shown = response(answer(b"\x00\x01abc" + b"\xff" * 1000, "application/octet-stream"))
    assert "00000000  00 01 61 62 63 ff" in shown.text
    assert "1.0 KB in all" in shown.text


def test_text_without_a_content_type_is_text() -> None:
    assert "plain words" in response(answer("plain words")).text
    assert "00000000" in response(answer(b"\xff\xfe\x00")).text


def test_a_body_in_another_charset_is_decoded() -> None:
    assert "Grüße" in response(answer("Grüße".encode("latin-1"), "text/plain; charset=latin-1")).text


def test_an_empty_body_is_said() -> None:
    assert "(empty body)" in response(Response(404)).text
    assert "404 Not Found" in response(Response(404)).html


def test_log_lines_come_with_the_response() -> None:
    shown = response(answer("x", logs=(LogLine("stdout", "one"), LogLine("stderr", "two"))))
    assert "log:\n  one\n  two" in shown.text
    assert "one\ntwo" in shown.html


def test_a_denial_is_named_with_the_option_that_grants_it() -> None:
    denied = Denied(
        "outbound HTTP", "https://example.com", "--allow https://example.com", "allowed_outbound_hosts = []"
    )
    shown = response(answer("x", denied=(denied,)))
    assert "denied: outbound HTTP https://example.com; grant it with --allow https://example.com" in shown.text
    assert "--allow https://example.com" in shown.html


def test_a_limit_is_said_with_the_option_that_raises_it() -> None:
    error = LimitExceeded("timeout", "10 s", "--timeout")
    shown = response(Response(504, error=error))
    assert "timeout limit of 10 s" in shown.text
    assert "raise it with --timeout" in shown.text


def test_a_guests_traceback_has_the_lines_of_its_cell() -> None:
    function = Function("my-fn", "def handle(r):\n    return 1/0\n", first_line=2, origin="Cell In[7]")
    trace = (
        'Traceback:\n  File "/app/my_fn.py", line 2, in handle\n  File "/usr/lib/json.py", line 9\nZeroDivisionError'
    )
    shown = response(Response(500, error=GuestError("it raised", details=trace)), {"my-fn": function})
    assert "Cell In[7], line 3, in handle" in shown.text
    assert '"/usr/lib/json.py", line 9' in shown.text


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/json", "image/svg+xml", "text/css", "weird/<b>", ""]
)
def test_hostile_bodies_headers_and_logs_never_become_markup(content_type: str) -> None:
    shown = response(
        Response(
            200,
            Headers([("content-type", content_type), (HOSTILE, HOSTILE)]),
            HOSTILE.encode(),
            Headers([(HOSTILE, HOSTILE)]),
            HOSTILE,
            logs=(LogLine("stdout", HOSTILE),),
            denied=(Denied(HOSTILE, HOSTILE, HOSTILE, HOSTILE),),
            error=GuestError(HOSTILE, hint=HOSTILE, details=HOSTILE),
        )
    )
    assert "<script" not in shown.html
    assert "<img src=x" not in shown.html


@example(b"\x1b", "text/html; charset=nope")
@given(
    st.binary(max_size=300), st.sampled_from(["", "text/plain", "application/json", "text/html; charset=nope", "a/b"])
)
def test_any_body_has_a_display(body: bytes, content_type: str) -> None:
    shown = response(answer(body, content_type))
    assert "\x1b" not in shown.text
    assert "\x1b" not in shown.html


def test_the_line_that_a_traceback_ends_in_is_found() -> None:
    function = Function("my-fn", "", first_line=2)
    trace = 'File "/app/my_fn.py", line 2, in a\nFile "/app/my_fn.py", line 7, in b\nFile "/lib/x.py", line 9'
    assert last_line(trace, function) == 7
    assert last_line("nothing", function) is None


def test_the_places_of_a_javascript_stack_are_those_of_its_cells() -> None:
    functions = {"my-fn": Function("my-fn", "", origin="Cell In[3]", first_line=2)}
    stack = "Error: x\n    at inner (my-fn.js:4:3)\n    at my-fn.ts:9:1\n    at f (node_modules/my-fn.js:1:1)\n"
    assert in_cells(stack, functions) == (
        "Error: x\n    at inner (Cell In[3], line 5)\n    at Cell In[3], line 10\n"
        "    at f (node_modules/my-fn.js:1:1)\n"
    )
    assert last_line(stack, functions["my-fn"]) == 4
