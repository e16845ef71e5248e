"""The widget of stores in a real JupyterLab: each click is asserted by what the kernel says afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import assert_accessible
from tests.browser.widgets import HOSTILE, LOAD, Notebook, assert_survives_reopening, opened, picture

pytestmark = pytest.mark.browser

KEYS = "app.kv().clear()\napp.kv().update({f'user:{i:03}': f'name {i}' for i in range(250)})\n"
VALUES = "app.kv().update({'config': '{\"n\":1.10,\"on\":[true]}', 'raw': bytes(range(256)), 'long': 'x' * 70_000});"
TABLE = """\
app.script('''
CREATE TABLE note (id INTEGER PRIMARY KEY, title TEXT NOT NULL, stars REAL, raw BLOB);
INSERT INTO note (title, stars) VALUES ('read', 2.5), ('write', NULL), ('rest', 4);
CREATE TABLE many AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 120) SELECT i FROM n;
''');"""


def test_keys_are_searched_added_edited_and_deleted_by_clicks(page: Page, lab: tuple[str, Path]) -> None:
    show = "kv = app.kv()\nprint(kv.get('config'), kv.get('new'), kv.get('raw', b'')[:3], 'user:000' in kv)"
    book = Notebook(page, lab, "keys.ipynb", LOAD, KEYS + VALUES, show, "%spin stores")
    for index in (0, 1):
        book.run(index)
    box = opened(book, 3, "stores")
    keys = box.get_by_role("listbox", name="keys").get_by_role("option")
    expect(box).to_contain_text("253 keys")
    expect(box).to_contain_text("1 to 100 of 253")
    box.get_by_role("button", name="later keys").click()
    expect(box).to_contain_text("101 to 200 of 253")
    box.get_by_label("keys that begin with").fill("user:24")
    expect(keys).to_have_count(10)
    box.get_by_label("keys that begin with").fill("")
    expect(box).to_contain_text("1 to 100 of 253")
    keys.first.click()
    value = box.get_by_label("value", exact=True).and_(box.locator("textarea"))
    expect(value).to_have_value('{\n  "n": 1.10,\n  "on": [\n    true\n  ]\n}')
    picture(box, "stores.png")
    value.fill('{"n": 2')
    box.get_by_role("button", name="Save").click()
    expect(box.get_by_role("alert")).to_contain_text("this is no JSON")
    value.fill('{"n": 2}')
    page.keyboard.press("Control+Enter")
    expect(box).to_contain_text("saved config, 8 B")
    box.get_by_role("option", name="raw").click()
    expect(box.get_by_label("shown as")).to_have_value("hex")
    value.fill("07 08 09")
    box.get_by_role("button", name="Save").click()
    expect(box).to_contain_text("saved raw, 3 B")
    box.get_by_role("option", name="long").click()
    expect(box).to_contain_text("a value over 64 KB can't be edited here")
    assert value.get_attribute("readonly") is not None
    box.get_by_role("button", name="Add key").click()
    box.get_by_label("new key").fill("new")
    value.fill("fresh")
    box.get_by_role("button", name="Save").click()
    expect(box).to_contain_text("saved new, 5 B")
    box.get_by_label("keys that begin with").fill("user:000")
    expect(keys).to_have_count(1)
    keys.first.click()
    expect(value).to_have_value("name 0")
    box.get_by_role("button", name="Delete").click()
    expect(box).to_contain_text("What is in user:000 is lost.")
    box.get_by_role("button", name="Keep it").click()
    assert book.prints(2) == "b'{\"n\": 2}' b'fresh' b'\\x07\\x08\\t' True"
    box.get_by_role("button", name="Delete").click()
    box.get_by_role("button", name="Delete it").click()
    expect(box).to_contain_text("deleted user:000")
    assert book.prints(2).endswith("False")
    box.get_by_label("keys that begin with").fill("")
    expect(keys.first).to_be_visible()
    assert_accessible(page, ".sl-stores")
    book.nothing_ran()


def test_rows_are_ordered_edited_added_and_deleted(page: Page, lab: tuple[str, Path]) -> None:
    show = "print(*app.sql('SELECT * FROM note ORDER BY id'))"
    widget = "from spinlab.widgets import Stores\nw = Stores(kind='sqlite', table='note')\nw"
    book = Notebook(page, lab, "rows.ipynb", LOAD, TABLE, show, widget)
    for index in (0, 1):
        book.run(index)
    box = opened(book, 3, "stores")
    cells = box.get_by_role("gridcell")
    expect(cells.nth(1)).to_have_text("read")
    box.get_by_role("button", name="title TEXT").click()
    expect(cells.nth(1)).to_have_text("read")
    box.get_by_role("button", name="title").click()
    expect(cells.nth(1)).to_have_text("write")
    picture(box, "database.png")
    cells.nth(1).click()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    editor = box.get_by_label("cell", exact=True)
    expect(editor).to_contain_text("row 2 of note")
    editor.get_by_label("type of the value").select_option("real")
    editor.get_by_label("value of the cell").fill("1.25")
    page.keyboard.press("Control+Enter")
    expect(box).to_contain_text("saved stars of row 2")
    assert book.prints(2) == "(1, 'read', 2.5, None) (2, 'write', 1.25, None) (3, 'rest', 4.0, None)"
    editor.get_by_role("button", name="Delete row").click()
    editor.get_by_role("button", name="Delete it").click()
    expect(box).to_contain_text("deleted row 2 of note")
    box.get_by_role("button", name="Add row").click()
    form = box.get_by_role("form", name="new row")
    form.get_by_label("value of title").fill("sleep")
    form.get_by_label("type of raw").select_option("blob")
    form.get_by_label("value of raw").fill("00 ff")
    page.keyboard.press("Enter")
    expect(box).to_contain_text("added row 4 to note")
    assert book.prints(2) == "(1, 'read', 2.5, None) (3, 'rest', 4.0, None) (4, 'sleep', None, b'\\x00\\xff')"
    box.get_by_label("table", exact=True).select_option("many")
    expect(box).to_contain_text("1 to 50 of 120")
    box.get_by_role("button", name="later rows").click()
    expect(cells.first).to_have_text("51")
    assert_accessible(page, ".sl-stores")
    book.nothing_ran()


def test_statements_show_rows_errors_at_their_place_and_end(page: Page, lab: tuple[str, Path]) -> None:
    book = Notebook(
        page,
        lab,
        "statements.ipynb",
        LOAD,
        TABLE,
        "print(app.sql('SELECT count(*) FROM note').value)",
        "from spinlab.widgets import Stores\nStores(kind='sqlite')",
    )
    for index in (0, 1):
        book.run(index)
    box = opened(book, 3, "stores")
    text = box.get_by_label("SQL statements")
    text.fill("DELETE FROM note WHERE id = 3;\nSELECT title AS what FROM note")
    page.keyboard.press("Control+Enter")
    results = box.locator(".sl-results")
    expect(results).to_contain_text("1 row changed")
    expect(results.get_by_role("columnheader", name="what")).to_be_visible()
    assert book.prints(2) == "2"
    text.fill("SELECT 1;\nSELECT nosuch FROM note")
    box.get_by_role("button", name="Run").click()
    expect(results.get_by_role("alert")).to_contain_text("line 2, column 8")
    chosen = text.evaluate("(box) => box.value.slice(box.selectionStart, box.selectionEnd)")
    assert chosen == "nosuch"
    text.fill("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n")
    box.get_by_role("button", name="Run").click()
    expect(results).to_contain_text("too long and was stopped", timeout=60_000)
    assert_accessible(page, ".sl-stores")


def test_it_writes_while_a_cell_runs_and_shows_what_the_cell_wrote(page: Page, lab: tuple[str, Path]) -> None:
    waits = (
        "import time\napp.kv()['a'] = 'of the cell'\nwhile 'b' not in app.kv(): time.sleep(0.05)\nprint(app.kv()['b'])"
    )
    book = Notebook(
        page, lab, "while.ipynb", LOAD, "app.kv().clear()", waits, "from spinlab.widgets import Stores\nStores()"
    )
    for index in (0, 1):
        book.run(index)
    box = opened(book, 3, "stores")
    expect(box).to_contain_text("no keys yet")
    book.start(2)
    expect(box.get_by_role("option", name="a", exact=True)).to_be_visible()
    assert book.is_running(2)
    box.get_by_role("button", name="Add key").click()
    box.get_by_label("new key").fill("b")
    box.locator("textarea").first.fill("of the page")
    box.get_by_role("button", name="Save").click()
    expect(book.cell(2).locator(".jp-OutputArea-output")).to_contain_text("of the page")
    expect(book.cell(2).locator(".jp-InputPrompt")).not_to_have_text("[*]:")


def test_hostile_keys_values_tables_and_secrets(page: Page, lab: tuple[str, Path]) -> None:
    made = f"""bad = {HOSTILE!r}
app.kv().clear()
app.set_variable("token", "hunter2hunter2", secret=True)
app.kv().update({{bad: bad, "json": '{{"' + bad.replace('"', "") + '": 1}}', "secret": "it is hunter2hunter2"}})
name = '"' + bad.replace('"', '""') + '"'
app.sql(f"CREATE TABLE {{name}} ({{name}} TEXT)")
app.sql(f"INSERT INTO {{name}} VALUES (?)", [bad]);"""
    book = Notebook(
        page,
        lab,
        "hostile-stores.ipynb",
        LOAD,
        made,
        "from spinlab.widgets import Stores\nw = Stores()\nw",
        "w.kind = 'sqlite'; w.table = bad",
    )
    for index in (0, 1):
        book.run(index)
    box = opened(book, 2, "stores")
    keys = box.get_by_role("listbox", name="keys").get_by_role("option")
    expect(keys).to_have_count(3)
    for index in range(3):
        keys.nth(index).click()
        expect(box.locator("h3").first).not_to_be_empty()
        expect(box.locator("textarea").first).not_to_have_value("")
    expect(box).to_contain_text("There is a secret in it")
    expect(box.locator("textarea").first).to_have_value("it is ***")
    assert "hunter2" not in str(box.inner_html())
    expect(box.get_by_role("button", name="Save")).to_be_hidden()
    book.run(3)
    expect(box.get_by_role("gridcell").first).to_contain_text("<img")
    box.get_by_label("SQL statements").fill(
        f"SELECT '{HOSTILE.replace(chr(39), chr(39) * 2)}' AS \"<b>x</b>\"; SELECT <img"
    )
    box.get_by_role("button", name="Run").click()
    expect(box.get_by_role("alert")).to_be_visible()
    expect(box.locator("b")).to_have_count(0)
    assert "hunter2" not in str(box.inner_html())
    book.nothing_ran()


def test_a_reopened_notebook_shows_the_table(page: Page, lab: tuple[str, Path]) -> None:
    assert_survives_reopening(page, lab, "stores-again.ipynb", "%spin stores", "SQLite database")
