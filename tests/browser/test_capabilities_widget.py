"""The widget of capabilities in a real JupyterLab: each click is asserted by what the kernel says afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import assert_accessible, problems
from tests.browser.widgets import HELLO, HOSTILE, LOAD, Notebook, assert_survives_reopening, opened, picture

pytestmark = pytest.mark.browser

ASKS = """\
%%spin asks --kv default
from spin_sdk import http
from spin_sdk.key_value import open_default
def handle(request):
    open_default().set("asked", b"1")
    try:
        return str(http.send(http.Request("GET", "http://127.0.0.1:9/x", {}, None)).status)
    except Exception as error:
        return type(error).__name__"""
GRANTS = "f = app['asks'].function\nprint(f.allowed_outbound_hosts, f.key_value_stores, f.sqlite_databases)"


def test_what_is_denied_is_granted_and_what_is_used_is_taken_back_by_a_click(page: Page, lab: tuple[str, Path]) -> None:
    book = Notebook(page, lab, "granting.ipynb", LOAD, ASKS, "app.get('/asks').text", GRANTS, "%spin capabilities")
    for index in (0, 1, 2):
        book.run(index)
    box = opened(book, 4, "capabilities")
    expect(box).to_contain_text("✗ denied once")
    expect(box).to_contain_text("✓ used twice")
    assert problems(page, ".sl-capabilities") == []
    picture(box, "capabilities.png")
    box.get_by_role("button", name="grant --allow http://127.0.0.1:9 to asks").click()
    expect(box).to_contain_text("asks has --allow http://127.0.0.1:9 now")
    assert book.prints(3) == "('http://127.0.0.1:9',) ('default',) ()"
    expect(box).to_contain_text("add to its %%spin line")
    book.run(2)
    expect(box.locator("tr", has_text="http://127.0.0.1:9")).to_contain_text("✓ used once")

    take = box.get_by_role("button", name="take back --kv default from asks")
    take.click()
    expect(box).to_contain_text("asks used it twice since revision 2 went live.")
    page.keyboard.press("Escape")
    expect(take).to_be_focused()
    assert book.prints(3) == "('http://127.0.0.1:9',) ('default',) ()"
    take.click()
    box.get_by_role("button", name="Take it back").click()
    expect(box).to_contain_text("asks has no --kv default any more")
    assert book.prints(3) == "('http://127.0.0.1:9',) () ()"
    expect(box).to_contain_text("take from its %%spin line")

    box.get_by_label("what to grant").select_option("--sqlite")
    box.get_by_label("its name or address").fill("default")
    page.keyboard.press("Enter")
    expect(box).to_contain_text("asks has --sqlite default now")
    assert book.prints(3) == "('http://127.0.0.1:9',) () ('default',)"
    box.get_by_label("its name or address").fill("nosuch")
    page.keyboard.press("Enter")
    expect(box.get_by_role("alert")).to_contain_text("nosuch")
    assert book.prints(3) == "('http://127.0.0.1:9',) () ('default',)"
    assert_accessible(page, ".sl-capabilities")
    book.nothing_ran()


def test_it_answers_while_a_cell_runs(page: Page, lab: tuple[str, Path]) -> None:
    waits = "import time\nwhile not app['a'].function.key_value_stores: time.sleep(0.05)\nprint('granted meanwhile')"
    book = Notebook(page, lab, "meanwhile.ipynb", LOAD, HELLO + "app.add(hello('a'));", waits, "%spin capabilities")
    book.run(0)
    book.run(1)
    box = opened(book, 3, "capabilities")
    expect(box).to_contain_text("It may touch nothing")
    book.start(2)
    page.wait_for_timeout(500)
    assert book.is_running(2)
    box.get_by_label("what to grant").select_option("--kv")
    box.get_by_label("its name or address").fill("default")
    page.keyboard.press("Enter")
    expect(book.cell(2).locator(".jp-OutputArea-output")).to_have_text("granted meanwhile\n")
    expect(box).to_contain_text("key-value store default")


def test_five_hundred_functions_and_hostile_texts_by_keyboard_alone(page: Page, lab: tuple[str, Path]) -> None:
    made = f"""app.add_all([hello(f"f{{i:03}}") for i in range(500)])
from spinlab.http import Denied, HostCall
bad = {HOSTILE!r}
app.grant("f499", allowed_outbound_hosts=["https://example.org"])
denied = Denied(bad, bad, "--kv " + bad, bad)
app["f499"].usage.add((HostCall(bad, bad, bad, "denied", 0, 0, 0, 0, denied),))"""
    book = Notebook(
        page,
        lab,
        "many.ipynb",
        LOAD,
        HELLO + made,
        "from spinlab.widgets import Capabilities\nw = Capabilities()\nw",
        "print(repr(w.selected), repr(w.filter))",
    )
    book.run(0)
    book.run(1)
    box = opened(book, 2, "capabilities")
    options = box.get_by_role("listbox", name="functions").get_by_role("option")
    expect(options.first).to_be_visible()
    expect(box).to_contain_text("1 function denied something")
    expect(box.locator("h3")).to_contain_text("f499")
    assert options.count() < 40
    box.get_by_role("listbox").focus()
    for key in ("Home", "ArrowDown", "PageDown"):
        page.keyboard.press(key)
    assert book.prints(3).startswith("'f007'")
    box.get_by_label("filter functions and what they touch").fill("onerror")
    expect(options).to_have_count(1)
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    assert book.prints(3) == "'f499' 'onerror'"
    expect(box).to_contain_text("<script>")
    book.nothing_ran()


def test_a_reopened_notebook_shows_the_table(page: Page, lab: tuple[str, Path]) -> None:
    assert_survives_reopening(page, lab, "reopened.ipynb", "%spin capabilities", "key-value store default")
