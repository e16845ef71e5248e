"""Functions that go wrong while they answer: an empty status for clients, the reason for their author, no harm."""

from __future__ import annotations

import pytest

from tests.bad_input.steps import Stage

FINE = "    if request.path.endswith('/you'): return 'good'\n"


def handler(body: str) -> str:
    """A handler that fails as told, except for one path."""
    return "import json, os, sys, time\nfrom short import Response\ndef handle(request):\n" + FINE + f"    {body}\n"


@pytest.mark.parametrize(
    ("body", "options", "status", "said"),
    [
        ("return {}['missing']", "", 500, ["KeyError: 'missing'", "line 6, in handle"]),
        ("return 3", "", 500, ["handle() returned int ('3'); return a str, bytes", "line 4, in handle"]),
        ("print('forgot')", "", 500, ["handle() returned None", "forgot"]),
        ("return {1, 2}", "", 500, ["handle() returned set"]),
        ("return (99, 'x')", "", 500, ["99 as the status", "three digits"]),
        ("return Response('x', headers={'x-a': 'b\\r\\nset-cookie: c=1'})", "", 500, ["'x-a' holds a line break"]),
        ("return 'a\\udcffb'", "", 500, ["surrogates not allowed"]),
        ("return request.json()", "", 500, ["JSONDecodeError", "line 6, in handle"]),
        (
            "while True: pass",
            "--timeout 500ms",
            504,
            ["stopped at the timeout limit of 0.5 s", "raise it with --timeout"],
        ),
        (
            "time.sleep(60)",
            "--timeout 500ms",
            504,
            ["stopped at the timeout limit of 0.5 s", "raise it with --timeout"],
        ),
        ("while True: print('x' * 99)", "--max-log 8KiB", 500, ["log limit of 8 KiB", "raise it with --max-log"]),
        ("return (b'x' * 9999 for _ in iter(int, 1))", "--max-response 1MiB", 500, ["response limit of 1 MiB"]),
        (
            "a = [bytearray(1 << 20) for _ in iter(int, 1)]",
            "--memory 64MiB",
            500,
            ["memory limit of 64 MiB", "--memory"],
        ),
        ("return 'x' * 10**9", "--memory 64MiB", 500, ["MemoryError", "memory limit of 64 MiB"]),
        ("return handle(request)", "", 500, ["RecursionError", "repeated"]),
        ("return json.loads('[' * 100000)", "", 500, ["RecursionError"]),
        ("sys.exit(3)", "", 500, ["SystemExit: 3", "line 6, in handle"]),
        ("os._exit(3)", "", 500, ["ended itself with exit code", "return a response instead of exiting"]),
        ("os.abort()", "", 500, ["panicked or gave up"]),
    ],
)
def test_a_handler_that_fails_says_why_and_the_next_request_works(
    stage: Stage, body: str, options: str, status: int, said: list[str]
) -> None:
    stage.now(handler(body), options)
    for _ in range(2):
        shown = stage.answer()
        assert f"{status} " in shown
        assert "(empty body)" in shown
        for text in said:
            assert text in shown
    stage.serves("good")
    assert any(said[0][:20] in line for line in stage.answer("%spin logs hello").splitlines())


def test_a_response_after_the_deadline_is_none(stage: Stage) -> None:
    source = (
        "import time\ndef handle(request):\n    yield 'good'\n"
        "    if not request.path.endswith('/you'):\n        time.sleep(60)\n        yield 'late'\n"
    )
    stage.now(source, "--timeout 500ms")
    shown = stage.answer()
    assert "504 Gateway Timeout" in shown
    assert "good" not in shown
    assert "raise it with --timeout" in shown
    stage.serves("good")


def test_a_class_of_the_sdk_that_returns_nothing_is_told_what_to_return(stage: Stage) -> None:
    stage.now(
        "from spin_sdk.http import IncomingHandler, Response\n"
        "class IncomingHandler(IncomingHandler):\n    def handle_request(self, request):\n"
        "        if request.uri.endswith('/you'):\n            return Response(200, {}, b'good')\n"
    )
    shown = stage.answer()
    assert "500 Internal Server Error" in shown
    assert "IncomingHandler.handle_request() returned None; return a spin_sdk.http.Response(status, " in shown
    assert "line 4, in handle_request" in shown
    stage.serves("good")


def test_bytes_that_are_no_text_arrive_as_they_are(stage: Stage) -> None:
    stage.now("def handle(request):\n    return request.body or 'good'\n")
    stage.kernel.run("import spinlab; r = spinlab.current_app().post('/hello', bytes(range(256)))").ok()
    ran = stage.kernel.run("print(r.status, r.body == bytes(range(256)), r.headers['content-type'])\nr").ok()
    assert "200 True application/octet-stream" in ran.stdout
    assert "ff" in ran.text
    stage.serves("good")


def test_a_body_that_is_not_utf_8_is_read_as_text_with_marks(stage: Stage) -> None:
    stage.now("def handle(request):\n    return request.text or 'good'\n")
    ran = stage.kernel.run("import spinlab; print(ascii(spinlab.current_app().post('/hello', b'a\\xffb').text))").ok()
    assert ran.stdout.strip() == ascii("a\ufffdb")
    stage.serves("good")


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("get('/hello', headers={'x-a': 'b\\r\\nset-cookie: c'})", "a header is one line"),
        ("get('/hello', headers={'x-a': 'b\\0'})", "a header is one line"),
        ("get('/hello', headers={'x a': 'b'})", "is not the name of a header"),
        ("request('GET / HTTP/1.1\\r\\n', '/hello')", "is not an HTTP method"),
        ("get('hello')", "did you mean /hello?"),
        ("post('/hello', 'a\\udcffb')", "give the body as bytes"),
    ],
)
def test_what_http_can_not_carry_is_refused_before_it_is_sent(stage: Stage, call: str, said: str) -> None:
    shown = stage.kernel.run(f"import spinlab; spinlab.current_app().{call}").error("OptionError").traceback
    assert said in shown
    stage.serves("good", "revision 1")


def test_a_target_of_any_text_is_sent_as_a_browser_would(stage: Stage) -> None:
    stage.now("def handle(request):\n    return request.params.get('name', 'good')\n", "--route /named/:name")
    code = "import spinlab; a = spinlab.current_app(); print(ascii([a.get('/named/' + x).text for x in {}]))"
    shown = stage.kernel.run(code.format(ascii(["äß😀", "a b", "a\nb", "a\udcffb"]))).ok().stdout
    assert shown.strip() == ascii(["äß😀", "a b", "a\nb", "a\ufffdb"])
    stage.serves("good")
