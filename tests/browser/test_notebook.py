from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Page, expect

from tests.browser.jupyterlab import TOKEN, open_notebook

pytestmark = pytest.mark.browser
PICTURE = Path(os.environ.get("SPINLAB_PICTURES", Path(__file__).resolve().parents[2] / ".make")) / "cell.png"
SOLUTIONS = Path(__file__).resolve().parents[2] / "notebooks" / "solutions"
HELLO = """\
%%spin hello --route /hello/:name
def handle(request):
    print("someone called", request.params["name"])
    return {"hello": request.params["name"], "letters": len(request.params["name"])}"""
BROKEN = """\
%%spin hello --route /hello/:name
def handle(request)
    return "no colon above\""""

expect.set_options(timeout=60_000)  # a machine that is busy with other tests takes its time


def run_all(page: Page) -> None:
    page.locator(".lm-MenuBar-item", has_text="Run").first.click()
    page.locator(".lm-Menu-item", has_text="Run All Cells").first.click()


def test_a_cell_in_jupyterlab_shows_its_card_and_the_answer(page: Page, lab: tuple[str, Path]) -> None:
    open_notebook(page, lab, "hello.ipynb", "%load_ext spinlab", HELLO, "%spin get /hello/ada")
    run_all(page)
    outputs = page.locator(".jp-Notebook .jp-OutputArea-output")
    expect(outputs.first).to_contain_text("nothing", timeout=120_000)
    link = page.locator(".jp-OutputArea-output a[href*='/hello/']").first
    expect(link).to_be_visible()
    expect(page.locator(".jp-Notebook")).to_contain_text("letters", timeout=60_000)
    expect(page.locator(".jp-Notebook")).to_contain_text("someone called ada")
    PICTURE.parent.mkdir(exist_ok=True)
    take_picture(page)


def take_picture(page: Page) -> None:
    """The cells and nothing below them."""
    page.keyboard.press("Escape")
    first = page.locator(".jp-Notebook .jp-Cell").first.bounding_box()
    last = page.locator(".jp-Notebook .jp-Cell").last.bounding_box()
    assert first
    assert last
    height = last["y"] + last["height"] - first["y"]
    page.screenshot(
        path=str(PICTURE), clip={"x": first["x"], "y": first["y"], "width": first["width"], "height": height + 8}
    )


def test_an_error_points_into_the_cell_and_the_old_version_serves(page: Page, lab: tuple[str, Path]) -> None:
    open_notebook(page, lab, "broken.ipynb", "%load_ext spinlab", HELLO, BROKEN)
    run_all(page)
    error = page.locator(
        ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr'], .jp-RenderedText", has_text="line 2"
    )
    expect(error.first).to_contain_text("Cell In[3], line 2", timeout=120_000)
    expect(error.first).to_contain_text("expected ':'")


def test_a_saved_card_needs_no_kernel_and_no_script(page: Page, lab: tuple[str, Path]) -> None:
    open_notebook(page, lab, "saved.ipynb", "%load_ext spinlab", HELLO)
    run_all(page)
    expect(page.locator(".jp-OutputArea-output").first).to_contain_text("nothing", timeout=120_000)
    page.keyboard.press("Control+s")
    page.wait_for_function("() => !document.querySelector('.jp-NotebookPanel .jp-mod-dirty')")
    page.wait_for_timeout(1000)
    saved = nbformat.read(lab[1] / "saved.ipynb", as_version=4)
    (output,) = (o for c in saved.cells for o in c.outputs if o.output_type in ("display_data", "execute_result"))
    assert "<script" not in output.data["text/html"].lower()
    page.goto(f"{lab[0]}/lab/workspaces/again/tree/saved.ipynb?token={TOKEN}")
    expect(page.locator(".jp-OutputArea-output").first).to_contain_text("nothing", timeout=60_000)
    expect(page.locator(".jp-Notebook")).not_to_contain_text("Error displaying")


def test_a_first_cell_is_put_below_and_works_as_it_is(page: Page, lab: tuple[str, Path]) -> None:
    open_notebook(page, lab, "new.ipynb", "%load_ext spinlab", "%spin new wat --template http")
    run_all(page)
    below = page.locator(".jp-Notebook .jp-Cell", has_text="%%spin wat hello")
    expect(below).to_be_visible(timeout=120_000)
    below.locator(".cm-content").click()
    page.keyboard.press("Shift+Enter")
    expect(below.locator(".jp-OutputArea-output").first).to_contain_text("revision 1", timeout=60_000)


def test_the_calculators_page_asks_the_functions(page: Page, lab: tuple[str, Path]) -> None:
    book = nbformat.read(SOLUTIONS / "02-calculator.ipynb", as_version=4)
    cells = [cell.source for cell in book.cells if cell.id in ("versions", "add", "sub", "index")]
    open_notebook(page, lab, "calculator.ipynb", *cells)
    run_all(page)
    link = page.locator(".jp-Cell", has_text="%%spin html index").locator(".jp-OutputArea-output a").first
    expect(link).to_be_visible(timeout=300_000)
    page.goto(str(link.get_attribute("href")))
    page.get_by_role("button", name="+").click()
    expect(page.locator("output")).to_have_text("84 + 2 = 86")
    page.get_by_role("button", name="−").click()  # noqa: RUF001 - as on the page
    expect(page.locator("output")).to_have_text("84 - 2 = 82")
    page.get_by_role("button", name="×").click()  # noqa: RUF001 - as on the page
    expect(page.locator("output")).to_have_text("mul: 404")
