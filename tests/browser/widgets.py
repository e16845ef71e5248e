"""A notebook with live widgets: its cells are run one by one, and a widget is compared with what a cell prints."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import nbformat
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import TOKEN
from tests.browser.test_notebook import open_notebook
from tests.conftest import wat_source

PICTURES = Path(os.environ.get("SPINLAB_PICTURES", Path(__file__).resolve().parents[2] / ".make"))
LOAD = "%load_ext spinlab\n%config Spin.widgets = 'live'\nimport spinlab\napp = spinlab.current_app()"
HOSTILE = "<img src=x onerror='window.ran=1'><script>window.ran=1</script>\"'`${window.ran=1}"
"""A text that runs where it is taken for HTML."""

HELLO = f"""from spinlab import Function
WAT = {wat_source()!r}
def hello(name, **options):
    return Function(name, WAT, language="wat", routes=options.pop("routes", (f"/{{name}}",)), **options)
"""

END = """async (token) => {
  const headers = {Authorization: `token ${token}`};
  const sessions = await (await fetch("/api/sessions", {headers})).json();
  await Promise.all(sessions.map((one) => fetch(`/api/sessions/${one.id}`, {method: "DELETE", headers})));
}"""
"""Ends every kernel."""


class Notebook:
    """A notebook on a page.

    Parameters:
        page: The page.
        lab: What the fixture gave.
        name: Of its file.
        *cells: Sources.
    """

    def __init__(self, page: Page, lab: tuple[str, Path], name: str, *cells: str) -> None:
        page.set_viewport_size({"width": 1200, "height": 1500})  # cells out of sight are not drawn
        self.page = page
        self.problems: list[str] = []
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        open_notebook(page, lab, name, *cells)

    def cell(self, index: int) -> Locator:
        """A cell by its place."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(index)

    def start(self, index: int) -> None:
        """Run a cell, and don't wait for it."""
        self.cell(index).locator(".cm-content").click()
        self.page.keyboard.press("Control+Enter")

    def run(self, index: int) -> Locator:
        """Run a cell to its end."""
        prompt = self.cell(index).locator(".jp-InputPrompt")
        before = prompt.inner_text()
        self.start(index)
        for _ in range(600):
            now = prompt.inner_text()
            if now not in (before, "[*]:"):
                return self.cell(index)
            self.page.wait_for_timeout(100)
        raise AssertionError(f"cell {index} does not end: {now}")

    def prints(self, index: int) -> str:
        """Run a cell, and what it wrote."""
        text: str = self.run(index).locator(".jp-OutputArea-output").first.inner_text()
        return text.strip()

    def is_running(self, index: int) -> bool:
        """Whether a cell has not ended."""
        found: str = self.cell(index).locator(".jp-InputPrompt").inner_text()
        return found == "[*]:"

    def saved(self, path: Path) -> Any:
        """Save, and the file once it has the output of every cell that has run."""
        count = self.page.locator(".jp-Notebook .jp-OutputArea-child").count()
        for _ in range(100):
            self.page.locator(
                ".jp-Toolbar [data-jp-item-name=save] button, .jp-Toolbar [data-jp-item-name=save] jp-button"
            ).first.click()
            self.page.wait_for_timeout(200)
            book = nbformat.read(path, as_version=4)
            if sum(len(cell.get("outputs", ())) for cell in book.cells) >= count:
                return book
        raise AssertionError("the notebook is not saved")

    def nothing_ran(self) -> None:
        """No text of a guest became code or an element."""
        assert self.page.evaluate("() => window.ran") is None
        assert self.problems == []
        assert self.page.locator(".spinlab img, .spinlab script").count() == 0


def picture(box: Locator, name: str) -> None:
    """A picture of a widget for the documentation."""
    PICTURES.mkdir(exist_ok=True)
    box.page.mouse.move(0, 0)
    box.screenshot(path=str(PICTURES / name))


def opened(notebook: Notebook, index: int, kind: str) -> Locator:
    """Run the cell of a widget, and the widget."""
    box = notebook.run(index).locator(f".sl-{kind}")
    expect(box).to_be_visible()
    return box


def assert_survives_reopening(page: Page, lab: tuple[str, Path], name: str, verb: str, words: str) -> None:
    """A notebook with a widget of `verb` shows its twin when it is opened without its kernel."""
    book = Notebook(
        page,
        lab,
        name,
        LOAD.replace("live", "auto"),
        HELLO + "app.add(hello('a', key_value_stores=('default',)));",
        verb,
    )
    for index in range(3):
        book.run(index)
    expect(book.cell(2).locator(".spinlab")).to_be_visible()
    saved = book.saved(lab[1] / name)
    data = saved.cells[2].outputs[0].data
    assert words in data["text/html"]
    assert words in data["text/plain"]
    assert "<script" not in data["text/html"]
    assert "widgets" not in saved.metadata
    page.evaluate(END, TOKEN)
    page.goto(f"{lab[0]}/lab/workspaces/again-{Path(name).stem}/tree/{name}?token={TOKEN}")
    output = page.locator(".jp-Notebook .jp-Cell").nth(2).locator(".jp-OutputArea-output")
    expect(output.first).to_contain_text(words)
    expect(page.locator(".jp-Notebook")).not_to_contain_text("Error displaying widget")
    expect(page.locator(".jp-Notebook .spinlab")).to_have_count(0)
    idle = page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]")
    expect(idle).to_be_visible()  # a server does not end while a kernel of it begins
