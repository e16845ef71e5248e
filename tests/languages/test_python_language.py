"""What the language makes of a cell: an image, and the source in the two ways that an image takes it."""

from __future__ import annotations

import json

import pytest

from spinlab import images
from spinlab.errors import NameRefused, SourceError
from spinlab.function import Function
from spinlab.languages import BuildContext, language
from spinlab.languages.python import LANGUAGE

pytestmark = pytest.mark.toolchain
CELL = "import my_util\ndef handle(request):\n    return my_util.x\n"
UTIL = Function("my-util", "import base\nx = base.y\n", module=True)
BASE = Function("base", "y = 1\n", module=True)
CONTEXT = BuildContext(modules={"my-util": UTIL, "base": BASE, "other": Function("other", "z = 1\n", module=True)})


def test_the_language_is_found_by_its_names() -> None:
    assert language("python") is language("py") is LANGUAGE


def test_a_cell_becomes_the_image_and_its_source_twice() -> None:
    built = LANGUAGE.build(Function("hello", CELL), CONTEXT)
    image = images.python("0.2")
    assert built.image == image.digest
    assert built.component is image.read()
    assert built.modules == ("base", "my-util")
    assert built.files == {
        "/app/app.py": CELL.encode(),
        "/app/base.py": b"y = 1\n",
        "/app/my_util.py": b"import base\nx = base.y\n",
    }
    given = json.loads(built.environment["SPINLAB_SOURCE"])
    assert given["app"][:2] == ["hello.py", CELL]
    assert set(given) == {"app", "base", "my_util"}


def test_what_an_export_carries_has_nothing_of_this_kernels_python() -> None:
    function = Function("hello", CELL)
    portable = LANGUAGE.portable(function, LANGUAGE.build(function, CONTEXT))
    assert all(len(source) == 2 for source in json.loads(portable["SPINLAB_SOURCE"]).values())


def test_a_changed_cell_shares_the_image() -> None:
    first, second = (LANGUAGE.build(Function("hello", CELL + f"n = {n}\n"), CONTEXT) for n in range(2))
    assert first.component is second.component
    assert first != second
    assert first == LANGUAGE.build(Function("hello", CELL + "n = 0\n"), CONTEXT)


def test_a_module_is_checked_and_has_no_component_of_its_own() -> None:
    built = LANGUAGE.build(UTIL, CONTEXT)
    assert (built.component, built.modules) == (b"", ("base",))
    with pytest.raises(SourceError, match="not defined"):
        LANGUAGE.build(Function("util", "x = nothing\n", module=True), CONTEXT)


@pytest.mark.parametrize("name", ["json", "app", "short", "spin_sdk", "main", "email"])
def test_a_module_can_not_hide_what_is_there(name: str) -> None:
    with pytest.raises(NameRefused):
        LANGUAGE.build(Function(name, "x = 1\n", module=True), BuildContext())


def test_modules_that_import_each_other_in_a_ring_are_all_there() -> None:
    ring = {
        "a": Function("a", "def x():\n    import b\n    return b.y\n", module=True),
        "b": Function("b", "import a\ny = 1\n", module=True),
    }
    built = LANGUAGE.build(Function("hello", "import a\ndef handle(request):\n    return a.x()\n"), BuildContext(ring))
    assert built.modules == ("a", "b")


def test_what_is_wrong_in_a_module_is_told_with_its_name() -> None:
    modules = {"util": Function("util", "x = 1\nimport gzip\n", wasi="0.3", module=True)}
    LANGUAGE.build(modules["util"], BuildContext(modules))
    cell = "import util\ndef handle(request):\n    return util.x\n"
    LANGUAGE.build(Function("hello", cell, wasi="0.3"), BuildContext(modules))
    with pytest.raises(SourceError, match="the module util, line 2: gzip") as caught:
        LANGUAGE.build(Function("hello", cell), BuildContext(modules))
    assert caught.value.location is None


def test_the_official_files_follow_the_build() -> None:
    function = Function("hello", CELL)
    built = LANGUAGE.build(function, CONTEXT)
    files = LANGUAGE.official(function, built)
    assert files is not None
    assert files["app.py"] == CELL.encode()
    assert files["my_util.py"] == UTIL.source.encode()  # type: ignore[union-attr]
    assert LANGUAGE.build_command(function, built).endswith("componentize main -o app.wasm")
    assert LANGUAGE.official(UTIL, LANGUAGE.build(UTIL, CONTEXT)) is None
