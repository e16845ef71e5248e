"""What a Python cell is told when it is registered."""

from __future__ import annotations

import sys

import pytest

from spinlab.errors import SourceError
from spinlab.function import Function
from spinlab.languages.python.check import Checked, check
from spinlab.languages.python.imports import Available

MODULES = frozenset(sys.stdlib_module_names) - {"turtledemo", "zlib", "gzip", "this"} | {
    "os.path",
    "urllib.parse",
    "urllib.request",
    "http.client",
    "collections.abc",
    "spin_sdk",
    "spin_sdk.http",
    "spin_sdk.key_value",
    "short",
}
SDK = {
    "spin_sdk.http": frozenset({"IncomingHandler", "Request", "Response", "send"}),
    "spin_sdk.key_value": frozenset({"open", "open_default", "Store"}),
}
HANDLER = "def handle(request):\n    return 'hi'\n"


def look(
    source: str | bytes,
    *,
    wasi: str = "0.2",
    notebook: str = "",
    cells: dict[str, str] | None = None,
    module: bool = False,
) -> Checked:
    python = {"0.2": (3, 12), "0.3": (3, 14)}[wasi]
    modules = {name: Function(name, text, module=True) for name, text in (cells or {}).items()}
    available = Available(MODULES, frozenset(modules), SDK, wasi)
    function = Function("hello", source, wasi=wasi, module=module)
    return check(function, python, available, frozenset(notebook.split()), modules)


def refusal(source: str | bytes, **options: object) -> SourceError:
    with pytest.raises(SourceError) as caught:
        look(source, **options)  # type: ignore[arg-type]
    return caught.value


def place(error: SourceError) -> tuple[int, int | None, int | None]:
    assert error.location is not None
    return error.location.line, error.location.column, error.location.end_column


@pytest.mark.parametrize(
    ("source", "form"),
    [
        (HANDLER, "handle"),
        ("async " + HANDLER, "handle"),
        ("handle = lambda request: 'hi'\n", "handle"),
        ("if True:\n    def handle(request):\n        return 1\nelse:\n    handle = None\n", "handle"),
        ("try:\n    from fast import handle\nexcept ImportError:\n    def handle(request): return 1\n", "handle"),
        ("def handle(request, verbose=False): return 1\n", "handle"),
        ("def handle(*args): return 1\n", "handle"),
        ("import functools\n@functools.cache\ndef handle(): return 1\n", "handle"),
        (
            (
                "from spin_sdk.http import IncomingHandler, Response\n"
                "class IncomingHandler(IncomingHandler):\n"
                "    def handle_request(self, request):\n"
                "        return Response(200, {}, b'')\n"
            ),
            "IncomingHandler",
        ),
        (
            (
                "from spin_sdk import http\nclass IncomingHandler(http.IncomingHandler):\n"
                "    def handle_request(self, r): return http.Response(200, {}, None)\n"
            ),
            "IncomingHandler",
        ),
        ("class IncomingHandler:\n    def handle(self, request, response_out): pass\n", "IncomingHandler"),
    ],
)
def test_each_form_of_a_handler_is_found(source: str, form: str) -> None:
    assert look(source).form == form


def test_the_async_class_is_a_handler_on_0_3() -> None:
    source = "class HttpHandler:\n    async def handle_request(self, request): pass\n"
    assert look(source, wasi="0.3").form == "HttpHandler"


@pytest.mark.parametrize("source", ["", "   \n\n", "# nothing yet\n", '"""Only a docstring."""\n'])
def test_an_empty_cell_shows_the_shortest_one(source: str) -> None:
    error = refusal(source)
    assert "empty" in error.message
    assert "def handle(request):" in error.hint


@pytest.mark.parametrize(
    ("source", "words", "where"),
    [
        ("def handle(request)\n    return 1\n", "syntax error", (1, 20, None)),
        ("def handle(request):\n    return {'a': 1\n", "syntax error", (2, 12, None)),
        ("def handle(request):\nreturn 1\n", "syntax error", (2, 1, None)),
        ("x = 'é' +\n", "syntax error", (1, 10, None)),
    ],
)
def test_a_syntax_error_is_pointed_at(source: str, words: str, where: tuple[int, int, None]) -> None:
    error = refusal(source)
    assert words in error.message
    assert place(error)[:2] == where[:2]


@pytest.mark.parametrize(
    "line", ["%time x", "%%bash", "!ls", "files = !ls", "x = %time 1", "?len", "len?", "request??", "  !pip install x"]
)
def test_a_magic_inside_a_cell_is_named(line: str) -> None:
    error = refusal(f"{HANDLER}{line}\n")
    assert "magics" in error.message
    assert place(error)[0] == 3


@pytest.mark.parametrize(
    ("source", "hint"), [("await x\n", "async def handle"), ("return 3\n", "def handle"), ("yield 3\n", "def handle")]
)
def test_what_belongs_into_a_function_is_sent_there(source: str, hint: str) -> None:
    assert hint in refusal(source).hint


def test_a_cell_indented_as_a_whole_is_read_and_its_columns_kept() -> None:
    assert look("    def handle(request):\n        return 1\n").source.text == "def handle(request):\n    return 1\n"
    assert place(refusal("    def handle(request):\n        return nothing\n")) == (2, 16, 23)


def test_columns_count_characters_and_not_bytes() -> None:
    assert place(refusal("def handle(request):\n    return 'äöü' + nothing\n")) == (2, 20, 27)


def test_source_that_is_not_utf_8_is_refused() -> None:
    assert "UTF-8" in refusal(b"x = '\xff'\n").message


def test_null_bytes_are_refused() -> None:
    assert "null bytes" in refusal("x = 1\0\n").message


@pytest.mark.parametrize(
    ("source", "message", "hint"),
    [
        ("x = 1\n", "defines no handler", "def handle(request):"),
        ("def handler(request): return 1\n", "is it handler?", "call it handle"),
        ("def greet(request): return 1\n", "is it greet?", "call it handle"),
        ("def a(): pass\ndef handel(request): return 1\n", "is it handel?", "call it handle"),
        ("from spin_sdk.http import IncomingHandler\n", "defines no handler", "IncomingHandler"),
        ("from spin_sdk import http\nclass Mine(http.IncomingHandler): pass\n", "called Mine", "IncomingHandler"),
    ],
)
def test_a_missing_handler_is_told_with_what_comes_close(source: str, message: str, hint: str) -> None:
    error = refusal(source)
    assert message in error.message
    assert hint in error.hint


@pytest.mark.parametrize(
    "source",
    [
        HANDLER + HANDLER,
        HANDLER + "class IncomingHandler:\n    def handle(self, a, b): pass\n",
        HANDLER + "class HttpHandler:\n    async def handle(self, a): pass\n",
    ],
)
def test_two_handlers_are_refused(source: str) -> None:
    error = refusal(source)
    assert "several handlers" in error.message
    assert place(error)[0] == 3


@pytest.mark.parametrize(
    ("source", "wasi", "message"),
    [
        ("class HttpHandler:\n    async def handle_request(self, r): pass\n", "0.2", "form of WASI 0.3"),
        ("class IncomingHandler:\n    def handle_request(self, r): pass\n", "0.3", "form of WASI 0.2"),
        ("class IncomingHandler:\n    async def handle_request(self, r): pass\n", "0.2", "can't be async"),
        ("class HttpHandler:\n    def handle_request(self, r): pass\n", "0.3", "must be async"),
        (
            "from spin_sdk.http import IncomingHandler\nclass IncomingHandler(IncomingHandler):\n    pass\n",
            "0.2",
            "handle_request",
        ),
        ("def handle(): return 1\n", "0.2", "no argument"),
        ("def handle(request, more): return 1\n", "0.2", "2 arguments"),
        ("def handle(request, *, key): return 1\n", "0.2", "2 arguments"),
        ("class handle: pass\n", "0.2", "is a class"),
    ],
)
def test_a_handler_that_could_never_answer_is_refused(source: str, wasi: str, message: str) -> None:
    error = refusal(source, wasi=wasi)
    assert message in error.message
    assert error.hint


@pytest.mark.parametrize(
    ("line", "instead"),
    [
        ("import requests", "spin_sdk.http"),
        ("import httpx as h", "spin_sdk.http"),
        ("import urllib.request", "spin_sdk.http"),
        ("from urllib import request", "spin_sdk.http"),
        ("from urllib.request import urlopen", "spin_sdk.http"),
        ("import http.client", "spin_sdk.http"),
        ("import socketserver", ""),
        ("import subprocess", ""),
        ("import threading", "async def handle"),
        ("from concurrent.futures import ThreadPoolExecutor", "async def handle"),
        ("import multiprocessing", ""),
        ("import numpy as np", ""),
        ("import pandas", ""),
        ("from PIL import Image", ""),
        ("import sqlite3", "spin_sdk import sqlite"),
        ("import redis", "spin_sdk import redis"),
        ("import psycopg2.extras", "spin_sdk import postgres"),
        ("import openai", "spin_sdk import llm"),
        ("from flask import Flask", "def handle(request)"),
        ("import IPython.display", "print()"),
        ("import spinlab", "print()"),
        ("import gzip", ""),
    ],
)
@pytest.mark.parametrize("where", ["top", "inside"])
def test_a_module_of_habit_is_refused_with_its_line_and_a_way_out(line: str, instead: str, where: str) -> None:
    source = f"{line}\n{HANDLER}" if where == "top" else f"{HANDLER}\ndef other():\n    {line}\n"
    error = refusal(source)
    assert place(error)[0] == (1 if where == "top" else 5)
    assert line.split()[1].partition(".")[0] in error.message
    assert instead in error.hint


@pytest.mark.parametrize(
    "source",
    [
        "try:\n    import numpy\nexcept ImportError:\n    numpy = None\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import requests\n",
        "from __future__ import annotations\n",
        "import urllib.parse, os.path\nfrom collections.abc import Iterator\n",
        "from spin_sdk.http import *\n",
        "from http import HTTPStatus\nimport http.cookies\n".replace("import http.cookies\n", ""),
    ],
)
def test_imports_that_work_or_are_guarded_pass(source: str) -> None:
    look(source + HANDLER)


def test_a_library_in_c_is_fine_where_the_image_has_it() -> None:
    available = Available(MODULES | {"zlib", "gzip"}, frozenset(), SDK, "0.3")
    check(Function("f", "import zlib, gzip\n" + HANDLER, wasi="0.3"), (3, 14), available)


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ("import jsn", "no module jsn", "did you mean json"),
        ("import markdown", "no module markdown", "--requires markdown=="),
        ("import turtledemo", "standard library", ""),
        ("from . import util", "package", "import util"),
        ("import utl", "no module utl", "did you mean util"),
        ("from spin_sdk.http import Respons", "has no Respons", "Response"),
        ("from spin_sdk.http import Handler", "has no Handler", "--wasi 0.3"),
        ("from spin_sdk import key_valu", "has no key_valu", "key_value"),
    ],
)
def test_a_module_that_is_not_there_is_told_with_the_closest(line: str, message: str, hint: str) -> None:
    sdk = {**SDK, "spin_sdk": frozenset({"http", "key_value"})}
    available = Available(MODULES, frozenset({"util"}), sdk, "0.2")
    with pytest.raises(SourceError) as caught:
        check(Function("f", f"{line}\n{HANDLER}"), (3, 12), available)
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_module_cells_that_are_imported_are_known_by_name() -> None:
    cells = {"util": "x = 1\n", "other": "y = 1\n"}
    checked = look("import util\ndef handle(request):\n    from other import y\n    return y\n", cells=cells)
    assert checked.uses == ("other", "util")


def test_modules_imported_inside_functions_are_known_for_the_official_build() -> None:
    source = "import json\ndef handle(request):\n    import csv, json\n    from collections import abc\n    return 1\n"
    assert look(source).late == ("collections", "collections.abc", "csv")


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("input('name?')", "nobody can type"),
        ("breakpoint()", "no debugger"),
        ("asyncio.run(other())", "event loop"),
        ("os.system('ls')", "processes"),
    ],
)
def test_a_call_that_can_never_work_is_refused_where_it_stands(expression: str, message: str) -> None:
    source = f"import asyncio, os\nasync def other(): pass\ndef handle(request):\n    return {expression}\n"
    error = refusal(source)
    assert message in error.message
    assert place(error)[:2] == (4, 12)
    assert "instead" in error.hint


@pytest.mark.parametrize("definition", ["def input(x): return x", "input = str", "from util import input"])
def test_a_name_that_the_cell_defines_itself_is_its_own(definition: str) -> None:
    look(f"{definition}\ndef handle(request): return input('x')\n", cells={"util": "input = str\n"})


@pytest.mark.parametrize(
    "line",
    [
        "X = key_value.open_default()",
        "with key_value.open('default') as store: pass",
        "X = http.send(None)",
        "X = send(None)",
        "class A:\n    store = key_value.open_default()",
        "def f(store=key_value.open_default()): pass",
        "X = [key_value.open_default() for _ in range(2)]",
        "if True:\n    X = get_store()",
        "X = deeper()",
    ],
)
def test_asking_the_host_at_import_is_refused(line: str) -> None:
    source = (
        "from spin_sdk import http, key_value\nfrom spin_sdk.http import send\n"
        "def get_store(): return key_value.open_default()\ndef deeper(): return get_store()\n"
    )
    error = refusal(f"{source}{line}\n{HANDLER}")
    assert "while the cell is imported" in error.message
    assert place(error)[0] >= 5


@pytest.mark.parametrize(
    "line",
    [
        "f = lambda: key_value.open_default()",
        "lazy = (key_value.open_default() for _ in range(2))",
        "R = http.Response(200, {}, None)",
        "if __name__ == '__main__':\n    key_value.open_default()",
        "def f():\n    return key_value.open_default()",
    ],
)
def test_asking_the_host_later_is_fine(line: str) -> None:
    look(f"from spin_sdk import http, key_value\n{line}\n{HANDLER}")


def test_sleeping_at_import_is_refused() -> None:
    assert "sleeps" in refusal(f"import time\ntime.sleep(1)\n{HANDLER}").message


def test_a_name_of_the_notebook_is_told_from_one_that_is_nowhere() -> None:
    error = refusal("def handle(request):\n    return clean(request)\n", notebook="clean")
    assert error.message == "`clean` is defined in the notebook, not in the sandbox"
    assert "--module" in error.hint
    assert place(error) == (2, 12, 17)
    error = refusal("def handle(request):\n    return reqest\n")
    assert error.message == "`reqest` is not defined"
    assert error.hint == "did you mean request?"


def test_a_module_that_another_cell_imported_is_to_be_imported_here() -> None:
    assert refusal("def handle(request): return json.dumps(1)\n", notebook="json").hint == "import json"


def test_a_name_of_a_module_cell_is_to_be_imported() -> None:
    error = refusal("def handle(request): return clean(1)\n", notebook="clean", cells={"util": "def clean(x): pass\n"})
    assert error.hint == "from util import clean"


def test_display_belongs_to_the_notebook() -> None:
    assert "belongs to the notebook" in refusal("def handle(request): display(1)\n", notebook="display").message


def test_the_first_wrong_line_is_told_first_and_the_others_follow() -> None:
    error = refusal("def handle(request):\n    import requests\n    return nothing\n")
    assert place(error)[0] == 2
    assert "line 3: `nothing` is not defined" in error.details


def test_a_module_cell_needs_no_handler_but_its_names() -> None:
    assert look("def clean(x): return x\n", module=True).form is None
    assert "not defined" in refusal("def clean(x): return y\n", module=True).message


def test_what_the_compiler_remarks_is_kept() -> None:
    warnings = look("def handle(request):\n    return '\\d'\n").source.warnings
    assert len(warnings) == 1
    assert warnings[0].startswith("line 2: ")
