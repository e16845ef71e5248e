"""Saved notebooks where nothing can run: what stands for each live widget."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbconvert import HTMLExporter
from playwright.sync_api import Browser, expect

from spinlab import App
from spinlab.widgets import AppView, Capabilities, Console, Preview, Stores
from tests.conftest import wat

pytestmark = pytest.mark.browser


def test_a_page_without_javascript_shows_the_twin_of_each_widget(browser: Browser, app: App, tmp_path: Path) -> None:
    app.add(wat(key_value_stores=("default",)))
    app.kv()["a-key"] = b"a value"
    console = Console(app, path="/hello")
    console.send()
    shown = (
        (AppView(app), "/hello"),
        (console, "200 OK"),
        (Capabilities(app), "key-value store default"),
        (Stores(app), "1 key"),
        (Preview(app, path="/hello"), "/hello"),
    )
    outputs = [nbformat.v4.new_output("display_data", widget._repr_mimebundle_()[0]) for widget, _ in shown]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("widget", outputs=[one]) for one in outputs])
    saved = tmp_path / "saved.html"
    saved.write_text(HTMLExporter().from_notebook_node(book)[0], encoding="utf-8")
    context = browser.new_context(java_script_enabled=False)
    try:
        page = context.new_page()
        page.goto(saved.as_uri())
        for index, (_, words) in enumerate(shown):
            expect(page.locator(".jp-OutputArea-output").nth(index)).to_contain_text(words)
        expect(page.locator("body")).not_to_contain_text("Error displaying")
    finally:
        context.close()
