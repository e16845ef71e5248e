"""Cells on the real images, for both versions of WASI, their source in the environment and in files."""

from __future__ import annotations

import json
import re

import pytest

from spinlab.http import Headers, Request
from tests.images.running import FORMS, VERSIONS, ask, build, log, sandbox

pytestmark = pytest.mark.toolchain
EACH = pytest.mark.parametrize(("wasi", "form"), [(wasi, form) for wasi in VERSIONS for form in FORMS])
BOTH = pytest.mark.parametrize("wasi", VERSIONS)
HANDLER = {"0.2": "IncomingHandler", "0.3": "HttpHandler"}
FILE = {"environment": "hello.py", "files": "/app/app.py"}

SDK = {
    "0.2": """from spin_sdk.http import IncomingHandler, Request, Response

class IncomingHandler(IncomingHandler):
    def handle_request(self, request: Request) -> Response:
        if request.uri == "/boom":
            raise ValueError("boom")
        text = f"{request.method} {request.uri} {request.headers.get('x-a')} {request.body!r}"
        return Response(201, {"content-type": "text/plain", "x-b": "c"}, bytes(text, "utf-8"))
""",
    "0.3": """from spin_sdk.http import Handler, Request, Response

class HttpHandler(Handler):
    async def handle_request(self, request: Request) -> Response:
        if request.uri == "/boom":
            raise ValueError("boom")
        text = f"{request.method} {request.uri} {request.headers.get('x-a')} {request.body!r}"
        return Response(201, {"content-type": "text/plain", "x-b": "c"}, bytes(text, "utf-8"))
""",
}


@EACH
def test_the_short_form_answers(wasi: str, form: str) -> None:
    response = ask("def handle(request):\n    print('called')\n    return 'hi'\n", wasi=wasi, form=form)
    assert (response.status, response.text) == (200, "hi")
    assert response.headers.get("content-type") == "text/plain; charset=utf-8"
    assert response.headers.get("content-length") == "2"
    assert log(response, "stdout") == ["called"]


@EACH
def test_the_class_of_the_sdk_answers(wasi: str, form: str) -> None:
    response = ask(SDK[wasi], "/x?y=1", wasi=wasi, form=form, method="POST", headers=(("x-a", "b"),), body=b"\0\xff")
    assert (response.status, response.text) == (201, "POST /x?y=1 b b'\\x00\\xff'")
    assert response.headers.get("x-b") == "c"


@EACH
def test_an_exception_is_an_empty_500_and_a_traceback_of_the_cells_own_lines(wasi: str, form: str) -> None:
    source = "def handle(request):\n    return inner({})\n\ndef inner(data):\n    return data['nope']\n"
    response = ask(source, wasi=wasi, form=form)
    assert (response.status, response.body) == (500, b"")
    written = [line for line in log(response) if not re.fullmatch(r"\s*[\^~]+\s*", line)]
    assert written == [
        "Traceback (most recent call last):",
        f'  File "{FILE[form]}", line 2, in handle',
        "    return inner({})",
        f'  File "{FILE[form]}", line 5, in inner',
        "    return data['nope']",
        "KeyError: 'nope'",
    ]


@BOTH
def test_the_sdks_own_frames_are_left_out(wasi: str) -> None:
    response = ask(SDK[wasi], "/boom", wasi=wasi)
    assert (response.status, response.body) == (500, b"")
    assert log(response)[:2] == ["Traceback (most recent call last):", '  File "hello.py", line 6, in handle_request']
    assert "spin_sdk" not in "\n".join(log(response))


@BOTH
@pytest.mark.parametrize(
    ("returned", "said"),
    [
        ("None", "None; return a spin_sdk.http.Response(status, headers, body)"),
        ("'text'", "str ('text'); return a spin_sdk.http.Response(status, headers, body)"),
        ("Response('200', {}, b'')", "a Response whose status is str ('200'); it is a number such as 200"),
        ("Response(200, None, b'')", "a Response whose headers are None; they are a dict of text, such as {}"),
        ("Response(200, {'x-n': 3}, b'')", "a Response whose header 'x-n' is int ('3'); names and values are text"),
        ("Response(200, {}, 'hi')", "a Response whose body is str ('hi'); it is bytes or None: bytes(text, 'utf-8')"),
    ],
)
def test_what_a_class_of_the_sdk_returned_is_named_with_what_is_expected(wasi: str, returned: str, said: str) -> None:
    source = SDK[wasi].replace("return Response(201", f"return {returned}\n        return Response(201")
    response = ask(source, wasi=wasi)
    assert (response.status, response.body) == (500, b"")
    _, place, line, last = log(response)
    assert place == '  File "hello.py", line 4, in handle_request'
    assert "def handle_request(self, request: Request) -> Response:" in line
    assert last == f"TypeError: {HANDLER[wasi]}.handle_request() returned {said}"


@EACH
def test_an_exception_at_import_is_told_with_each_request(wasi: str, form: str) -> None:
    built = build("import json\njson.loads('{')\ndef handle(request):\n    return 'hi'\n", wasi)
    with sandbox(built, form) as running:
        for _ in range(2):
            response = running.handle(Request())
            assert (response.status, response.body) == (500, b"")
            assert f'  File "{FILE[form]}", line 2, in <module>' in log(response)
            assert log(response)[-1].startswith("json.decoder.JSONDecodeError")


@BOTH
@pytest.mark.parametrize(
    ("statement", "last"),
    [
        ("import sys; sys.exit(3)", "SystemExit: 3"),
        ("return handle(request)", "RecursionError: maximum recursion depth exceeded"),
        ("return None", "TypeError: handle() returned None; return a str"),
        ("return 200, 'x', {'a': 'b\\n'}", "ValueError: the header 'a' holds a line break"),
        ("return '\\ud800'", "UnicodeEncodeError"),
        ("return {1, 2}", "TypeError: handle() returned set"),
        ("return request.json()", "json.decoder.JSONDecodeError"),
    ],
)
def test_whatever_a_handler_does_wrong_is_an_empty_500_with_its_line(wasi: str, statement: str, last: str) -> None:
    response = ask(f"def handle(request):\n    {statement}\n", wasi=wasi)
    assert (response.status, response.body) == (500, b"")
    assert any(line.startswith('  File "hello.py", line') for line in log(response))
    assert any(line.startswith(last) for line in log(response))


@EACH
def test_the_next_request_works_after_a_failed_one(wasi: str, form: str) -> None:
    built = build("def handle(request):\n    return {'x': 1}[request.path.strip('/')] and 'ok'\n", wasi)
    with sandbox(built, form) as running:
        assert [running.handle(Request(target=t)).status for t in ("/x", "/y", "/x")] == [200, 500, 200]


@EACH
def test_a_cell_sees_nothing_of_what_runs_it(wasi: str, form: str) -> None:
    source = """
import gc, os, sys, traceback

def handle(request):
    try:
        1 / 0
    except ZeroDivisionError:
        seen = traceback.format_exc()
    return {
        "environ": dict(os.environ), "modules": sorted(sys.modules), "name": __name__, "traceback": seen,
        "here": sorted(globals()), "path": sys.path, "argv": sys.argv,
    }
"""
    seen = json.loads(ask(source, wasi=wasi, form=form).body)
    assert seen["environ"] == {"GREETING": "hi"}
    assert not {"boot", "cell", "stdlib", "zones", "warm_up"} & set(seen["modules"])
    assert "spinlab" not in json.dumps(seen).lower()
    assert seen["name"] == "app"
    assert len([line for line in seen["traceback"].splitlines() if line.startswith("  File")]) == 1


@EACH
def test_module_cells_are_imported_by_name_and_each_other(wasi: str, form: str) -> None:
    modules = {
        "my-util": "import base\ndef double(x):\n    return base.two * x\n",
        "base": "two = 2\n",
        "unused": "x = 1/0\n",
    }
    source = "from my_util import double\ndef handle(request):\n    import base\n"
    source += "    return [double(21), base.two, __file__]\n"
    response = ask(source, wasi=wasi, form=form, modules=modules)
    assert json.loads(response.body) == [42, 2, FILE[form]]


@EACH
def test_an_exception_in_a_module_cell_has_its_lines(wasi: str, form: str) -> None:
    source = "import util\ndef handle(request):\n    return util.fail()\n"
    response = ask(source, wasi=wasi, form=form, modules={"util": "def fail():\n    raise KeyError('x')\n"})
    place = "util.py" if form == "environment" else "/app/util.py"
    assert f'  File "{place}", line 2, in fail' in log(response)
    assert "    raise KeyError('x')" in log(response)


@BOTH
def test_a_failing_import_of_a_module_cell_shows_both(wasi: str) -> None:
    source = "try:\n    import util\nexcept Exception:\n    import traceback\n    seen = traceback.format_exc()\n"
    source += "def handle(request):\n    return seen\n"
    response = ask(source, wasi=wasi, modules={"util": "x = 1 / 0\n"})
    files = [line.strip() for line in response.text.splitlines() if line.startswith("  File")]
    assert files == ['File "hello.py", line 2, in <module>', 'File "util.py", line 1, in <module>']


REQUEST = """
def handle(request):
    return {
        "method": request.method, "path": request.path, "query": request.query.pairs(), "uri": request.uri,
        "user": request.params["user_id"], "body": request.text, "cookie": request.headers.get_all("cookie"),
    }
"""


@EACH
def test_a_request_reaches_the_short_form_whole(wasi: str, form: str) -> None:
    headers = (("cookie", "a=1"), ("cookie", "b=2"), ("spin-path-match-user-id", "ada%20l"))
    response = ask(
        REQUEST, "/a%20b?x=1&x=%C3%A9", wasi=wasi, form=form, method="PUT", headers=headers, body="é".encode()
    )
    assert json.loads(response.body) == {
        "method": "PUT",
        "path": "/a%20b",
        "query": [["x", "1"], ["x", "é"]],
        "user": "ada l",
        "body": "é",
        "cookie": ["a=1", "b=2"],
        "uri": "/a%20b?x=1&x=%C3%A9",
    }


@BOTH
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PURGE"])
def test_every_method_has_its_name(wasi: str, method: str) -> None:
    response = ask(
        "def handle(request):\n    return 200, None, {'x-method': request.method}\n", wasi=wasi, method=method
    )
    assert response.headers.get("x-method") == method


@BOTH
@pytest.mark.parametrize("size", [0, 1, 65_536, 3_000_000])
def test_a_body_of_any_size_goes_in_and_out(wasi: str, size: int) -> None:
    body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    response = ask("def handle(request):\n    return request.body\n", wasi=wasi, method="POST", body=body)
    assert response.body == body
    assert response.headers.get("content-length") == str(size)


@BOTH
@pytest.mark.parametrize(
    "cell",
    [
        "def handle(request):\n    yield 'a'\n    yield b'b'\n    yield 'c'\n",
        "async def handle(request):\n    yield 'a'\n    await asyncio.sleep(0.01)\n    yield b'b'\n    yield 'c'\n",
        "async def handle(request):\n    return (c for c in 'abc')\n",
        "def handle(request):\n    return iter(['a', b'bc'])\n",
    ],
)
def test_a_generator_is_sent_as_it_yields(wasi: str, cell: str) -> None:
    response = ask("import asyncio\n" + cell, wasi=wasi)
    assert (response.status, response.body) == (200, b"abc")
    assert response.headers.get("content-type") == "text/plain; charset=utf-8"
    assert response.headers.get("content-length") is None


@BOTH
def test_a_generator_that_fails_before_its_first_item_is_a_500(wasi: str) -> None:
    response = ask("def handle(request):\n    yield 1 / 0\n", wasi=wasi)
    assert (response.status, response.body) == (500, b"")
    assert log(response)[-1] == "ZeroDivisionError: division by zero"


@BOTH
def test_a_generator_that_fails_later_is_not_a_whole_answer(wasi: str) -> None:
    response = ask("def handle(request):\n    yield 'a'\n    raise ValueError('later')\n", wasi=wasi)
    assert log(response)[-1] == "ValueError: later"
    assert response.error is not None


@BOTH
def test_tasks_timers_and_timeouts_work(wasi: str) -> None:
    source = """
import asyncio

async def handle(request):
    waited = await asyncio.gather(asyncio.sleep(0.02, "a"), asyncio.sleep(0.01, "b"))
    async with asyncio.TaskGroup() as group:
        task = group.create_task(asyncio.sleep(0.01, "c"))
    try:
        async with asyncio.timeout(0.05):
            await asyncio.sleep(60)
    except TimeoutError:
        waited.append("d")
    try:
        await asyncio.wait_for(asyncio.sleep(60), 0.05)
    except TimeoutError:
        waited.append("e")
    return [*waited, task.result()]
"""
    assert json.loads(ask(source, wasi=wasi).body) == ["a", "b", "d", "e", "c"]


@BOTH
def test_the_useful_standard_library_is_there(wasi: str) -> None:
    names = """json re datetime html urllib.parse dataclasses typing asyncio hashlib hmac base64 uuid random statistics
        decimal csv string collections itertools functools email logging unicodedata zoneinfo math enum fractions
        contextlib io textwrap secrets heapq bisect copy pprint difflib http.cookies html.parser xml.etree.ElementTree
        tomllib configparser ast inspect traceback calendar time struct binascii colorsys graphlib ipaddress pathlib"""
    source = "import importlib\ndef handle(request):\n    for name in request.text.split():\n"
    source += "        importlib.import_module(name)\n    return 'all'\n"
    response = ask(source, wasi=wasi, method="POST", body=names.encode())
    assert log(response) == []
    assert response.text == "all"


@BOTH
def test_time_zones_are_there_without_files(wasi: str) -> None:
    source = """
import datetime, zoneinfo
def handle(request):
    noon = datetime.datetime(2025, 7, 1, 12, tzinfo=zoneinfo.ZoneInfo("Europe/Paris"))
    try:
        zoneinfo.ZoneInfo("Nowhere/City")
    except zoneinfo.ZoneInfoNotFoundError as error:
        missing = error.args[0]
    return [noon.isoformat(), "Asia/Tokyo" in zoneinfo.available_timezones(), missing]
"""
    found = json.loads(ask(source, wasi=wasi).body)
    assert found == ["2025-07-01T12:00:00+02:00", True, "No time zone found with key Nowhere/City"]


@BOTH
def test_what_a_cell_read_at_import_differs_in_each_instance(wasi: str) -> None:
    built = build(
        "import random, uuid\nN = random.random(), str(uuid.uuid4())\ndef handle(request):\n    return list(N)\n", wasi
    )
    with sandbox(built) as running:
        first, second = (running.handle(Request()).body for _ in range(2))
    assert json.loads(first)[0] != json.loads(second)[0]
    assert json.loads(first)[1] != json.loads(second)[1]


@BOTH
def test_a_host_that_refuses_is_an_exception_in_the_cell(wasi: str) -> None:
    call = {
        "0.2": "send(Request('GET', 'http://example.com/', {}, None))",
        "0.3": "await send(Request('GET', 'http://example.com/', {}, None))",
    }
    head = {"0.2": "def", "0.3": "async def"}
    source = f"""
from spin_sdk.http import Request, send
{head[wasi]} handle(request):
    try:
        {call[wasi]}
    except Exception as error:
        return type(error).__name__ + repr(error)
"""
    response = ask(source, wasi=wasi)
    assert response.status == 200
    assert "denied" in response.text.lower()


@BOTH
def test_headers_of_any_bytes_are_read(wasi: str) -> None:
    headers = Headers([("host", "localhost"), ("x-a", "caf\xe9")])
    with sandbox(build("def handle(request):\n    return request.headers['x-a']\n", wasi)) as running:
        assert running.handle(Request(headers=headers)).text == "café"
