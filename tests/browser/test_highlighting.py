"""Colours, indentation, comments and error marks of `%%spin` cells, in a real JupyterLab."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.jupyterlab import TOKEN, jupyterlab
from tests.browser.test_notebook import open_notebook, run_all

pytestmark = pytest.mark.browser
Lab = tuple[str, Path]

CELLS = {
    "python": (
        '%%spin python py\n# note\ndef handle(request):\n    return "text", 42',
        "def",
        "# note",
        '"text"',
        "42",
    ),
    "bare name": ('%%spin shop\n# note\ndef handle(request):\n    return "text", 42', "def", "# note", '"text"', "42"),
    "javascript": ('%%spin js a\n// note\nlet a = "text" + 42;', "let", "// note", '"text"', "42"),
    "typescript": (
        '%%spin typescript a\n// note\ninterface A { b: string }\nlet a = "text" + 42;',
        "interface",
        "// note",
        '"text"',
        "42",
    ),
    "rust": ('%%spin rust a\n// note\nfn f() { let a = "text"; let b = 42; }', "fn", "// note", '"text"', "42"),
    "c": (
        '%%spin c a\n#include <stdio.h>\n// note\nint f(void) { return 42; }\nchar *s = "text";',
        "return",
        "// note",
        '"text"',
        "42",
    ),
    "c++": ('%%spin c++ a\n// note\nclass A { int b = 42; };\nauto s = "text";', "class", "// note", '"text"', "42"),
    "zig": (
        '%%spin zig a\n// note\npub fn f() void { const a = "text"; _ = a; _ = 42; }',
        "pub",
        "// note",
        '"text"',
        "42",
    ),
    "go": ('%%spin go a\n// note\nfunc f() { a := "text"; b := 42 }', "func", "// note", '"text"', "42"),
    "wat": (
        '%%spin wat a\n;; note\n(module (func (result i32) i32.const 42) (export "text" (func 0)))',
        "module",
        ";; note",
        '"text"',
        "42",
    ),
    "options first": ('%%spin --route /x rust a\n// note\nfn f() { ("text", 42) }', "fn", "// note", '"text"', "42"),
    "sql": ("%%spinsql\n-- note\nSELECT 'text' FROM t WHERE a = 42", "SELECT", "-- note", "'text'", "42"),
    "blank lines first": ('\n\n%%spin rust a\n// note\nfn f() { ("text", 42) }', "fn", "// note", '"text"', "42"),
}
"""Cell -> its text, and a keyword, a comment, a string and a number in it."""
ROLES = ("keyword", "comment", "string", "number")

COLOUR = """(cell, text) => {
  for (const line of cell.querySelectorAll('.cm-line'))
    for (const span of line.querySelectorAll('span'))
      if (span.textContent.trim() === text) return getComputedStyle(span).color;
  return null;
}"""
VARIABLE = """(cell, name) => {
  const probe = document.createElement('span');
  probe.style.color = `var(--jp-mirror-editor-${name}-color)`;
  cell.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}"""
PUT = """texts => {
  const {model} = window.jupyterapp.shell.currentWidget.content;
  const cells = texts.map(source => ({cell_type: 'code', source}));
  model.sharedModel.transact(() => {
    model.sharedModel.deleteCellRange(0, model.sharedModel.cells.length);
    model.sharedModel.insertCells(0, cells);
  });
}"""
SERVICE = """([name, call, values]) => {
  const {pluginRegistry} = window.jupyterapp;
  const token = [...pluginRegistry._services.keys()].find(token => token.name === name);
  return window.jupyterapp.resolveRequiredService(token).then(service => service[call](...values)).then(() => null);
}"""


@pytest.fixture(scope="module")
def book(browser: Browser, lab: Lab) -> Iterator[Page]:
    """A notebook with a kernel, whose cells each test puts anew."""
    context = browser.new_context(viewport={"width": 1100, "height": 1400})
    page = context.new_page()
    page.set_default_timeout(60_000)
    open_notebook(page, lab, "highlighting.ipynb", "x = 1")
    yield page
    context.close()


def put(page: Page, *texts: str) -> None:
    """Replace the cells of the notebook."""
    page.evaluate(PUT, list(texts))
    expect(page.locator(".jp-Notebook .jp-CodeCell")).to_have_count(len(texts))


def cell(page: Page, number: int = 0) -> Locator:
    return page.locator(".jp-Notebook .jp-CodeCell").nth(number)


def colour(where: Locator, text: str) -> Any:
    return where.evaluate(COLOUR, text)


def wait_for_colour(where: Locator, text: str, role: str) -> None:
    """Until the text has the colour that the theme gives to this role."""
    for _ in range(300):
        if (found := colour(where, text)) == where.evaluate(VARIABLE, role):
            return
        where.page.wait_for_timeout(100)
    pytest.fail(f"{text!r} is {found}, not {role}, in {where.locator('.cm-content').inner_html()}")


def service(page: Page, name: str, call: str, *values: Any) -> None:
    """Call a method of a service of the running application."""
    page.evaluate(SERVICE, [name, call, list(values)])


def switch(page: Page, plugin: str, enabled: bool) -> None:
    service(page, "@jupyterlab/coreutils:ISettingRegistry", "set", plugin, "enabled", enabled)


def text_of(where: Locator) -> str:
    return str(where.evaluate("c => [...c.querySelectorAll('.cm-line')].map(l => l.textContent).join('\\n')"))


def cell_id(page: Page, number: int = 0) -> str:
    found = page.evaluate(
        "n => window.jupyterapp.shell.currentWidget.content.widgets.filter(w => w.model.type === 'code')[n].model.id",
        number,
    )
    return str(found)


def test_each_language_has_its_colours(book: Page) -> None:
    put(book, *(text for text, *_ in CELLS.values()))
    for number, (name, (_, *words)) in enumerate(CELLS.items()):
        where = cell(book, number)
        where.scroll_into_view_if_needed()
        for role, word in zip(ROLES, words, strict=True):
            wait_for_colour(where, word, role)
        assert colour(where, words[0]) != colour(where, words[1]), name


def test_html_has_the_colours_of_its_tags_and_of_the_script_inside(book: Page) -> None:
    text = '%%spin html page\n<!-- note -->\n<p class="x">hi</p>\n<script>let a = 42</script>'
    put(book, text)
    wait_for_colour(cell(book), "p", "tag")
    wait_for_colour(cell(book), "class", "attribute")
    wait_for_colour(cell(book), "<!-- note -->", "comment")
    wait_for_colour(cell(book), "let", "keyword")


def test_the_magic_line_has_a_style_of_its_own(book: Page) -> None:
    put(book, "%%spin rust fast --route /x\nfn f() {}", "%%spin other\nx = 1")
    wait_for_colour(cell(book), "%%spin", "meta")
    wait_for_colour(cell(book), "rust", "keyword")
    wait_for_colour(cell(book), "--route", "attribute")
    wait_for_colour(cell(book, 1), "%%spin", "meta")


def test_the_colours_outlast_the_start_of_the_kernel(book: Page) -> None:
    put(book, *["%%spin rust a\nfn f() { let x = 1; }"] * 4)
    wait_for_colour(cell(book, 3), "fn", "keyword")
    for _ in range(2):
        book.evaluate("() => { void window.jupyterapp.commands.execute('kernelmenu:restart'); }")
        book.locator(".jp-Dialog .jp-mod-accept").click()
        book.wait_for_function(
            "() => window.jupyterapp.shell.currentWidget.sessionContext.kernelDisplayStatus === 'idle'"
        )
    # The notebook gives every cell Python again; what remains is what was set last.
    book.evaluate(
        """() => { const book = window.jupyterapp.shell.currentWidget.content;
                   for (const w of book.widgets) w.model.mimeType = 'text/x-ipython'; }"""
    )
    for number in range(4):
        wait_for_colour(cell(book, number), "fn", "keyword")
    book.wait_for_timeout(300)
    for number in range(4):
        wait_for_colour(cell(book, number), "fn", "keyword")


def test_the_language_follows_the_first_line_as_it_is_typed(book: Page) -> None:
    put(book, "fn f() { pass }\ndef g(): pass", "x = 1")
    wait_for_colour(cell(book), "def", "keyword")
    cell(book).locator(".cm-content").click()
    book.keyboard.press("Control+Home")
    book.keyboard.insert_text("%%spin rust a\n")
    wait_for_colour(cell(book), "fn", "keyword")
    book.keyboard.press("Control+Home")
    book.keyboard.press("Shift+ArrowDown")
    book.keyboard.press("Delete")
    wait_for_colour(cell(book), "def", "keyword")
    assert colour(cell(book), "fn") != colour(cell(book), "def")


@pytest.mark.parametrize(
    ("heading", "line", "commented"),
    [
        ("%%spin rust a", "let a = 1;", "// let a = 1;"),
        ("%%spin a", "x = 1", "# x = 1"),
        ("%%spin wat a", "(module)", ";; (module)"),
        ("%%spin zig a", "const a = 1;", "// const a = 1;"),
        ("%%spin go a", "x := 1", "// x := 1"),
        ("%%spin html a", "<p>x</p>", "<!-- <p>x</p> -->"),
        ("%%spinsql", "SELECT 1", "-- SELECT 1"),
        ("%%spintest", "request = 1", "# request = 1"),
    ],
)
def test_comments_are_toggled_as_the_language_has_them(book: Page, heading: str, line: str, commented: str) -> None:
    put(book, f"{heading}\n{line}")
    wait_for_colour(cell(book), heading.split()[0], "meta")
    cell(book).locator(".cm-content").click()
    book.keyboard.press("Control+End")
    book.keyboard.press("Control+/")
    assert text_of(cell(book)) == f"{heading}\n{commented}"
    book.keyboard.press("Control+/")
    assert text_of(cell(book)) == f"{heading}\n{line}"


def test_several_lines_are_toggled_and_a_magic_line_never(book: Page) -> None:
    put(book, "%%spin rust a\nlet a = 1;\nlet b = 2;")
    wait_for_colour(cell(book), "let", "keyword")
    cell(book).locator(".cm-content").click()
    book.keyboard.press("Control+a")
    book.keyboard.press("Control+/")
    assert text_of(cell(book)) == "%%spin rust a\nlet a = 1;\nlet b = 2;"
    book.keyboard.press("Control+Home")
    book.keyboard.press("ArrowDown")
    book.keyboard.press("Control+Shift+End")
    book.keyboard.press("Control+/")
    assert text_of(cell(book)) == "%%spin rust a\n// let a = 1;\n// let b = 2;"


@pytest.mark.parametrize(
    ("text", "blanks"),
    [
        ("%%spin rust a\nfn f() {", 4),
        ("%%spin rust a\nfn f() {}", 0),
        ("%%spin a\ndef f():", 4),
        ("%%spin a\ndef f():\n    if x:\n        y = 1", 8),
        ("%%spin a\nx = 1", 0),
        ("%%spin zig a\nfn f() void {", 4),
        ("%%spin zig a\nfn f() void {}", 0),
        ("%%spin go a\nfunc f() {", 4),
        ("%%spin js a\nfunction f() {", 4),
        ("%%spin cpp a\nint f() {", 4),
        ("%%spin html a\n<ul>", 4),
    ],
)
def test_a_new_line_is_indented_by_the_language(book: Page, text: str, blanks: int) -> None:
    put(book, text)
    wait_for_colour(cell(book), "%%spin", "meta")
    cell(book).locator(".cm-content").click()
    book.keyboard.press("Control+End")
    book.keyboard.press("Enter")
    book.keyboard.type("x")
    assert text_of(cell(book)) == f"{text}\n{' ' * blanks}x"
    book.keyboard.press("Control+Home")
    book.keyboard.press("End")
    book.keyboard.press("Enter")
    book.keyboard.type("y")
    assert text_of(cell(book)).splitlines()[1] == "y"


def test_the_setting_switches_the_colours_at_once(book: Page) -> None:
    put(book, "%%spin rust a\nfn f() { let x = 1; }")
    wait_for_colour(cell(book), "let", "keyword")
    try:
        switch(book, "spinlab:highlight", False)
        book.wait_for_function(
            "() => window.jupyterapp.shell.currentWidget.content.widgets[0].model.mimeType === 'text/x-ipython'"
        )
        expect(cell(book).locator(".cm-line span", has_text=re.compile("^let$"))).to_have_count(0)
    finally:
        switch(book, "spinlab:highlight", True)
    wait_for_colour(cell(book), "let", "keyword")


def test_the_dark_theme_gives_the_colours_its_own_values(book: Page) -> None:
    put(book, "%%spin rust a\nfn f() { let x = 1; }")
    wait_for_colour(cell(book), "let", "keyword")
    light = colour(cell(book), "let")
    try:
        service(book, "@jupyterlab/apputils:IThemeManager", "setTheme", "JupyterLab Dark")
        book.wait_for_function("() => document.body.dataset.jpThemeLight === 'false'")
        wait_for_colour(cell(book), "let", "keyword")
        assert colour(cell(book), "let") != light
    finally:
        service(book, "@jupyterlab/apputils:IThemeManager", "setTheme", "JupyterLab Light")


def mark(page: Page, *diagnostics: dict[str, Any]) -> None:
    service(page, "spinlab:IErrorMarks", "mark", cell_id(page), list(diagnostics))


def underlined(page: Page) -> Locator:
    return cell(page).locator(".cm-content .jp-spinlab-error")


def test_an_error_is_underlined_and_its_line_has_a_sign(book: Page) -> None:
    put(book, '%%spin rust a\nlet s = "🦀🦀" + wrong;\nfn\n')
    mark(book, {"line": 2, "column": 16, "end_column": 21, "message": "<b>not</b> found"})
    expect(underlined(book)).to_have_text("wrong")
    expect(underlined(book).first).to_have_css("text-decoration-style", "wavy")
    sign = cell(book).locator(".jp-spinlab-errorSign")
    expect(sign).to_have_attribute("title", "<b>not</b> found")
    line = cell(book).locator(".cm-line").nth(1).bounding_box()
    place = sign.bounding_box()
    assert line
    assert place
    assert line["y"] - 3 <= place["y"] <= line["y"] + line["height"]
    underlined(book).first.hover()
    expect(book.locator(".jp-spinlab-errorTip")).to_have_text("<b>not</b> found")
    service(book, "spinlab:IErrorMarks", "clear", cell_id(book))
    expect(underlined(book)).to_have_count(0)
    expect(cell(book).locator(".cm-gutters")).to_have_count(0)


@pytest.mark.parametrize(
    ("diagnostic", "text"),
    [
        ({"line": 2}, "def f(x)"),
        ({"line": 2, "column": 5}, "f"),
        ({"line": 2, "column": 9, "end_column": 10}, ")"),
        ({"line": 2, "column": 9999}, ")"),
        ({"line": 99}, "pass"),
        ({"line": -1}, "%%spin a"),
        ({"line": 2, "column": 7, "end_column": 3}, "x"),
    ],
)
def test_a_place_that_is_odd_marks_the_nearest_text(book: Page, diagnostic: dict[str, Any], text: str) -> None:
    put(book, "%%spin a\ndef f(x)\n    pass")
    wait_for_colour(cell(book), "def", "keyword")
    mark(book, {"message": "odd", **diagnostic})
    expect(underlined(book).first).to_be_visible()
    assert "".join(underlined(book).all_text_contents()) == text


def test_marks_move_with_the_text_and_go_when_the_cell_runs_well(book: Page) -> None:
    put(book, "x = 1\nwrong = 2")
    mark(book, {"line": 2, "column": 1, "end_column": 6, "message": "m"})
    expect(underlined(book)).to_have_text("wrong")
    cell(book).locator(".cm-content").click()
    book.keyboard.press("Control+Home")
    book.keyboard.insert_text("# a line above\n")
    expect(underlined(book)).to_have_text("wrong")
    run_all(book)
    expect(underlined(book)).to_have_count(0)


def test_the_setting_hides_the_marks_at_once(book: Page) -> None:
    put(book, "x = 1")
    mark(book, {"line": 1, "message": "m"})
    expect(underlined(book).first).to_be_visible()
    try:
        switch(book, "spinlab:errors", False)
        expect(underlined(book)).to_have_count(0)
    finally:
        switch(book, "spinlab:errors", True)
    expect(underlined(book).first).to_be_visible()


BROKEN = "%%spin broken --route /x\ndef handle(request)\n    return 1"


def test_a_cell_that_fails_is_marked_until_it_runs_well(book: Page) -> None:
    put(book, "%load_ext spinlab", BROKEN, "1")
    run_all(book)
    mark = cell(book, 1).locator(".cm-content .jp-spinlab-error")
    expect(mark).to_have_text(")")
    expect(cell(book, 1).locator(".jp-spinlab-errorSign")).to_have_attribute("title", re.compile("expected ':'"))
    cell(book, 1).locator(".cm-line").nth(1).click()
    book.keyboard.press("End")
    book.keyboard.type(":")
    book.keyboard.press("Shift+Enter")
    expect(mark).to_have_count(0)
    expect(cell(book, 1).locator(".jp-OutputArea-output").first).to_contain_text("revision 1")


def test_notebook_7_has_the_colours_and_the_marks(page: Page, tmp_path: Path) -> None:
    folder = tmp_path / "notebooks"
    folder.mkdir()
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in ("%load_ext spinlab", BROKEN)])
    made.cells.append(nbformat.v4.new_code_cell("%%spin rust a\nfn f() { let x = 1; }"))
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(made, folder / "seven.ipynb")
    with jupyterlab(folder, tmp_path / "settings", program="notebook") as url:
        page.goto(f"{url}/notebooks/seven.ipynb?token={TOKEN}")
        page.wait_for_selector(".jp-Notebook .jp-Cell")
        wait_for_colour(cell(page, 2), "let", "keyword")
        expect(page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]")).to_be_visible()
        for number in range(2):
            cell(page, number).locator(".cm-content").click()
            page.keyboard.press("Shift+Enter")
            expect(cell(page, number).locator(".jp-InputPrompt")).to_have_text(f"[{number + 1}]:")
        expect(cell(page, 1).locator(".cm-content .jp-spinlab-error")).to_have_text(")")
        wait_for_colour(cell(page, 1), "def", "keyword")
