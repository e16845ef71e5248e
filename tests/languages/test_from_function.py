"""The source of an ordinary function, as a cell."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from typing import Any

import pytest

from spinlab.errors import SourceError
from spinlab.languages.python.from_function import dedent, source_of

GREETING = "Hello"


class spinlab:
    """The decorator, without an app behind it."""

    @staticmethod
    def function(*_: Any, **__: Any) -> Callable[[Any], Any]:
        return lambda function: function


def line_of(text: str) -> int:
    with open(__file__) as lines:
        return next(at for at, line in enumerate(lines, 1) if text in line and "line_of" not in line)


@spinlab.function("hello", route="/hello")
def greet(request):
    return "hi"  # line of greet


def test_a_function_of_any_name_becomes_the_handler() -> None:
    source, first, file = source_of(greet)
    assert source == 'def greet(request):\n    return "hi"  # line of greet\n\n\nhandle = greet\n'
    assert first == line_of("# line of greet") - 1
    assert file == __file__


@spinlab.function("handle")
async def handle(request):
    return "hi"


def test_a_function_called_handle_is_left_as_it_is() -> None:
    assert source_of(handle)[0] == 'async def handle(request):\n    return "hi"\n'


@spinlab.function(
    "many",
    route="/many",
)
@functools.lru_cache
def many(request):
    import functools as functools

    return f"{functools}"


def test_decorators_under_ours_stay() -> None:
    source, _, _ = source_of(many)
    assert source.startswith("@functools.lru_cache\ndef many(request):\n")


def test_an_indented_function_is_moved_left_but_not_the_text_in_it() -> None:
    @spinlab.function()
    def inner(request):
        return """<p>
  text
    </p>"""

    source, _, _ = source_of(inner)
    assert source == 'def inner(request):\n    return """<p>\n  text\n    </p>"""\n\n\nhandle = inner\n'


def test_text_at_the_left_margin_inside_a_string_does_not_keep_the_rest_from_moving() -> None:
    assert dedent('    x = """\nleft\n    """\n    y = 1\n') == 'x = """\nleft\n    """\ny = 1\n'
    assert dedent("    x = f'''\n    {1}\n    '''\n    y\n") == "x = f'''\n    {1}\n    '''\ny\n"


def test_a_name_from_outside_is_refused_by_name() -> None:
    def uses_a_global(request):
        return GREETING

    def uses_a_module(request):
        return json.dumps(request)

    with pytest.raises(SourceError, match="`GREETING` is defined outside uses_a_global") as caught:
        source_of(uses_a_global)
    assert caught.value.location is not None
    assert (caught.value.location.line, caught.value.location.column) == (2, 12)
    with pytest.raises(SourceError) as caught:
        source_of(uses_a_module)
    assert "import json inside the function" in caught.value.hint


def test_a_name_from_the_function_around_is_refused_by_name() -> None:
    secret = "x"

    def inner(request):
        return secret

    with pytest.raises(SourceError, match="`secret` is defined in the function around inner"):
        source_of(inner)


@pytest.mark.parametrize("thing", [len, print, functools.partial(print), 3, lambda request: 1])
def test_what_has_no_def_is_refused(thing: Any) -> None:
    with pytest.raises(SourceError):
        source_of(thing)


def test_a_function_without_a_file_is_refused() -> None:
    space: dict[str, Any] = {}
    exec("def made(request): return 1", space)
    with pytest.raises(SourceError, match="can't be found"):
        source_of(space["made"])
