"""The console in a real JupyterLab: what is clicked is asserted by its effect on the kernel."""

from __future__ import annotations

import hashlib
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.axe import DARK, LIGHT, assert_accessible, switch
from tests.browser.conftest import TOKEN
from tests.browser.widgets import HOSTILE, LOAD, Notebook, opened, picture

pytestmark = pytest.mark.browser

ADD = """\
%%spin add --route /add/:a/:b
def handle(request):
    a, b = int(request.params["a"]), int(request.params["b"])
    print("adding", a, "and", b)
    return {"sum": a + b, "of": [a, b], "query": request.uri.partition("?")[2]}"""
ECHO = """\
%%spin echo --route /echo
def handle(request):
    return {"method": request.method, "type": dict(request.headers).get("content-type"),
            "mine": dict(request.headers).get("x-mine"), "body": (request.body or b"").decode()}"""
FETCHING = """\
%%spin fetching --route /fetching
from spin_sdk.http import send, Request
def handle(request):
    try:
        send(Request("GET", "http://127.0.0.1:9/", {}, None))
    except Exception as error:
        return "it said: " + str(error)"""
ENDLESS = """\
%%spin endless --route /endless --timeout 300
def handle(request):
    while True:
        pass"""
CONSOLE = "from spinlab.widgets import Console\nconsole = Console(app)\nconsole"


def sent(box: Locator) -> None:
    """Press the button."""
    box.get_by_role("button", name="Send", exact=True).click()


def test_a_request_is_written_sent_and_kept(page: Page, lab: tuple[str, Path]) -> None:
    tell = "print(console.method, console.path, console.response.json(), len(console.history))"
    book = Notebook(page, lab, "console.ipynb", LOAD, ADD, ECHO, CONSOLE, tell, "console.path = '/add/7/8'", tell)
    for index in range(3):
        book.run(index)
    box = opened(book, 3, "console")
    box.get_by_role("button", name="add /add/:a/:b").click()
    sent(box)
    expect(box.get_by_role("alert")).to_contain_text(":a and :b has no value yet")
    box.get_by_label(":a").fill("20")
    box.get_by_label(":b").fill("22")
    box.get_by_label("query parameter name").first.fill("of me")
    box.get_by_label("query parameter value").first.fill("é&=")
    expect(box.get_by_label("path and query")).to_have_value("/add/20/22?of%20me=%C3%A9%26%3D")
    page.keyboard.press("Control+Enter")
    expect(box.locator(".sl-badge")).to_have_text("200 OK")
    expect(box.locator(".sl-tree")).to_contain_text("sum: 42")
    expected = "GET /add/20/22?of%20me=%C3%A9%26%3D {'sum': 42, 'of': [20, 22], 'query': 'of%20me=%C3%A9%26%3D'} 1"
    assert book.prints(4) == expected
    box.get_by_role("tab", name="Log").click()
    expect(box.get_by_label("log lines")).to_contain_text("adding 20 and 22")
    box.get_by_role("tab", name="Trace").click()
    expect(box.get_by_role("tabpanel").last).to_contain_text("no calls to the host")
    box.get_by_role("tab", name="Body").last.click()
    picture(box, "console.png")

    book.run(5)  # set from Python
    expect(box.get_by_label(":a")).to_have_value("7")
    sent(box)
    expect(box.locator(".sl-tree")).to_contain_text("sum: 15")
    box.get_by_role("tab", name="History").click()
    box.locator(".sl-entry").last.click()
    expect(box.get_by_label("path and query")).to_have_value("/add/20/22?of%20me=%C3%A9%26%3D")


def test_a_body_goes_with_its_type(page: Page, lab: tuple[str, Path], tmp_path: Path) -> None:
    again = "console.send('from python')"
    book = Notebook(page, lab, "bodies.ipynb", LOAD, ECHO, CONSOLE, again)
    for index in range(2):
        book.run(index)
    box = opened(book, 2, "console")
    answer = box.locator(".sl-tree")
    box.get_by_role("button", name="echo /echo").click()
    box.get_by_label("method").select_option("POST")
    box.get_by_role("tab", name="Headers").first.click()
    box.get_by_label("header name").first.fill("x-mine")
    box.get_by_label("header value").first.fill("yes")
    box.get_by_role("tab", name="Body").first.click()
    box.get_by_label("JSON").check()
    box.get_by_label("body", exact=True).fill("{'a': 1}")
    expect(box.get_by_text("not JSON:")).to_be_visible()
    box.get_by_label("body", exact=True).fill('{"a": 1}')
    expect(box.get_by_text("not JSON:")).to_have_count(0)
    sent(box)
    expect(answer).to_contain_text('"application/json"')
    expect(answer).to_contain_text('mine: "yes"')
    box.get_by_label("form", exact=True).check()
    box.get_by_label("form field name").first.fill("ü")
    box.get_by_label("form field value").first.fill("1 2")
    sent(box)
    expect(answer).to_contain_text('"application/x-www-form-urlencoded"')
    expect(answer).to_contain_text("%C3%BC=1%202")
    file = tmp_path / "a file.txt"
    file.write_text("content of a file")
    box.get_by_label("file", exact=True).check()
    box.get_by_label("file to send").set_input_files(file)
    sent(box)
    expect(answer).to_contain_text('"content of a file"')
    expect(answer).to_contain_text('"text/plain"')
    book.run(3)
    expect(answer).to_contain_text('"from python"')


def test_a_denied_call_is_granted_by_a_click(page: Page, lab: tuple[str, Path]) -> None:
    tell = "print(app['fetching'].function.allowed_outbound_hosts, len(console.response.denied))"
    book = Notebook(page, lab, "grant.ipynb", LOAD, FETCHING, CONSOLE, tell)
    for index in range(2):
        book.run(index)
    box = opened(book, 2, "console")
    box.get_by_role("button", name="fetching").click()
    sent(box)
    expect(box.locator(".sl-denied")).to_contain_text("outbound HTTP http://127.0.0.1:9")
    assert book.prints(3) == "() 1"
    box.get_by_role("button", name="Grant").click()
    expect(box.locator(".sl-denied")).to_contain_text("add to the %%spin line: --allow http://127.0.0.1:9")
    sent(box)
    expect(box.locator(".sl-denied")).to_have_count(0)
    assert book.prints(3) == "('http://127.0.0.1:9',) 0"
    box.get_by_role("tab", name="Trace").click()
    expect(box.get_by_role("row").last).to_contain_text("outbound HTTP")


def test_hostile_answers_run_nothing(page: Page, lab: tuple[str, Path]) -> None:
    hostile = f"""\
from spinlab import Function
HOSTILE = {HOSTILE!r}
SOURCE = '''
from spin_sdk.http import Response
HOSTILE = %r
def handle(request):
    print(HOSTILE)
    kind = request.uri.partition("?")[2]
    if kind == "fails":
        raise RuntimeError(HOSTILE)
    texts = {{"application/json": '{{"' + HOSTILE.replace('"', "'") + '": ["' + HOSTILE.replace('"', "'") + '"]}}'}}
    return Response(200, {{"content-type": kind, "x-" + "a" * 20: HOSTILE}}, texts.get(kind, HOSTILE).encode())
''' % HOSTILE
_ = app.add(Function("hostile", SOURCE, routes=("/hostile/...",)))"""
    book = Notebook(page, lab, "hostile.ipynb", LOAD, hostile, CONSOLE)
    for index in range(2):
        book.run(index)
    box = opened(book, 2, "console")
    path = box.get_by_label("path and query")
    for kind in ("application/json", "text/plain", "text/html", "image/svg+xml", "", HOSTILE, "fails"):
        path.fill(f"/hostile/<img src=x onerror='window.ran=1'>?{kind}")
        path.press("Enter")
        expect(box.locator(".sl-badge")).to_have_text("500 Internal Server Error" if kind == "fails" else "200 OK")
        for tab in ("Headers", "Log", "Trace", "Body"):
            box.get_by_role("tab", name=tab).last.click()
        page.wait_for_timeout(100)
        if kind == "text/html":
            frame = box.locator("iframe")
            assert frame.get_attribute("sandbox") == ""
            assert "default-src 'none'" in str(frame.get_attribute("srcdoc"))
        elif kind != "image/svg+xml":
            book.nothing_ran()
    box.get_by_role("tab", name="History").click()
    expect(box.locator(".sl-history")).to_contain_text("onerror")
    book.nothing_ran()


def test_a_page_stays_in_its_frame(page: Page, lab: tuple[str, Path]) -> None:
    cell = "%%spin html page --route /page\n<h1>hi</h1><script>top.ran = 1; parent.ran = 1</script><form></form>"
    book = Notebook(page, lab, "frame.ipynb", LOAD, cell, "%spin console /page")
    for index in range(2):
        book.run(index)
    box = opened(book, 2, "console")
    sent(box)
    expect(box.frame_locator("iframe").locator("h1")).to_have_text("hi")
    page.wait_for_timeout(300)
    book.nothing_ran()
    box.get_by_role("button", name="Text", exact=True).click()
    expect(box.get_by_label("body as text")).to_contain_text("<script>top.ran = 1")


def test_large_and_strange_bodies_are_bounded_and_saved_whole(page: Page, lab: tuple[str, Path]) -> None:
    big = """\
%%spin big --route /big/:kind
def handle(request):
    kind = request.params["kind"]
    return b"x" * 50_000_000 if kind == "long" else b"caf\\xe9 \\xff" if kind == "invalid" else "y" * 1_000_000"""
    book = Notebook(page, lab, "big.ipynb", LOAD, big, CONSOLE)
    for index in range(2):
        book.run(index)
    box = opened(book, 2, "console")
    path, body = box.get_by_label("path and query"), box.get_by_label("body as text")
    path.fill("/big/long")
    path.press("Enter")
    expect(box).to_contain_text("the first 65.5 KB of 50.0 MB", timeout=120_000)
    assert len(body.inner_text()) == 65536
    with page.expect_download(timeout=300_000) as download:
        box.get_by_role("button", name="Save").click()
    saved = download.value.path().read_bytes()
    assert hashlib.sha256(saved).digest() == hashlib.sha256(b"x" * 50_000_000).digest()
    assert download.value.suggested_filename.startswith("long")
    path.fill("/big/invalid")
    path.press("Enter")
    expect(box.get_by_label("body as bytes")).to_contain_text("63 61 66 e9 20 ff")
    path.fill("/big/line")
    path.press("Enter")
    expect(box).to_contain_text("the first 65.5 KB of 1.00 MB")
    box.get_by_role("button", name="Show all").click()
    page.wait_for_function("() => document.querySelector('.sl-response pre').textContent.length === 1000000")
    assert book.problems == []


def test_it_is_used_by_keys_alone(page: Page, lab: tuple[str, Path]) -> None:
    tell = "print(console.response.json()['sum'], len(get_ipython().user_ns['Out']))"
    book = Notebook(page, lab, "keys.ipynb", LOAD, ADD, CONSOLE, tell)
    for index in range(2):
        book.run(index)
    box = opened(book, 2, "console")
    expect(box.get_by_role("button", name="add /add/:a/:b")).to_be_visible()
    before = book.prints
    box.get_by_role("button", name="add /add/:a/:b").focus()
    page.keyboard.press("Enter")
    expect(box.get_by_label(":a")).to_be_focused()
    page.keyboard.type("1")
    page.keyboard.press("Tab")
    page.keyboard.type("2")
    page.keyboard.press("Tab")
    expect(box.get_by_role("tab", name="Query")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(box.get_by_role("tab", name="Headers").first).to_be_focused()
    page.keyboard.press("d")  # twice deletes a cell of the notebook
    page.keyboard.press("d")
    page.keyboard.press("Control+Enter")  # and this runs it
    expect(box.locator(".sl-tree")).to_contain_text("sum: 3")
    assert page.locator(".jp-Notebook .jp-CodeCell").count() == 4
    assert before(3).startswith("3 ")


def test_a_request_is_cancelled_and_answers_while_a_cell_runs(page: Page, lab: tuple[str, Path]) -> None:
    slow = "import time\ntime.sleep(15)\nprint('slept')"
    tell = "print(app.traces('endless')[-1].error)"
    book = Notebook(page, lab, "cancel.ipynb", LOAD, ENDLESS, ADD, "%spin console /endless", tell, slow)
    for index in range(3):
        book.run(index)
    box = opened(book, 3, "console")
    sent(box)
    box.get_by_role("button", name="Cancel").click(timeout=20_000)
    expect(box.get_by_role("alert")).to_contain_text("cancelled: by its sender")
    expect(box.get_by_role("button", name="Send")).to_be_visible()
    assert book.prints(4) == "cancelled: by its sender"
    book.start(5)
    expect(page.locator(".jp-Notebook-ExecutionIndicator[data-status=busy]")).to_be_visible()
    path = box.get_by_label("path and query")
    path.fill("/add/2/3")
    path.press("Enter")
    expect(box.locator(".sl-tree")).to_contain_text("sum: 5", timeout=12_000)
    assert book.is_running(5)


def test_a_removed_function_is_told_and_comes_back(page: Page, lab: tuple[str, Path]) -> None:
    book = Notebook(
        page, lab, "removed.ipynb", LOAD, ADD, "%spin console /add/1/2", "%spin remove add", "%spin undo add"
    )
    for index in range(2):
        book.run(index)
    box = opened(book, 2, "console")
    expect(box.get_by_label(":a")).to_have_value("1")
    book.run(3)
    expect(box).to_contain_text("add was removed: %spin undo add brings it back")
    expect(box.get_by_role("button", name="add /add/:a/:b")).to_have_count(0)
    sent(box)
    expect(box.locator(".sl-badge")).to_have_text("404 Not Found")
    book.run(4)
    expect(box.get_by_text("add was removed")).to_have_count(0)
    sent(box)
    expect(box.locator(".sl-tree")).to_contain_text("sum: 3")


def test_a_kernel_that_dies_and_a_closed_widget_are_told(page: Page, lab: tuple[str, Path]) -> None:
    book = Notebook(
        page,
        lab,
        "dies.ipynb",
        LOAD,
        ENDLESS,
        CONSOLE,
        "console.close()",
        "%spin console /endless",
        "import os; os._exit(1)",
    )
    for index in range(2):
        book.run(index)
    opened(book, 2, "console")
    book.run(3)
    page.wait_for_timeout(500)
    assert book.problems == []
    box = opened(book, 4, "console")
    sent(box)
    expect(box.get_by_role("button", name="Cancel")).to_be_visible()
    book.start(5)
    expect(box.get_by_role("alert").first).to_contain_text("the kernel ended or was restarted", timeout=60_000)
    expect(box).to_contain_text("run the cells again")
    expect(box.get_by_role("button", name="Send")).to_be_visible()


def test_a_saved_console_is_its_twin(page: Page, lab: tuple[str, Path]) -> None:
    cells = ("%load_ext spinlab", ADD, "%spin console /add/1/2 --send")
    book = Notebook(page, lab, "saved-console.ipynb", *cells)
    for index in range(3):
        book.run(index)
    page.keyboard.press("Control+s")
    page.wait_for_function("() => !document.querySelector('.jp-NotebookPanel .jp-mod-dirty')")
    page.wait_for_timeout(1000)
    saved = nbformat.read(lab[1] / "saved-console.ipynb", as_version=4)
    (output,) = saved.cells[2].outputs
    assert "application/vnd.jupyter.widget-view+json" not in output.data
    assert '"sum": 3' in output.data["text/plain"]
    page.goto(f"{lab[0]}/lab/workspaces/again-console/tree/saved-console.ipynb?token={TOKEN}")
    expect(page.locator(".jp-OutputArea-output").last).to_contain_text("sum", timeout=60_000)
    expect(page.locator(".jp-Notebook")).not_to_contain_text("Error displaying")


def test_everybody_can_use_it_in_every_theme(page: Page, lab: tuple[str, Path]) -> None:
    book = Notebook(page, lab, "themes.ipynb", LOAD, ADD, FETCHING, "%spin console /fetching")
    for index in range(3):
        book.run(index)
    box = opened(book, 3, "console")
    sent(box)
    expect(box.locator(".sl-denied")).to_be_visible()
    assert_accessible(page, ".sl-console")
    box.get_by_role("tab", name="Trace").click()
    box.get_by_role("tab", name="Body").first.click()
    box.get_by_label("JSON").check()
    switch(page, DARK)
    picture(box, "console-dark.png")
    switch(page, LIGHT)
    assert_accessible(page, ".sl-console")


def test_it_stands_in_tabs_and_narrow_places(page: Page, lab: tuple[str, Path]) -> None:
    nested = (
        "import ipywidgets\nfrom spinlab.widgets import Console\n"
        "one, two = Console(app, path='/add/1/2'), Console(app, path='/add/3/4')\n"
        "ipywidgets.HBox([ipywidgets.Box([one], layout={'width': '320px'}), ipywidgets.Box([two])])"
    )
    book = Notebook(page, lab, "nested.ipynb", LOAD, ADD, nested)
    for index in range(3):
        book.run(index)
    boxes = page.locator(".sl-console")
    for index, total in ((0, 3), (1, 7)):
        sent(boxes.nth(index))
        expect(boxes.nth(index).locator(".sl-tree")).to_contain_text(f"sum: {total}")
    assert (boxes.nth(0).bounding_box() or {})["width"] <= 330
