"""The widget of the app in a real JupyterLab: each click is asserted by what the kernel says afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import assert_accessible
from tests.browser.widgets import HELLO, HOSTILE, LOAD, Notebook, assert_survives_reopening, opened, picture

pytestmark = pytest.mark.browser

ADD = """\
%%spin add --route /add/:a/:b --description "adds two numbers"
def handle(request):
    a, b = int(request.params["a"]), int(request.params["b"])
    return {"sum": a + b}"""
REQUESTS = """\
import time
for part in range(3):
    for i in range(12 + 9 * part): app.get(f"/add/{i}/2")
    app.get("/add/x/2"), app.get("/greet")
    time.sleep(1.1)"""
STATE = "print(*((n, x.revision) for n, x in app.functions.items()), app.removed)"


def test_functions_are_undone_removed_and_brought_back_by_clicks(page: Page, lab: tuple[str, Path]) -> None:
    greet = HELLO + "app.add(hello('greet'))\napp.add(hello('greet', key_value_stores=('default',)));"
    book = Notebook(page, lab, "app.ipynb", LOAD, greet, ADD, REQUESTS, STATE, "%spin")
    for index in (0, 1, 2):
        book.run(index)
    box = opened(book, 5, "app")
    expect(box.get_by_role("option")).to_have_count(2 + 6)  # with those of the order
    book.run(3)
    expect(box.get_by_role("img", name="the app: 69 requests in the last minute")).to_be_visible()
    expect(box.get_by_role("img", name="the app: 3 errors in the last minute, 4% of all")).to_be_visible()
    expect(box.get_by_role("img", name="on average in the last minute")).to_have_count(1)
    box.get_by_role("option", name="add, Python").click()
    detail = box.get_by_label("function add")
    expect(detail).to_contain_text("adds two numbers")
    expect(detail.get_by_role("img", name="add: 66 requests")).to_be_visible()
    picture(box, "app.png")
    detail.get_by_role("button", name="Show source").click()
    expect(detail.locator("pre")).to_contain_text("def handle(request)")

    box.get_by_role("option", name="greet, WebAssembly text").click()
    detail = box.get_by_label("function greet")
    assert book.prints(4) == "('greet', 2) ('add', 1) ()"
    detail.get_by_role("button", name="Undo to revision 1").click()
    expect(box).to_contain_text("greet is revision 1 again")
    assert book.prints(4) == "('greet', 1) ('add', 1) ()"
    expect(detail.get_by_role("button", name="Undo to revision 1")).to_be_hidden()
    detail.get_by_role("button", name="Remove").click()
    expect(box.get_by_role("button", name="bring back greet")).to_be_visible()
    assert book.prints(4) == "('add', 1) ('greet',)"
    box.get_by_role("button", name="bring back greet").click()
    expect(box.get_by_role("option", name="greet, WebAssembly text")).to_be_visible()
    assert book.prints(4) == "('add', 1) ('greet', 1) ()"
    assert_accessible(page, ".sl-app")
    book.nothing_ran()


def test_the_manifest_and_the_routes_follow_the_app_while_a_cell_runs(page: Page, lab: tuple[str, Path]) -> None:
    waits = "while 'b' in app: time.sleep(0.05)\nprint('removed meanwhile')"
    book = Notebook(
        page,
        lab,
        "manifest.ipynb",
        LOAD,
        HELLO + "import time\napp.add(hello('a'));",
        "app.add(hello('b'))\n" + waits,
        "%spin",
    )
    book.run(0)
    book.run(1)
    box = opened(book, 3, "app")
    box.get_by_role("tab", name="Manifest").click()
    expect(box.get_by_role("region", name="spin.toml")).to_contain_text('route = "/a"')
    book.start(2)
    expect(box.get_by_role("region", name="spin.toml")).to_contain_text('route = "/b"')
    box.get_by_role("button", name="copy the manifest").click()
    expect(box.get_by_role("status")).to_have_text("copied the manifest")
    assert_accessible(page, ".sl-app")
    box.get_by_role("tab", name="Routes").click()
    expect(box.get_by_role("row", name="/b b")).to_be_visible()
    assert_accessible(page, ".sl-app")
    box.get_by_role("button", name="b", exact=True).click()
    assert book.is_running(2)
    box.get_by_label("function b").get_by_role("button", name="Remove").click()
    expect(book.cell(2).locator(".jp-OutputArea-output")).to_have_text("removed meanwhile\n")
    expect(box.get_by_role("button", name="bring back b")).to_be_visible()


def test_five_hundred_functions_are_filtered_ordered_and_chosen_by_keyboard(page: Page, lab: tuple[str, Path]) -> None:
    made = "app.add_all([hello(f'f{i:03}') for i in range(500)]);"
    widget = "from spinlab.widgets import AppView\nfrom ipywidgets import Tab\nw = AppView()\nTab([w], titles=['app'])"
    book = Notebook(
        page,
        lab,
        "many-functions.ipynb",
        LOAD,
        HELLO + made,
        widget,
        "print(w.selected, w.filter, w.order)",
        "app.get('/f321'); w.order = 'requests'",
    )
    for index in (0, 1):
        book.run(index)
    box = opened(book, 2, "app")
    options = box.get_by_role("listbox", name="functions").get_by_role("option")
    expect(options.first).to_contain_text("f000")
    assert options.count() < 40
    box.get_by_role("listbox", name="functions").focus()
    page.keyboard.press("End")
    expect(options.last).to_contain_text("f499")
    assert book.prints(3) == "f499  registered"
    book.run(4)
    expect(options.first).to_contain_text("f321")
    box.get_by_label("filter functions and routes").fill("49")
    expect(box.get_by_role("tab", name="Functions")).to_contain_text("15 of 500")
    book.cell(2).get_by_role("listbox", name="functions").focus()
    page.keyboard.press("Home")
    expect(box.locator("h3")).to_contain_text("f049")
    assert book.prints(3) == "f049 49 requests"


def test_hostile_names_routes_and_sources_stay_texts(page: Page, lab: tuple[str, Path]) -> None:
    made = f"""bad = {HOSTILE!r}
app.add(hello("plain", description=bad, origin=bad, environment={{"A": bad}}))
app.add(hello("routed", routes=("/<b>x</b>/...", "/" + bad.replace("/", "").replace(" ", "") )))
app.name = bad"""
    book = Notebook(page, lab, "hostile.ipynb", LOAD, HELLO + made, "%spin")
    book.run(0)
    book.run(1)
    box = opened(book, 2, "app")
    for name in ("plain", "routed"):
        box.get_by_role("option", name=name).click()
        expect(box.get_by_label(f"function {name}")).to_be_visible()
        box.get_by_role("button", name="Show source").click()
    expect(box).to_contain_text("/<b>x</b>/...")
    box.get_by_role("tab", name="Routes").click()
    expect(box.get_by_role("row", name="onerror")).to_be_visible()
    box.get_by_role("tab", name="Manifest").click()
    page.wait_for_timeout(500)
    expect(box.locator("b")).to_have_count(0)
    book.nothing_ran()


def test_a_reopened_notebook_shows_the_table(page: Page, lab: tuple[str, Path]) -> None:
    assert_survives_reopening(page, lab, "app-again.ipynb", "%spin", "key-value store default")
