"""CGI programs answer requests: real modules, each request a program of its own."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

import pytest

from spinlab import App, Function, Limits
from spinlab.adapting import component_of
from spinlab.engine import wat_to_wasm
from spinlab.errors import ComponentError, HandlerError, LimitExceeded, OptionError, SpinError
from spinlab.http import Headers, Request
from spinlab.live import Live
from tests.conftest import wat_source
from tests.wagi import programs
from tests.wagi.programs import program


def add(app: App, text: str | bytes, name: str = "cgi", **options: object) -> Live:
    live = app.add(program(text, name, **options))
    assert live is not None
    return live


# ---- what a program is told and says


def test_a_core_module_answers(app: App) -> None:
    live = add(app, programs.HELLO)
    answer = app.get("/cgi")
    assert (answer.status, answer.text, answer.headers.items()) == (200, "hello\n", [("content-type", "text/plain")])
    assert (live.is_module, live.prepared.command, live.reuse) == (True, True, 1)
    assert live.sizes.component == len(programs.module(programs.HELLO)) < live.prepared.sizes.component


def test_a_component_with_a_main_function_answers_as_well(app: App) -> None:
    component = component_of(programs.module(programs.ARGUMENTS), program=True)
    live = add(app, component, argv="one two")
    assert not live.is_module
    assert app.get("/cgi").body == b"one\0two\0"


def test_it_is_told_of_the_request_by_the_environment(app: App) -> None:
    add(app, programs.ENVIRONMENT, environment={"MODE": "fast", "SERVER_SOFTWARE": "mine"})
    headers = {"host": "example.com:81", "x-token": "t", "authorization": "Basic x", "content-type": "text/x"}
    answer = app.request("POST", "/cgi/some%20where?a=1", headers=headers, body="12345")
    pairs = [entry.decode().partition("=")[::2] for entry in answer.body.split(b"\0") if entry]
    # The component's own come first: that is what getenv finds, here and in Spin.
    assert pairs[:2] == [("MODE", "fast"), ("SERVER_SOFTWARE", "mine")]
    found = dict(pairs[2:])
    assert len(found) == len(pairs) - 2
    assert {name: found[name] for name in ("CONTENT_LENGTH", "REQUEST_METHOD", "SERVER_SOFTWARE", "SCRIPT_NAME")} == {
        "CONTENT_LENGTH": "5",
        "REQUEST_METHOD": "POST",
        "SERVER_SOFTWARE": "WAGI/1",
        "SCRIPT_NAME": "/cgi",
    }
    assert (found["PATH_INFO"], found["PATH_TRANSLATED"]) == ("/some%20where", "/some where")
    assert (found["SERVER_NAME"], found["SERVER_PORT"], found["HTTP_X_TOKEN"]) == ("example.com", "81", "t")
    assert "HTTP_AUTHORIZATION" not in found
    assert not [name for name in found if name.startswith("HTTP_SPIN_")]


def test_a_path_can_not_slip_variables_in(app: App) -> None:
    add(app, programs.ENVIRONMENT)
    entries = app.get("/cgi/a%00AUTH_TYPE%00Basic").body.split(b"\0")
    assert b"PATH_TRANSLATED=/a" in entries
    assert [entry for entry in entries if entry.startswith(b"AUTH_TYPE=")] == [b"AUTH_TYPE="]


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        ({}, b"/cgi/x\0a=1\0b=2\0"),
        ({"argv": "prog  -v ${ARGS}"}, b"prog\0\0-v\0a=1\0b=2\0"),
        ({"argv": ""}, b"\0"),
    ],
)
def test_it_is_told_of_the_query_by_arguments(app: App, argv: dict[str, str], told: bytes) -> None:
    add(app, programs.ARGUMENTS, **argv)
    assert app.get("/cgi/x?a=1&b=2").body == told


@pytest.mark.parametrize("size", [0, 1, 65_535, 1 << 20, 5 << 20])
def test_it_reads_the_body_and_answers_it(app: App, size: int) -> None:
    add(app, programs.ECHO)
    body = (bytes(range(256)) * (size // 256 + 1))[:size]
    answer = app.request("POST", "/cgi", body=body)
    assert answer.status == 200
    assert hashlib.sha256(answer.body).digest() == hashlib.sha256(body).digest()


def test_a_body_that_still_arrives_is_waited_for(app: App) -> None:
    from spinlab.engine import Collector
    from spinlab.http import Body

    add(app, programs.ECHO)
    body, collector = Body(), Collector()
    call = app.submit(Request("POST", "/cgi", Headers([("host", "x")]), body), collector)
    assert call is not None
    for piece in (b"one ", b"two ", b"three"):
        body.feed(piece)
    assert not call.done.wait(0.05)
    body.end()
    call.wait()
    assert collector.response("cgi").body == b"one two three"


def test_a_body_that_breaks_off_is_no_request(app: App) -> None:
    from spinlab.engine import Collector
    from spinlab.http import Body

    add(app, programs.ECHO)
    body, collector = Body(), Collector()
    call = app.submit(Request("POST", "/cgi", Headers([("host", "x")]), body), collector)
    assert call is not None
    body.feed(b"one")
    body.abort()
    call.wait()
    answer = collector.response("cgi")
    assert (answer.status, answer.body) == (500, b"")
    assert "did not arrive whole" in str(answer.error)


def test_each_request_is_a_program_of_its_own(app: App) -> None:
    counting = programs.source(
        "(i32.store8 (i32.const 1049) (i32.add (i32.const 1) (i32.load8_u (i32.const 1049)))) (call $say)",
        "Content-Type: text/plain\n0\n\n0",
    )
    add(app, counting)
    assert len({app.get("/cgi").body for _ in range(5)}) == 1


def test_many_requests_at_once_have_their_own_output(app: App) -> None:
    add(app, programs.ECHO)
    found: dict[int, bytes] = {}

    def ask(number: int) -> None:
        found[number] = app.request("POST", "/cgi", body=f"{number} " * 1000).body

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: (f"{number} " * 1000).encode() for number in range(8)}


def test_what_it_writes_to_stderr_is_the_log(app: App) -> None:
    add(app, programs.source("(call $write (i32.const 2) (i32.const 1024) (i32.const 5)) (call $say)", "told\n\nx"))
    answer = app.get("/cgi")
    assert [line.text for line in answer.logs if line.stream == "stderr"][:1] == ["told"]
    assert not [line for line in answer.logs if line.stream == "stdout"]


def test_it_reads_the_files_that_it_is_given(app: App, tmp_path: Path) -> None:
    (tmp_path / "www").mkdir()
    (tmp_path / "www/greeting.txt").write_text("hello from a file")
    add(app, programs.c_module(programs.C_PROGRAM), files=(("www", "/"),), folder=str(tmp_path))
    assert "file: hello from a file" in app.get("/cgi").text


def test_a_c_program_answers(app: App) -> None:
    add(app, programs.c_module(programs.C_PROGRAM), argv="calc ${ARGS}")
    answer = app.request("PUT", "/cgi/there?a=1&b=2", body="the body")
    assert (answer.status, answer.headers.items()) == (
        201,
        [("content-type", "text/plain; charset=utf-8"), ("x-method", "PUT")],
    )
    assert answer.text == (
        "argument 0: calc\nargument 1: a=1\nargument 2: b=2\npath: /there, query: a=1&b=2\n8 bytes: the body\n"
    )
    assert [line.text for line in answer.logs] == ["read 8 bytes"]


def test_it_says_the_same_in_wasmtime_run(app: App) -> None:
    from spinlab import wagi

    for data in (programs.c_module(programs.C_PROGRAM), programs.module(programs.ARGUMENTS)):
        add(app, data)
        request = Request("POST", "/cgi/x?a=1", Headers([("host", "h")]), b"the body")
        found = app.router.match(request.path)
        assert found is not None
        variables = wagi.variables(found, request, 8)
        arguments = wagi.arguments("${SCRIPT_NAME} ${ARGS}", request)
        expected = wagi.answer(programs.run_elsewhere(data, arguments, variables, b"the body"), "cgi")
        answer = app.handle(request)
        assert (answer.status, answer.headers, answer.body) == expected[:3]


# ---- what goes wrong


@pytest.mark.parametrize(
    ("text", "status", "body", "told"),
    [
        (programs.says(""), 500, b"", "did not write to stdout"),
        (programs.says("hello"), 500, b"Exactly one of 'location' or 'content-type' must be specified", ""),
        (programs.says("Status: 418 Teapot\n\nshort"), 418, b"short", ""),
        (programs.says("Status: soon\n\nx"), 502, b"x", ""),
        (programs.says("Location: /x\n\n"), 302, b"", ""),
        (programs.says(b"X: \xff\n\n"), 500, b"", "not UTF-8"),
        (programs.TRAP, 500, b"", "unreachable"),
        (programs.exits(0), 200, b"exited", ""),
        (programs.exits(3), 500, b"", "exit code"),
    ],
)
def test_every_end_has_its_answer(app: App, text: str, status: int, body: bytes, told: str) -> None:
    add(app, text)
    add(app, programs.HELLO, "neighbour")
    for _ in range(2):
        answer = app.get("/cgi")
        assert (answer.status, answer.body) == (status, body)
        assert told in str(answer.error or "")
        assert (answer.error is None) == (not told)
    assert app.get("/neighbour").text == "hello\n"


def test_an_incomplete_head_is_explained_in_the_log(app: App) -> None:
    add(app, programs.says("hello"))
    (line,) = app.get("/cgi").logs
    assert "an empty line between headers and body" in line.text


def test_a_program_that_exits_with_a_failure_is_told_what_to_do_instead(app: App) -> None:
    add(app, programs.exits(1))
    assert "exits with 0" in getattr(app.get("/cgi").error, "hint", "")


@pytest.mark.parametrize("failed", [False, True])
def test_a_run_that_returns_a_failure_has_answered_all_the_same(app: App, failed: bool) -> None:
    add(app, programs.component(failed))
    answer = app.get("/cgi")
    assert (answer.status, answer.text, answer.error) == (200, "answered", None)
    assert [line.text for line in answer.logs] == ["its main function returned a failure"] * failed


def test_a_run_of_another_version_is_refused(app: App) -> None:
    for version in ("0.3.0", "0.2.0-rc-2023-12-05"):
        with pytest.raises(HandlerError, match="failed to find wasi command interface") as caught:
            add(app, programs.component(version=version))
        assert "another version" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "limits", "status", "limit"),
    [
        (programs.LOOP, Limits(timeout=0.3), 504, "timeout"),
        (programs.FLOOD, Limits(response=300_000), 500, "response"),
        (programs.CHATTER, Limits(log=10_000), 500, "log"),
        (programs.BOMB, Limits(memory=32 << 20), 500, "memory"),
        (programs.ECHO, Limits(request=10), 413, "request body"),
    ],
)
def test_it_is_stopped_at_every_limit(app: App, text: str, limits: Limits, status: int, limit: str) -> None:
    add(app, text, limits=limits)
    add(app, programs.HELLO, "neighbour")
    answer = app.request("POST", "/cgi", body="x" * 100)
    assert isinstance(answer.error, LimitExceeded), answer
    assert (answer.status, answer.error.limit, answer.body) == (status, limit, b"")
    assert app.get("/neighbour").text == "hello\n"


def test_a_large_answer_comes_whole(app: App) -> None:
    add(
        app, programs.source("(call $say) (call $write (i32.const 1) (i32.const 0) (i32.const 1048576))", programs.HEAD)
    )
    assert len(app.get("/cgi").body) == 1 << 20


# ---- what can't be a program


def test_an_http_component_is_no_program(app: App) -> None:
    with pytest.raises(HandlerError, match="failed to find wasi command interface") as caught:
        app.add(program(wat_to_wasm(wat_source())))
    assert "leave out --executor wagi" in caught.value.hint


def test_a_program_is_no_http_component(app: App) -> None:
    for source in (programs.module(programs.HELLO), component_of(programs.module(programs.HELLO), program=True)):
        with pytest.raises(ComponentError) as caught:
            app.add(Function("cgi", source, language="wasm", routes=("/",)))
        assert "--executor wagi" in caught.value.hint


def test_the_same_component_can_be_both(app: App) -> None:
    component = component_of(programs.module(programs.HELLO), program=True)
    add(app, component)
    with pytest.raises(HandlerError):
        app.add(Function("other", component, language="wasm", routes=("/other",)))
    assert app.get("/cgi").text == "hello\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("(module)", "the core module has no _start"),
        ('(module (import "env" "puts" (func)) (func (export "_start")))', "imports from env"),
        (
            '(module (import "wasi_snapshot_preview1" "nonsense" (func)) (func (export "_start")))',
            "no component can be made of this module",
        ),
        (
            '(module (import "wasi_snapshot_preview1" "fd_write" (func)) (func (export "_start")))',
            "no component can be made of this module",
        ),
        (
            '(module (@producers (processed-by "clang" "14.0.4 (x)")) (func (export "_start")))',
            "a critical memory safety bug",
        ),
    ],
)
def test_a_module_that_can_not_run_says_why(app: App, text: str, told: str) -> None:
    with pytest.raises(ComponentError, match=told) as caught:
        add(app, text)
    assert caught.value.hint
    assert not app.functions


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"executor": "cgi"}, "the executor can't be 'cgi'"),
        ({"argv": "x"}, "argv is for CGI programs"),
        ({"executor": "wagi", "argv": "a\0b"}, "argv can't be"),
        ({"executor": "wagi", "argv": None}, "argv can't be"),
        ({"executor": "wagi", "module": True}, "a module has no requests"),
        ({"executor": "wagi", "reuse": 2}, "runs once for each request"),
    ],
)
def test_what_does_not_go_together_is_refused(app: App, options: dict[str, object], told: str) -> None:
    function = Function("cgi", programs.HELLO, language="wat", routes=("/cgi",), **options)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match=told):
        app.add(function)


def test_a_module_that_is_cut_short_is_refused_wherever_it_ends(app: App) -> None:
    from spinlab.engine import binary

    whole = programs.c_module(programs.C_PROGRAM)
    ends = [section.end for section in binary.sections(whole)]
    assert len(ends) > 5
    add(app, programs.HELLO, "neighbour")
    refused = 0
    for size in sorted({8, *ends[:-1], *(end - 1 for end in ends), *(end + 1 for end in ends[:-1])}):
        refused += _is_refused(app, whole[:size])
        # Between two sections of the end it may be a valid module, of which nobody can tell what is missing.
        assert app.get("/neighbour").text == "hello\n"
    assert refused > 2 * len(ends)


def _is_refused(app: App, data: bytes) -> bool:
    try:
        add(app, data)
    except SpinError as error:
        assert error.hint, len(data)  # noqa: PT017 (some of them are modules)
        return True
    assert app.get("/cgi").status in (201, 500)
    return False
