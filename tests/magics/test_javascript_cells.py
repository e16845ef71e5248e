"""JavaScript and TypeScript cells in a kernel: the card, errors in the cell's lines, modules, what is written."""

from __future__ import annotations

import pytest

from tests.magics.conftest import Kernel

pytestmark = pytest.mark.toolchain


@pytest.mark.parametrize("language", ["javascript", "js", "typescript", "ts"])
def test_a_cell_answers_and_its_errors_name_its_lines(kernel: Kernel, language: str) -> None:
    name = f"sub-{language}"
    source = f"%%spin {language} {name} --route /{name}/:a/:b\nfunction handle(request) {{\n"
    kernel.run(f"{source}  return `${{request.params.a - request.params.b}}`\n}}").ok()
    assert "42" in kernel.run(f"%spin get /{name}/64/22").ok().text
    failing = f"{source}  console.log('before')\n  return null.x\n}}"
    kernel.run(failing).ok()
    shown = kernel.run(f"%spin get /{name}/64/22").ok().text
    assert "before" in shown
    assert "line 4" in shown
    assert f"{name}.js" not in shown
    assert f"{name}.ts" not in shown


def test_a_syntax_error_has_a_caret_in_the_cell(kernel: Kernel) -> None:
    ran = kernel.run("%%spin js broken\nfunction handle() {\n  return 'hi\n}").error("SourceError")
    assert "unterminated string literal" in ran.traceback
    assert "line 3" in ran.traceback
    assert "^" in ran.traceback


def test_an_error_at_the_top_level_has_its_line(kernel: Kernel) -> None:
    ran = kernel.run("%%spin ts early\ntype A = number\n\nnull.x\nfunction handle() {}").error("SourceError")
    assert "can't access property" in ran.traceback
    assert "line 4" in ran.traceback


def test_a_module_is_used_and_replaced(kernel: Kernel) -> None:
    kernel.run("%%spin js words --module\nexport const word = 'first'").ok()
    kernel.run("%%spin js says --route /says\nimport { word } from './words.js'\nexport const handle = () => word").ok()
    assert "first" in kernel.run("%spin get /says").ok().text
    kernel.run("%%spin js words --module\nexport const word = 'second'").ok()
    assert "second" in kernel.run("%spin get /says").ok().text


def test_an_error_inside_a_module_names_the_modules_cell(kernel: Kernel) -> None:
    kernel.run("%%spin js deep --module\n\nexport const fail = () => { throw new Error('deep down') }").ok()
    kernel.run(
        "%%spin js calls --route /calls\nimport { fail } from './deep.js'\nexport const handle = () => fail()"
    ).ok()
    shown = kernel.run("%spin get /calls").ok().text
    assert "deep down" in shown
    assert shown.count(", line 3") == 2
