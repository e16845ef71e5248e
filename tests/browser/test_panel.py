"""The panel in a real JupyterLab: what a click does is asserted by what the kernel says of it."""

from __future__ import annotations

import json
import os
import re
import signal
import urllib.request
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.axe import assert_accessible
from tests.browser.conftest import TOKEN
from tests.browser.test_notebook import open_notebook, run_all
from tests.browser.widgets import HELLO, LOAD, PICTURES, Notebook, picture

pytestmark = pytest.mark.browser

NAMED = """\
%%spin hello --route /hello/:name
def handle(request):
    return "hello " + request.params["name"]"""
COUNT = """\
%%spin count --route /count
from spin_sdk import key_value

def handle(request):
    store = key_value.open_default()
    seen = int(store.get("seen") or 0) + 1
    store.set("seen", str(seen).encode())
    return {"seen": seen}"""
SLOW = """\
%%spin slow --route /slow --timeout 60s
def handle(request):
    while True:
        pass"""


def command(page: Page, name: str, **arguments: object) -> None:
    """Run a command of JupyterLab, and don't wait for its end."""
    page.evaluate(f"() => {{ void window.jupyterapp.commands.execute('{name}', {json.dumps(arguments)}); }}")


def shown(page: Page) -> Locator:
    """The panel, opened."""
    page.wait_for_function("() => window.jupyterapp?.commands.isEnabled('spinlab:show-panel')")
    command(page, "spinlab:show-panel")
    panel = page.locator(".jp-spinlab-panel")
    expect(panel).to_be_visible()
    return panel


def row(panel: Locator, name: str) -> Locator:
    """The row of a function."""
    return panel.locator(f".jp-spinlab-row[data-function='{name}']")


def opened(panel: Locator, name: str) -> Locator:
    """The row of a function with its details open."""
    found = row(panel, name)
    found.locator(".jp-spinlab-head").click()
    return found


def send(details: Locator, *values: str) -> None:
    """Fill the parameters in and send."""
    for index, value in enumerate(values):
        details.locator(".jp-spinlab-fields input").nth(index).fill(value)
    details.get_by_role("button", name="Send", exact=True).click()


def start_on(lab: tuple[str, Path], path: str, kernel: str) -> None:
    """Give a notebook the kernel of another one."""
    content = {"path": path, "name": path, "type": "notebook", "kernel": {"id": kernel}}
    request = urllib.request.Request(
        f"{lab[0]}/api/sessions?token={TOKEN}", json.dumps(content).encode(), {"Content-Type": "application/json"}
    )
    urllib.request.urlopen(request, timeout=30).read()


def kernel_of(lab: tuple[str, Path], path: str) -> str:
    """The id of a notebook's kernel."""
    with urllib.request.urlopen(f"{lab[0]}/api/sessions?token={TOKEN}", timeout=30) as answer:
        (found,) = (s["kernel"]["id"] for s in json.load(answer) if s["path"] == path)
    return str(found)


def test_a_function_appears_and_a_click_asks_it(page: Page, lab: tuple[str, Path]) -> None:
    asked = "traced = app.traces('hello')[-1]\nprint(len(app.traces()), traced.method, traced.path, traced.status)"
    book = Notebook(page, lab, "panel.ipynb", LOAD, NAMED, asked)
    panel = shown(page)
    expect(panel).to_contain_text("spinlab is not loaded in this kernel")
    book.run(0)
    expect(panel).to_contain_text("No functions yet")
    book.run(1)
    details = opened(panel, "hello")
    send(details, "ada lovelace")
    expect(details.locator(".sl-response")).to_contain_text("hello ada lovelace")
    expect(details.locator(".sl-badge")).to_have_text("200 OK")
    assert book.prints(2) == "1 GET /hello/ada%20lovelace 200"
    expect(row(panel, "hello")).to_contain_text("1 request")
    details.locator(".jp-spinlab-requests summary").click()
    expect(details.locator(".jp-spinlab-requests")).to_contain_text("no calls to the host")
    assert book.problems == []


def test_what_was_denied_is_granted_by_a_click(page: Page, lab: tuple[str, Path]) -> None:
    granted = "live = app['count']\nprint(live.function.key_value_stores, live.revision, live.declared is None)"
    book = Notebook(page, lab, "grant.ipynb", LOAD, COUNT, granted)
    book.run(0)
    book.run(1)
    assert book.prints(2) == "() 1 True"
    panel = shown(page)
    details = opened(panel, "count")
    send(details)
    expect(row(panel, "count")).to_contain_text("1 denied")
    details.locator(".jp-spinlab-grant").click()
    expect(row(panel, "count")).to_contain_text("r2")
    assert book.prints(2) == "('default',) 2 False"
    send(details)
    expect(details.locator(".sl-badge")).to_have_text("200 OK")
    expect(details.locator(".jp-spinlab-grants")).to_contain_text("key-value store default")
    details.locator(".jp-spinlab-requests summary").first.click()
    expect(details.locator(".jp-spinlab-requests .sl-timeline")).to_contain_text("open")
    take_picture(page)


def take_picture(page: Page) -> None:
    """The notebook with the panel beside it."""
    page.set_viewport_size({"width": 1280, "height": 860})
    command(page, "application:toggle-left-area")
    page.locator(".jp-Notebook .jp-Cell").first.scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    page.mouse.move(0, 0)
    page.screenshot(path=str(PICTURES / "panel.png"))


def test_a_click_goes_to_the_cell_and_takes_revisions_back(page: Page, lab: tuple[str, Path]) -> None:
    state = "print(*[(n, x.revision) for n, x in app.functions.items()], spinlab.session.session.server is not None)"
    changed = NAMED.replace('"hello "', '"goodbye "')
    book = Notebook(page, lab, "life.ipynb", LOAD + "\nimport spinlab.session", NAMED, changed, state)
    for index in range(3):
        book.run(index)
    assert book.prints(3) == "('hello', 2) True"
    panel = shown(page)
    details = opened(panel, "hello")
    details.get_by_role("button", name="Open cell").click()
    expect(book.cell(2)).to_have_class(re.compile("jp-mod-active"))
    expect(book.cell(2).locator(".cm-editor")).to_have_class(re.compile("cm-focused"))
    details.get_by_role("button", name="Undo").click()
    expect(row(panel, "hello")).to_contain_text("r1")
    assert book.prints(3) == "('hello', 1) True"
    details.get_by_role("button", name="Remove").click()
    expect(panel.locator(".jp-spinlab-removed")).to_contain_text("hello")
    assert book.prints(3) == "True"
    panel.get_by_role("button", name="Bring back").click()
    expect(row(panel, "hello")).to_be_visible()
    assert book.prints(3) == "('hello', 1) True"
    panel.get_by_role("button", name="Stop").click()
    expect(panel.get_by_role("button", name="Start")).to_be_visible()
    assert book.prints(3) == "('hello', 1) False"
    panel.get_by_role("button", name="Start").click()
    expect(panel.get_by_role("button", name="Stop")).to_be_visible()
    assert book.prints(3) == "('hello', 1) True"


def test_a_restarted_kernel_is_said_and_its_cells_run_by_a_click(page: Page, lab: tuple[str, Path]) -> None:
    open_notebook(page, lab, "restart.ipynb", "%load_ext spinlab", NAMED)
    run_all(page)
    panel = shown(page)
    expect(row(panel, "hello")).to_be_visible()
    command(page, "notebook:restart-kernel")
    page.locator(".jp-Dialog .jp-mod-accept").click()
    expect(panel).to_contain_text("The kernel was restarted")
    expect(row(panel, "hello")).to_have_count(0)
    panel.get_by_role("button", name="Run all cells").click()
    expect(row(panel, "hello")).to_be_visible()
    send(opened(panel, "hello"), "again")
    expect(panel.locator(".sl-response")).to_contain_text("hello again")


def test_a_kernel_that_dies_is_said_to_who_waits(page: Page, lab: tuple[str, Path]) -> None:
    book = Notebook(page, lab, "dies.ipynb", LOAD, SLOW, "import os\nprint(os.getpid())")
    book.run(0)
    book.run(1)
    process = int(book.prints(2))
    panel = shown(page)
    details = opened(panel, "slow")
    send(details)
    expect(details.locator(".sl-response")).to_have_attribute("aria-busy", "true")
    answer = details.locator(".jp-spinlab-answer").element_handle()
    os.kill(process, signal.SIGKILL)
    expect(panel).to_contain_text("The kernel was restarted")
    assert answer
    assert "the connection to the kernel was closed" in answer.inner_text()


def test_spinlab_is_loaded_by_a_click_and_missed_in_words(page: Page, lab: tuple[str, Path]) -> None:
    hidden = """import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name == "spinlab":
            raise ModuleNotFoundError(f"No module named {name!r}")
sys.meta_path.insert(0, Missing())"""
    there = "print('spinlab.magics' in sys.modules)"
    book = Notebook(page, lab, "load.ipynb", "# %load_ext spinlab", hidden, "del sys.meta_path[0]", there)
    panel = shown(page)
    book.run(1)
    load = panel.get_by_role("button", name="Run %load_ext spinlab")
    load.click()
    expect(panel).to_contain_text("spinlab is not installed for this kernel")
    book.run(2)
    load.click()
    expect(panel).to_contain_text("No functions yet")
    assert book.prints(3) == "True"


def test_another_version_on_either_side_is_said(page: Page, lab: tuple[str, Path]) -> None:
    other = "import spinlab.commands.greeting as greeting\ngreeting.PROTOCOL = 2\nspinlab.__version__ = '9.9'"
    near = "greeting.PROTOCOL = 1\n%spin routes"
    book = Notebook(page, lab, "versions.ipynb", "import spinlab\n" + other + "\n%load_ext spinlab", near)
    panel = shown(page)
    book.run(0)
    expect(panel).to_contain_text("the kernel's spinlab is 9.9")
    expect(panel).to_contain_text("install one version on both sides")
    book.run(1)
    expect(panel).to_contain_text("The kernel's spinlab is 9.9, this page's is")


def test_an_older_kernel_side_is_said(page: Page, lab: tuple[str, Path]) -> None:
    older = "%load_ext spinlab\nfrom comm import get_comm_manager\ndel get_comm_manager().targets['spinlab']"
    book = Notebook(page, lab, "older.ipynb", older)
    panel = shown(page)
    book.run(0)
    expect(panel).to_contain_text("do not fit together")
    expect(panel).to_contain_text("install one version on both sides")


def test_the_kernel_can_close_the_line(page: Page, lab: tuple[str, Path]) -> None:
    close = "for line in list(get_ipython().spinlab_extension.front._lines): line.close()"
    book = Notebook(page, lab, "closed.ipynb", LOAD, close, "%unload_ext spinlab")
    panel = shown(page)
    book.run(0)
    expect(panel).to_contain_text("No functions yet")
    book.run(1)
    panel.get_by_role("button", name="Connect again").click()
    expect(panel).to_contain_text("No functions yet")
    book.run(2)
    expect(panel).to_contain_text("spinlab is not loaded")


def test_of_500_functions_only_the_one_that_changed_is_drawn(page: Page, lab: tuple[str, Path]) -> None:
    many = HELLO + "app.add_all([hello(f'f{n:03}') for n in range(500)])\nprint(len(app.functions))"
    book = Notebook(page, lab, "many.ipynb", LOAD, many, "print(app.get('/f250').status)")
    panel = shown(page)
    book.run(0)
    assert book.prints(1) == "500"
    expect(panel.locator(".jp-spinlab-row")).to_have_count(500)
    page.evaluate("""() => {
      window.drawn = [];
      new MutationObserver(all => all.forEach(one => {
        const row = one.target.closest?.(".jp-spinlab-row");
        window.drawn.push(row ? row.dataset.function : one.target.className);
      })).observe(document.querySelector(".jp-spinlab-list"), {childList: true, subtree: true, attributes: true});
    }""")
    assert book.prints(2) == "200"
    expect(row(panel, "f250")).to_contain_text("1 request")
    assert set(page.evaluate("() => window.drawn")) == {"f250"}
    panel.get_by_label("filter functions").fill("f49")
    expect(panel.locator(".jp-spinlab-row:visible")).to_have_count(10)
    row(panel, "f490").locator(".jp-spinlab-head").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(row(panel, "f491").locator(".jp-spinlab-details")).to_be_visible()
    assert book.problems == []


def test_two_notebooks_on_one_kernel_share_its_line(page: Page, lab: tuple[str, Path]) -> None:
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("# %spin")]), lab[1] / "second.ipynb")
    book = Notebook(page, lab, "first.ipynb", LOAD, NAMED, "print(len(get_ipython().spinlab_extension.front._lines))")
    book.run(0)
    start_on(lab, "second.ipynb", kernel_of(lab, "first.ipynb"))
    book.run(1)
    panel = shown(page)
    expect(row(panel, "hello")).to_be_visible()
    command(page, "docmanager:open", path="second.ipynb")
    expect(page.locator(".jp-NotebookPanel")).to_have_count(2)
    expect(row(panel, "hello")).to_be_visible()
    page.evaluate("""async () => {
      for (const widget of window.jupyterapp.shell.widgets("main")) {
        if (widget.context?.path === "first.ipynb") { await widget.context.save(); widget.dispose(); }
      }
    }""")
    send(opened(panel, "hello"), "you")
    expect(panel.locator(".sl-response")).to_contain_text("hello you")
    assert book.problems == []


def test_a_notebook_that_is_open_twice_is_the_same_in_both(page: Page, lab: tuple[str, Path], browser: Browser) -> None:
    book = Notebook(page, lab, "twice.ipynb", LOAD, NAMED)
    book.run(0)
    book.run(1)
    panel = shown(page)
    again = browser.new_context().new_page()
    again.goto(f"{lab[0]}/lab/workspaces/twice-again/tree/twice.ipynb?token={TOKEN}")
    other = shown(again)
    expect(row(other, "hello")).to_be_visible()
    send(opened(other, "hello"), "there")
    expect(other.locator(".sl-response")).to_contain_text("hello there")
    expect(row(panel, "hello")).to_contain_text("1 request")
    again.context.close()


def test_it_can_be_used_by_everybody_in_each_theme(page: Page, lab: tuple[str, Path]) -> None:
    book = Notebook(page, lab, "themes.ipynb", LOAD, COUNT)
    book.run(0)
    book.run(1)
    panel = shown(page)
    details = opened(panel, "count")
    send(details)
    expect(row(panel, "count")).to_contain_text("1 denied")
    assert_accessible(page, ".jp-spinlab-panel")
    command(page, "apputils:change-theme", theme="JupyterLab Dark")
    expect(page.locator("body")).to_have_attribute("data-jp-theme-light", "false")
    page.set_viewport_size({"width": 1200, "height": 820})
    picture(panel, "panel-dark.png")


def test_it_can_be_switched_off(page: Page, lab: tuple[str, Path]) -> None:
    open_notebook(page, lab, "off.ipynb", "1")
    panel = shown(page)
    page.evaluate("""async () => {
      const app = window.jupyterapp;
      await app.serviceManager.settings.save("spinlab:panel", '{"enabled": false}');
    }""")
    page.reload()
    page.wait_for_selector(".jp-Notebook .jp-Cell")
    page.wait_for_function("() => !window.jupyterapp.commands.isEnabled('spinlab:show-panel')")
    expect(panel).to_have_count(0)
    page.evaluate("async () => { await window.jupyterapp.serviceManager.settings.save('spinlab:panel', '{}'); }")
