"""WAT cells that are only code: what the frame gives them, and errors in the lines of the cell."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from spinlab import App, Function
from spinlab.engine import wat_to_wasm
from spinlab.errors import OptionError, SourceError
from spinlab.export import project
from spinlab.languages import language
from spinlab.languages.wat import frame
from spinlab.languages.wat.text import parse, place
from spinlab.loading import load

OK = "(func $handle (call $respond (i32.const 200) (i32.const 0) (i32.const 0)))"


@pytest.fixture
def app() -> Iterator[App]:
    with App("text") as app:
        yield app


def code(source: str | bytes, route: str = "/w/...", **more: object) -> Function:
    return Function("w", source, language="wat", routes=(route,), **more)  # type: ignore[arg-type]


def refused(app: App, source: str | bytes) -> SourceError:
    with pytest.raises(SourceError) as caught:
        app.add(code(source))
    return caught.value


def spot(source: str, error: SourceError) -> str:
    """What of the source the error points at."""
    where = error.location
    assert where is not None
    assert where.column is not None
    line = source.splitlines()[where.line - 1]
    return line[where.column - 1 : where.end_column - 1 if where.end_column else None]


def test_the_code_answers(app: App) -> None:
    source = '(data (i32.const 0) "hello")\n(func $handle (call $respond (i32.const 201) (i32.const 0) (i32.const 5)))'
    live = app.add(code(source))
    assert live is not None
    assert len(live.build.component) < 10_000
    answer = app.get("/w")
    assert (answer.status, answer.text) == (201, "hello")
    assert answer.headers.get("content-type") == "text/plain; charset=utf-8"


def test_functions_of_the_same_text_have_the_same_component_and_their_own_errors(app: App) -> None:
    first = app.add(code(OK))
    second = app.add(Function("v", OK, language="wat", routes=("/v",)))
    assert first is not None
    assert second is not None
    assert first.build.component is second.build.component
    for name in ("a", "b"):
        with pytest.raises(SourceError) as caught:
            app.add(Function(name, "def handle(request):\n    return 1", language="wat"))
        assert f"%%spin python {name}" in caught.value.hint


def test_what_was_asked_is_told(app: App) -> None:
    app.add(
        code(
            """
            (data (i32.const 0) "x-one" "Accept" "\\n")
            (func $line (param i32 i32)
              (call $write (local.get 0) (local.get 1))
              (call $write (i32.const 11) (i32.const 1)))
            (func $handle
              (call $line (call $method))
              (call $line (call $path))
              (call $line (call $query))
              (call $line (call $request_header (i32.const 0) (i32.const 5)))
              (call $line (call $request_header (i32.const 5) (i32.const 6)))
              (call $line (call $body)))
            """
        )
    )
    answer = app.request("PUT", "/w/a%20b?c=d&e", headers={"x-one": "1"}, body="text")
    assert answer.text == "PUT\n/w/a%20b\nc=d&e\n1\n\ntext\n"
    assert app.request("PROPFIND", "/w?").text == "PROPFIND\n/w\n\n\n\n\n"
    for method in ("GET", "POST", "DELETE", "OPTIONS", "TRACE", "PATCH"):
        assert app.request(method, "/w").text.splitlines()[0] == method


CALCULATOR = """
(data (i32.const 0) "a" "Num_b")
(func $handle
  (call $respond (i32.const 200)
    (call $text
      (i32.sub
        (call $number (call $param (i32.const 0) (i32.const 1)))
        (call $number (call $param (i32.const 1) (i32.const 5)))))))
"""


@pytest.mark.parametrize(
    ("a", "b", "result"),
    [
        ("5", "3", "2"),
        ("3", "5", "-2"),
        ("0", "0", "0"),
        ("-4", "-6", "2"),
        ("12x", "", "12"),
        ("-2147483648", "0", "-2147483648"),
        ("2147483647", "-1", "-2147483648"),
        ("x", "1", "-1"),
    ],
)
def test_parameters_are_numbers(app: App, a: str, b: str, result: str) -> None:
    app.add(code(CALCULATOR, route="/w/:a/:num_b" if b else "/w/:a"))
    assert app.get(f"/w/{a}/{b}" if b else f"/w/{a}").text == result


def test_headers_are_sent(app: App) -> None:
    app.add(
        code(
            """
            (data (i32.const 0) "content-type" "text/html" "x-a" "1")
            (func $handle
              (call $header (i32.const 0) (i32.const 12) (i32.const 12) (i32.const 9))
              (call $header (i32.const 21) (i32.const 3) (i32.const 24) (i32.const 1))
              (call $header (i32.const 21) (i32.const 3) (i32.const 24) (i32.const 1))
              (call $respond (i32.const 404) (i32.const 0) (i32.const 0)))
            """
        )
    )
    answer = app.get("/w")
    assert answer.status == 404
    assert list(answer.headers) == [("content-type", "text/html"), ("x-a", "1"), ("x-a", "1")]


def test_large_bodies_come_and_go_whole(app: App) -> None:
    app.add(code("(func $handle (drop (memory.grow (i32.const 3))) (call $respond (i32.const 200) (call $body)))"))
    body = bytes(range(256)) * 3000
    assert app.post("/w", body=body).body == body
    assert app.post("/w", body=b"").body == b""


def test_an_instance_that_is_used_again_begins_anew(app: App) -> None:
    app.add(code(CALCULATOR.replace("200", "201"), route="/w/:a/:num_b", reuse=100))
    assert [app.get(f"/w/{n}/1").text for n in range(50)] == [str(n - 1) for n in range(50)]


def test_what_is_logged_is_in_the_log(app: App) -> None:
    app.add(code(OK.replace("(call $respond", "(call $log (call $path)) (call $respond", 1)))
    assert [line.text for line in app.get("/w/x").logs] == ["/w/x"]


@pytest.mark.parametrize(
    ("calls", "said"),
    [
        ("(call $respond (i32.const 99) (i32.const 0) (i32.const 0))", "this status can't be sent"),
        ("(call $respond (i32.const 65736) (i32.const 0) (i32.const 0))", "this status can't be sent"),
        ("(call $header (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))", "this header can't be sent"),
        ("(call $write (i32.const 0) (i32.const 1)) (call $respond (i32.const 200) (call $path))", "has begun already"),
    ],
)
def test_what_can_not_be_sent_is_logged(app: App, calls: str, said: str) -> None:
    app.add(code(f"(func $handle {calls})"))
    answer = app.get("/w")
    assert answer.error is not None
    assert any(said in line.text for line in answer.logs)


def test_code_that_does_not_answer_is_an_error(app: App) -> None:
    app.add(code("(func $handle)"))
    assert app.get("/w").status == 500
    app.add(code("(func $handle unreachable)"))
    assert app.get("/w").status == 500


@pytest.mark.parametrize(
    ("source", "said", "at", "hint"),
    [
        ("\n(func $handle\n  (call $respnd))", "unknown func", "$respnd", "did you mean $respond?"),
        ("(func $handle (local.get $x))", "unknown local", "$x", ""),
        ("(func $handle\n  (i32.foo))", "unknown operator", "i", ""),
        ("(func $handle\n  (i32.const 1)", "this ( is not closed", "(", "count"),
        ("(func $handle))\n", "this ) has no (", ")", "take it away"),
        ('(data (i32.const 0) "x)\n(func $handle)', "this string is not closed", '"', "same line"),
        ("(func $handle) (; x\n", "this comment is not closed", "(", ";)"),
        ("(func $handle)\nhello", "stands outside", "hello", "forms"),
        ("(memory 1)\n(func $handle)", "there is a memory already", "(memory 1)", "1048575"),
        ('(import "a" "b" (func $b))(func $handle)', "nothing can be imported", '(import "a" "b" (func $b))', "$path"),
        ('(func $x (import "a" "b"))(func $handle)', "nothing can be imported", '(func $x (import "a" "b"))', "$path"),
        ("(func $path)\n(func $handle)", "duplicate func", "$", ""),
        ("(func $handle (param i32))", "takes no parameters", "(func $handle", "$param"),
        ("(func $handle (result i32) (i32.const 1))", "takes no parameters", "(func $handle", "$respond"),
        # what a validator finds, at the instruction
        ("(func $handle\n  (drop (i32.add (i32.const 1) (i64.const 2))))", "expected i32, found i64", "i32.add", ""),
        ("(func $handle\n  i32.const 1\n  i64.eqz\n  drop)", "expected i64, found i32", "i64.eqz", ""),
        ("(func $handle\n  (drop))", "nothing on stack", "drop", "takes its values"),
        ("(func $handle\n  (i32.const 7)\n)", "values remaining", ")", "drop what is not needed"),
        ("(func $handle\n (if (i32.const 1) (then (i32.const 2))))", "values remaining", ")", "drop"),
        (
            "(func $a (result i32) i32.const 1)(func $handle(block $b (br_if $b (call $a)) (call $write (call $a))))",
            "nothing on stack",
            "call",
            "takes its values",
        ),
        (
            "(func $handle (local f64)\n block (result i32) f32.const 1 drop i32.const 0 end\n if nop else drop end)",
            "nothing on stack",
            "drop",
            "",
        ),
        ("(func $handle (drop (v128.const i32x4 0 0 0 0)) (drop))", "nothing on stack", "(func", ""),
    ],
)
def test_an_error_is_shown_where_it_is(app: App, source: str, said: str, at: str, hint: str) -> None:
    app.add(code(OK))
    error = refused(app, source)
    assert said in error.message
    assert spot(source, error).startswith(at)
    assert hint in error.hint
    assert app.get("/w").status == 200


def test_code_without_handle_is_refused(app: App) -> None:
    error = refused(app, '(data (i32.const 0) "x")')
    assert "no (func $handle" in error.message
    assert "$respond" in error.hint


def test_another_language_is_named(app: App) -> None:
    error = refused(app, "def handle(request):\n    return f'hello {request.path}'\n")
    assert error.hint == "this looks like Python; begin the cell with %%spin python w"
    assert "JavaScript" in refused(app, "function handle(request) {\n  return new Response('x')\n}\n").hint


def test_a_mark_and_other_line_ends_do_no_harm(app: App) -> None:
    app.add(code("\ufeff" + OK.replace(" (call", "\r\n(call") + "\r\n"))
    assert app.get("/w").status == 200
    error = refused(app, "(func $handle\r\n  (call $nope))\r\n")
    assert error.location is not None
    assert (error.location.line, error.location.column) == (2, 9)


def test_what_is_not_utf8_is_refused(app: App) -> None:
    assert "not UTF-8" in refused(app, b"(func $handle)\n;; \xff").message


def test_a_source_of_a_megabyte_is_assembled(app: App) -> None:
    source = OK + f'\n(data (i32.const 0) "{"x" * 1_000_000}")'
    app.add(code(source.replace("(i32.const 0) (i32.const 0)", "(i32.const 0) (i32.const 1000000)")))
    assert app.get("/w").body == b"x" * 1_000_000


@pytest.mark.parametrize("depth", [100, 3000, 200_000])
def test_deep_nesting_is_an_error_or_works(app: App, depth: int) -> None:
    source = "(func $handle " + "(block " * depth + ")" * depth + "(drop))"
    error = refused(app, source)
    assert error.location is not None


def test_forms_are_found_with_their_places() -> None:
    text = '(a "x (;" ;; )\n (; (; ) ;) ;) (b $c))\n'
    outer = next(parse(text).forms())
    inner = next(outer.forms("b"))
    assert (outer.head, inner.name, outer.end) == ("a", "$c", len(text) - 2)
    assert place(text, inner.at).line == 2
    assert text[inner.at : inner.end + 1] == "(b $c)"


def test_the_starters_answer(app: App) -> None:
    wat = language("wat")
    app.add(code(wat.starter("http")))  # type: ignore[attr-defined]
    assert app.get("/w/x").text == "You asked for /w/x\n"
    app.add(code(wat.starter("component")))  # type: ignore[attr-defined]
    assert app.get("/w/x").text == "Hello from WAT\n"
    with pytest.raises(OptionError, match="no starter 'kv'"):
        wat.starter("kv")  # type: ignore[attr-defined]


def test_a_starter_with_one_character_less_works_or_points_at_itself(app: App) -> None:
    source = language("wat").starter("http")  # type: ignore[attr-defined]
    lines = source.count("\n") + 1
    for at in range(len(source)):
        error = outcome(source[:at] + source[at + 1 :])
        if error is not None:
            assert error.location is not None or "$handle" in error.message, (at, error)
            assert error.location is None or error.location.line <= lines


def outcome(source: str) -> SourceError | None:
    try:
        frame_of(source)
    except SourceError as error:
        return error
    return None


def frame_of(source: str) -> bytes:
    return language("wat").build(code(source), None).component  # type: ignore[arg-type]


def test_every_helper_is_exported_by_the_frame() -> None:
    declared = "".join(helper.declaration for helper in frame.HELPERS)
    assert wat_to_wasm(f"(module {declared})")
    text = (Path(frame.__file__).with_name("frame.wat")).read_text()
    for helper in frame.HELPERS:
        assert f'(export "{helper.name}")' in text


def test_an_export_keeps_the_code_and_comes_back(app: App, tmp_path: Path) -> None:
    app.add(code(CALCULATOR, route="/w/:a/:num_b"))
    project(app, tmp_path / "out")
    assert (tmp_path / "out" / "functions" / "w" / "w.wat").read_text() == CALCULATOR
    with load(tmp_path / "out") as again:
        assert again["w"].function.source == CALCULATOR
        assert again.get("/w/9/2").text == "7"
