"""Cards and live widgets as results: drawn from their JSON alone, live while the kernel is there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import TOKEN
from tests.browser.test_notebook import run_all
from tests.browser.test_panel import NAMED, command, kernel_of, start_on
from tests.browser.widgets import HOSTILE, Notebook, picture

pytestmark = pytest.mark.browser

CARD = "application/vnd.spinlab.function.v1+json"
RENDERED = "%load_ext spinlab\nimport spinlab\napp = spinlab.current_app()"
WIDGET = "from spinlab.widgets import Capabilities\nwidget = Capabilities()\nwidget"


def card(book: Notebook, index: int) -> Locator:
    """The card under a cell."""
    return book.cell(index).locator(".jp-spinlab-card")


def saved(page: Page, lab: tuple[str, Path], name: str) -> Any:
    """Save the notebook; what was saved."""
    page.evaluate("""async () => {
      for (const widget of window.jupyterapp.shell.widgets("main")) await widget.context?.save();
    }""")
    return nbformat.read(lab[1] / name, as_version=4)


def with_card(lab: tuple[str, Path], name: str, shown: dict[str, Any]) -> None:
    """A saved notebook that holds a card and nothing beside it."""
    output = nbformat.v4.new_output("execute_result", {CARD: shown}, execution_count=1)
    cell = nbformat.v4.new_code_cell("%%spin was\n...", outputs=[output], execution_count=1)
    book = nbformat.v4.new_notebook(cells=[cell])
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(book, lab[1] / name)


def facts(text: str) -> dict[str, Any]:
    """The JSON of a card whose every text is this one."""
    denied = {"capability": text, "target": text, "option": text, "manifest": text, "count": 1}
    return {
        **dict.fromkeys(("name", "language", "title", "wasi", "executor", "argv"), text),
        **{key: [text] for key in ("routes", "touches", "modules", "remarks")},
        "revision": 1,
        "module": False,
        "private": False,
        "url": f"javascript:window.ran=1//{text}",
        "sizes": {"component": 1, "compressed": 1, "compiled": 1},
        "cached": False,
        "image": False,
        "reuse": 1,
        "seconds": {"build": 1, "compile": 1, "cold_start": 1},
        "requests": 1,
        "used": {},
        "denied": [denied],
    }


def test_a_card_sends_a_request_and_tells_what_became_of_its_function(page: Page, lab: tuple[str, Path]) -> None:
    state = "live = app['hello']\nprint(live.revision, live.usage.requests)"
    book = Notebook(page, lab, "card.ipynb", RENDERED, NAMED, NAMED.replace('"hello "', '"goodbye "'), state)
    book.run(0)
    book.run(1)
    first = card(book, 1)
    expect(first).to_contain_text("WASI 0.2 · revision 1")
    expect(first.locator("a")).to_have_attribute("href", re.compile(r"/hello/name$"))
    first.get_by_role("button", name="Send a request").click()
    first.get_by_role("textbox").first.fill("ada")
    page.keyboard.press("Enter")
    expect(first.locator(".sl-response")).to_contain_text("hello ada")
    expect(first).to_contain_text("1 request so far")
    assert book.prints(3) == "1 1"
    picture(first, "card.png")
    book.run(2)
    expect(first).to_contain_text("revision 2 is live now")
    card(book, 2).get_by_role("button", name="Undo").click()
    expect(card(book, 2)).to_contain_text("revision 1 is live now")
    assert book.prints(3).startswith("1 ")
    assert book.problems == []


def test_a_saved_card_is_drawn_from_its_json_alone(page: Page, lab: tuple[str, Path]) -> None:
    book = Notebook(page, lab, "source.ipynb", RENDERED, NAMED)
    book.run(0)
    book.run(1)
    (output,) = saved(page, lab, "source.ipynb").cells[1].outputs
    with_card(lab, "alone.ipynb", output.data[CARD])
    page.goto(f"{lab[0]}/lab/workspaces/alone/tree/alone.ipynb?token={TOKEN}")
    shown = page.locator(".jp-spinlab-card")
    expect(shown).to_contain_text("hello")
    expect(shown).to_contain_text("fresh for each request")
    expect(shown.get_by_role("button")).to_have_count(0)  # no kernel has it
    for line in ("route", "may touch", "size", "time", "instance"):
        expect(shown.locator("th", has_text=line).first).to_be_visible()


def test_texts_of_a_card_stay_texts(page: Page, lab: tuple[str, Path]) -> None:
    with_card(lab, "hostile.ipynb", facts(HOSTILE))
    page.goto(f"{lab[0]}/lab/workspaces/hostile/tree/hostile.ipynb?token={TOKEN}")
    shown = page.locator(".jp-spinlab-card")
    expect(shown).to_contain_text("<img src=x onerror='window.ran=1'>")
    assert shown.locator("img, script, a").count() == 0
    assert page.evaluate("() => window.ran") is None


def test_what_is_no_card_breaks_nothing(page: Page, lab: tuple[str, Path]) -> None:
    with_card(lab, "nonsense.ipynb", {"name": 1})
    page.goto(f"{lab[0]}/lab/workspaces/nonsense/tree/nonsense.ipynb?token={TOKEN}")
    expect(page.locator(".jp-OutputArea-output")).to_contain_text("a card that can't be drawn")


def test_a_widget_is_drawn_while_it_lives_and_its_twin_afterwards(page: Page, lab: tuple[str, Path]) -> None:
    book = Notebook(page, lab, "widget.ipynb", RENDERED, NAMED, WIDGET)
    for index in range(3):
        book.run(index)
    drawn = book.cell(2).locator(".jp-spinlab-liveResult")
    expect(drawn.locator(".sl-capabilities")).to_be_visible()
    (output,) = saved(page, lab, "widget.ipynb").cells[2].outputs
    assert "application/vnd.jupyter.widget-view+json" not in output.data
    page.reload()  # the kernel lives on
    expect(page.locator(".jp-spinlab-liveResult .sl-capabilities")).to_be_visible()
    command(page, "notebook:restart-kernel")
    page.locator(".jp-Dialog .jp-mod-accept").click()
    expect(page.locator(".jp-spinlab-liveResult .jp-RenderedHTML")).to_be_visible()
    expect(page.locator(".jp-spinlab-liveResult .sl-capabilities")).to_have_count(0)
    page.goto(f"{lab[0]}/lab/workspaces/widget-again/tree/widget.ipynb?token={TOKEN}")
    expect(page.locator(".jp-spinlab-liveResult .jp-RenderedHTML")).to_contain_text("hello")
    expect(page.locator(".jp-Notebook")).not_to_contain_text("Error displaying")


def test_the_second_notebook_on_a_kernel_shows_the_twin(page: Page, lab: tuple[str, Path]) -> None:
    book = Notebook(page, lab, "one.ipynb", RENDERED, NAMED, WIDGET)
    for index in range(3):
        book.run(index)
    whole = saved(page, lab, "one.ipynb")
    nbformat.write(whole, lab[1] / "other.ipynb")
    start_on(lab, "other.ipynb", kernel_of(lab, "one.ipynb"))
    command(page, "docmanager:open", path="other.ipynb")
    other = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-spinlab-liveResult")
    expect(other.locator(".jp-RenderedHTML")).to_contain_text("hello")
    expect(page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-spinlab-card")).to_contain_text("0 requests so far")


def test_without_the_extension_results_are_what_they_were(page: Page, lab: tuple[str, Path]) -> None:
    page.route("**/lab/extensions/spinlab/**", lambda route: route.abort())
    book = Notebook(page, lab, "plain.ipynb", RENDERED, NAMED, "%spin get /hello/ada")
    run_all(page)
    expect(book.cell(1).locator(".jp-RenderedHTML")).to_contain_text("revision 1")
    expect(book.cell(2)).to_contain_text("hello ada")
    assert page.locator(".jp-spinlab-card").count() == 0
