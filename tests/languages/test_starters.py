"""The first cell of every language answers as it is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from spinlab import App, Function, Request
from spinlab.doctor import missing_tools
from spinlab.errors import OptionError, SpinError
from spinlab.languages import all_languages, language, starter, templates, title_of, tools_of
from spinlab.languages.templates import NOT_HERE, SPIN_TEMPLATES, TEMPLATES
from spinlab.magics.cell import CELL, function_of
from spinlab.magics.options import parse
from spinlab.magics.verbs.new import cell

NAMES = [one.name for one in all_languages()]
SHOWN = {"wat": "You asked for /hello/there", "html": "<h1>Hello"}
"""Instead of the name in the query."""


def has(name: str, template: str) -> bool:
    try:
        starter(name, template)
    except OptionError:
        return False
    return True


CELLS = [(name, template) for name in NAMES for template in TEMPLATES if name != "wasm" and has(name, template)]


def declared(name: str, template: str) -> Function:
    """The function that the cell of a starter declares, its line read as the magic does."""
    missing = [check.what for check in missing_tools(name) if check.state == "missing"]
    if missing:
        pytest.skip(f"not here: {', '.join(missing)}")
    line, _, body = cell(language(name), templates.NAMES[template], template).partition("\n")
    assert line.startswith("%%spin ")
    return function_of(parse(CELL, line, len("%%spin")), f"{body}\n", origin="a cell")


@pytest.mark.parametrize(("name", "template"), CELLS, ids=[f"{n}-{t}" for n, t in CELLS])
def test_a_starter_answers_as_it_is(name: str, template: str, tmp_path: Path) -> None:
    function = declared(name, template)
    path = f"/{function.name}" + ("" if name == "html" else "/there")
    with App("test", state_dir=tmp_path) as app:
        live = app.add(function)
        assert live is not None
        assert not live.build.warnings
        if template == "sqlite":
            app.post(path, "the first note")
        if template == "kv":
            assert "1" in app.get(path).text
        answer = app.handle(Request("GET", f"{path}?name=ada" if template == "http" else path))
    shown = {
        "http": SHOWN.get(name, "ada"),
        "kv": "visit number 2",
        "sqlite": "the first note",
        "fetch": "the answer from inside",
    }[template]
    assert answer.status == 200, (answer.text, answer.logs)
    assert shown in answer.text
    assert not answer.calls or not any(call.denied for call in answer.calls)


@pytest.mark.parametrize("name", NAMES)
def test_a_language_says_what_it_is_called_and_what_it_needs(name: str) -> None:
    chosen = language(name)
    assert title_of(chosen)[0].isupper()
    assert getattr(chosen, "extension", "")
    assert all(tool.remedy for tool in tools_of(chosen))
    assert has(name, "http")


@pytest.mark.parametrize("name", NAMES)
def test_a_template_that_a_language_lacks_is_said(name: str) -> None:
    with pytest.raises(OptionError) as caught:
        starter(name, "nosuch")
    assert caught.value.hint


def test_every_template_of_spin_is_something_here() -> None:
    for known in SPIN_TEMPLATES.values():
        assert known.line.startswith("%spin ") or known.language
    assert not set(SPIN_TEMPLATES) & set(NOT_HERE)


@pytest.mark.parametrize("name", [name for name, template in CELLS if template == "http"])
def test_a_starter_with_a_character_less_works_or_says_what_is_wrong_in_it(name: str, tmp_path: Path) -> None:
    whole = declared(name, "http")
    assert isinstance(whole.source, str)
    places = [at for at, character in enumerate(whole.source) if not character.isspace()]
    tried = places[:: max(1, len(places) // (3 if name in ("rust", "go") else 9))]
    wrong: list[SpinError] = []
    with App("test", state_dir=tmp_path) as app:
        app.add(whole)
        for at in tried:
            before = app["hello"].revision
            try:
                app.add(replace(whole, source=whole.source[:at] + whole.source[at + 1 :]))
            except SpinError as error:
                wrong.append(error)
                assert app["hello"].revision == before
            assert app.get("/hello").status in (200, 404, 500)
    for error in wrong:
        assert error.message
        assert error.location is None or 1 <= error.location.line <= whole.source.count("\n") + 2
    if name != "html":  # a page is never wrong
        assert any(error.location is not None for error in wrong), wrong
