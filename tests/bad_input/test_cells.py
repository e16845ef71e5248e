"""Cells that can't become a function: what is wrong, where, and what to write; nothing that served is touched."""

from __future__ import annotations

import pytest

from tests.bad_input.steps import Stage
from tests.magics.teapots import TEAPOT, cell

HANDLER = "def handle(request):\n    return 'new'\n"


@pytest.mark.parametrize(
    ("code", "name", "line", "said"),
    [
        ("%%spin hello\n", "SourceError", "line 1", "the cell is empty"),
        ("%%spin hello\n# only a remark\n", "SourceError", "line 2", "the cell is empty"),
        (f"%%spin hello --rout /x\n{HANDLER}", "OptionError", "line 1:14", "did you mean --route?"),
        ("%spin gett /hello", "OptionError", "line 1:7", "did you mean %spin get?"),
        (f"%%spin pyhton hello\n{HANDLER}", "OptionError", "line 1:8", "did you mean python?"),
        (f"%%spin cobol hello\n{HANDLER}", "OptionError", "line 1:8", "known: "),
        (f"%%spin 2fast\n{HANDLER}", "NameRefused", "line 1:8", "call it fast"),
        (f"%%spin my__f\n{HANDLER}", "NameRefused", "line 1:8", "call it my_f"),
        (f"%%spin python wat\n{HANDLER}", "NameRefused", "line 1:15", "choose another name"),
        ("%%spin json --module\nx = 1\n", "NameRefused", "line 1:8", "call it my_json"),
        (f"%%spin a --route /a/*name\n{HANDLER}", "RouteError", "line 1:18", "'/a/...'"),
        (f"%%spin a --route /a/.../b\n{HANDLER}", "RouteError", "line 1:18", "use :name"),
        (f"%%spin a --route /:\n{HANDLER}", "RouteError", "line 1:18", "such as :id"),
        (f"%%spin a --route /hello/...\n{HANDLER}", "RouteError", "line 1:18", "belongs to 'hello'"),
        ("%%spin hello\ndef handle(request):\n    return 'new\n", "SourceError", "line 3:12", "syntax error"),
        ("%%spin hello\ndef handle(request)\n    return 1\n", "SourceError", "line 2:20", "expected ':'"),
        ("%%spin hello\ndef hello(request):\n    return 1\n", "SourceError", "line 2:1", "call it handle"),
        ("%%spin hello\nprint('hi')\n", "SourceError", "line 2", "write def handle(request):"),
        (f"%%spin hello\n{HANDLER}\n{HANDLER}", "SourceError", "line 5:1", "handle (line 2) and handle (line 5)"),
        (f"%%spin hello\nx = 1 // 0\n{HANDLER}", "SourceError", "line 2", "ZeroDivisionError"),
        (f"%%spin hello\nimport sys\nsys.exit(3)\n{HANDLER}", "SourceError", "line 3", "SystemExit: 3"),
        (f"%%spin hello --timeout 500ms\nwhile True: pass\n{HANDLER}", "LimitExceeded", "", "while it was imported"),
        (f"%%spin hello --memory 64MiB\nx = 'x' * 10**9\n{HANDLER}", "SourceError", "line 2", "MemoryError"),
        ("%%spin hello\ndef f(): return f()\nf()\n" + HANDLER, "SourceError", "line 2", "RecursionError"),
        (cell("neighbour", TEAPOT.replace("(core module", "(core modle", 1)), "SourceError", "line ", "assembled"),
        (cell("neighbour", "(module)"), "ComponentError", "", "component"),
        (cell("neighbour", "(component)"), "HandlerError", "", "wasi:http/incoming-handler"),
    ],
)
def test_a_wrong_cell_says_what_to_write_and_touches_nothing(
    stage: Stage, code: str, name: str, line: str, said: str
) -> None:
    shown = stage.refused(code, name)
    assert f"{line}" in shown
    assert said in shown
    assert "Cell In[" in shown
    assert "/spinlab/" not in shown


def test_two_names_that_are_one_in_kebab_form_are_refused(stage: Stage) -> None:
    stage.kernel.run(cell("tea_pot")).ok()
    shown = stage.refused(cell("tea-pot"), "NameRefused")
    assert "are both 'tea-pot' in a manifest" in shown
    assert "%spin remove tea_pot" in shown


def test_after_any_error_the_right_cell_is_live_at_once(stage: Stage) -> None:
    stage.refused("%%spin hello --route /hello/...\ndef handle(request) return 1\n", "SourceError")
    assert "revision 2" in stage.now("def handle(request):\n    return 'right'\n").text
    stage.serves("right")


@pytest.mark.parametrize(
    ("language", "source", "line"),
    [
        ("python", b"# caf\xe9\ndef handle(request):\n    return 1\n", 1),
        ("python", b"def handle(request):\n    return '\xff'\n", 2),
        ("python", "def handle(request):\n    return '\udcff'\n", 2),
        ("wat", b"(component\n;; \xff\n)", 2),
    ],
)
def test_a_source_that_is_not_utf_8_is_refused_with_its_line(
    stage: Stage, language: str, source: bytes | str, line: int
) -> None:
    code = f"""
import spinlab
from spinlab.errors import SourceError
name = {{"python": "hello", "wat": "neighbour"}}[{language!r}]
try:
    spinlab.current_app().add(spinlab.Function(name, {source!r}, language={language!r}, routes=("/new",)))
except SourceError as error:
    print(error.location.line, error)
"""
    shown = stage.kernel.run(code).ok().stdout
    assert shown.startswith(f"{line} the source is not UTF-8")
    assert "save it as UTF-8" in shown
    stage.serves("good", "revision 1")
