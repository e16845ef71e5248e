"""The files of an official project, without building it."""

from __future__ import annotations

import ast

import pytest

from spinlab.images.recipe import RECIPES
from spinlab.languages.python import official

FLAGS = {
    "0.2": "componentize-py --import-interface-name fermyon:spin/sqlite@2.0.0=sqlite -w spin-http componentize",
    "0.3": "componentize-py -w spin:up/http-trigger@4.1.0 componentize",
}
FORM = {"0.2": "IncomingHandler", "0.3": "HttpHandler"}


@pytest.mark.parametrize("wasi", RECIPES)
def test_a_class_cell_is_the_template_and_nothing_else(wasi: str) -> None:
    form = FORM[wasi]
    files = official.project("x = 1\n", wasi, form, (), {}, ())  # type: ignore[arg-type]
    assert set(files) == {"app.py", "requirements.txt"}
    assert files["app.py"] == b"x = 1\n"
    assert files["requirements.txt"].decode().split() == list(RECIPES[wasi].pins)
    assert official.command(wasi, form, ()) == f"{FLAGS[wasi]} app -o app.wasm"  # type: ignore[arg-type]


@pytest.mark.parametrize("wasi", RECIPES)
def test_a_short_cell_has_its_helpers_beside_it(wasi: str) -> None:
    files = official.project("x = 1\n", wasi, "handle", (), {"util": "y = 1\n"}, ("idna==3.10",))
    timers = {"timers.py"} if wasi == "0.3" else set()
    assert set(files) == {"app.py", "main.py", "requirements.txt", "short.py", "short_handler.py", "util.py"} | timers
    assert files["requirements.txt"].decode().split()[-1] == "idna==3.10"
    assert f"{FORM[wasi]} = handler_for(app.handle)" in files["main.py"].decode()
    assert official.command(wasi, "handle", ()) == f"{FLAGS[wasi]} main -o app.wasm"
    for name, data in files.items():
        if name.endswith(".py"):
            ast.parse(data)
            assert b"spinlab" not in data


@pytest.mark.parametrize("form", ["handle", "IncomingHandler"])
def test_what_is_imported_late_is_imported_when_it_is_built(form: str) -> None:
    files = official.project("x = 1\n", "0.2", form, ("csv", "xml.sax"), {}, ())  # type: ignore[arg-type]
    main = ast.parse(files["main.py"])
    assert {a.name for n in main.body if isinstance(n, ast.Import) for a in n.names} >= {"csv", "xml.sax"}
    assert official.entry(form, ("csv",)) == "main"  # type: ignore[arg-type]
