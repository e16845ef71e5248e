"""Commands, toolbar, launcher and marks in a real JupyterLab."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import TOKEN
from tests.browser.test_notebook import run_all
from tests.browser.test_panel import NAMED, command, row, shown
from tests.browser.widgets import LOAD, Notebook

pytestmark = pytest.mark.browser

BROKEN = """\
%%spin hello --route /hello/:name
def handle(request)
    return "no colon above\""""
PALETTE = (
    "Export as a Spin project",
    "Send requests (console)",
    "Check this environment (doctor)",
    "New notebook: Serverless WebAssembly",
    "Show the panel",
)


def test_the_app_is_exported_from_the_toolbar(page: Page, lab: tuple[str, Path]) -> None:
    book = Notebook(page, lab, "export.ipynb", LOAD, NAMED)
    book.run(0)
    book.run(1)
    page.locator(".jp-NotebookPanel-toolbar [data-jp-item-name='spinlab-export'] >> visible=true").first.click()
    dialog = page.locator(".jp-Dialog")
    dialog.get_by_role("textbox").fill("written")
    dialog.get_by_role("button", name="Export").click()
    expect(page.locator(".Toastify__toast")).to_contain_text("spin up -f written")
    assert 'route = "/hello/:name"' in (lab[1] / "written" / "spin.toml").read_text()


def test_an_export_that_fails_says_why(page: Page, lab: tuple[str, Path]) -> None:
    (lab[1] / "taken").write_text("a file")
    book = Notebook(page, lab, "export-not.ipynb", LOAD, NAMED)
    book.run(0)
    book.run(1)
    shown(page).get_by_role("button", name="Export").click()
    dialog = page.locator(".jp-Dialog")
    dialog.get_by_role("textbox").fill("taken")
    dialog.get_by_role("button", name="Export").click()
    expect(page.locator(".Toastify__toast")).to_contain_text("taken is a file. give the name of a folder")


def test_the_palette_has_the_commands_and_a_cell_runs_them(page: Page, lab: tuple[str, Path]) -> None:
    book = Notebook(page, lab, "palette.ipynb", LOAD, "1 + 1")
    expect(page.locator("[data-jp-item-name='spinlab-export'] >> visible=true")).to_have_count(1)  # it mentions spinlab
    book.run(0)
    page.keyboard.press("Control+Shift+C")
    field = page.locator(".lm-CommandPalette-input")
    for label in PALETTE:
        field.fill(label)
        expect(page.locator(".lm-CommandPalette-item", has_text=label)).to_have_count(1)
    field.fill("doctor")
    page.locator(".lm-CommandPalette-item", has_text="doctor").click()
    made = page.locator(".jp-Notebook .jp-Cell", has_text="%spin doctor")
    expect(made.locator(".jp-OutputArea-output").first).to_contain_text("wasmtime", timeout=120_000)


def test_the_launchers_card_opens_a_notebook_that_works(page: Page, lab: tuple[str, Path]) -> None:
    page.goto(f"{lab[0]}/lab/workspaces/launcher?token={TOKEN}")
    page.locator(".jp-LauncherCard", has_text="Serverless WebAssembly").click()
    page.wait_for_selector(".jp-Notebook .jp-Cell")
    expect(page.locator(".jp-Toolbar-kernelName")).to_contain_text("Python 3")
    expect(page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]")).to_be_visible()
    run_all(page)
    expect(page.locator(".jp-Notebook")).to_contain_text("someone called ada", timeout=120_000)
    expect(row(shown(page), "hello")).to_contain_text("1 request")
    nbformat.validate(nbformat.read(lab[1] / "serverless.ipynb", as_version=4))
    command(page, "spinlab:new")
    expect(page.locator(".jp-DirListing-item", has_text="serverless-2.ipynb")).to_be_visible()


def test_the_place_of_an_error_is_marked_until_the_cell_runs_well(page: Page, lab: tuple[str, Path]) -> None:
    book = Notebook(page, lab, "marks.ipynb", LOAD, BROKEN)
    book.run(0)
    book.run(1)
    mark = book.cell(1).locator(".jp-spinlab-error")
    expect(mark).to_be_visible()
    page.reload()  # the kernel remembers it
    expect(book.cell(1).locator(".jp-spinlab-error")).to_be_visible()
    book.cell(1).locator(".cm-line", has_text="def handle").click()
    page.keyboard.press("End")
    page.keyboard.type(":")
    page.keyboard.press("Control+Enter")
    expect(book.cell(1).locator(".jp-OutputArea-output").first).to_contain_text("revision 1", timeout=120_000)
    expect(mark).to_have_count(0)
