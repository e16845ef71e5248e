"""What the browser tests of live widgets share."""

from __future__ import annotations

from playwright.sync_api import Page, expect

LOAD = "%load_ext spinlab\nfrom spinlab.widgets.live.place import place\nplace.mode = 'live'"
"""The first cell: widgets are drawn by the widget manager, whatever else is installed."""


def run_cells(page: Page, count: int, *, last: bool = False) -> None:
    """Run that many cells from the first one on, or the last ones, each when the one before is done."""
    cells = page.locator(".jp-Notebook .jp-CodeCell")
    first = cells.count() - count if last else 0
    for index in range(first, first + count):
        prompt = cells.nth(index).locator(".jp-InputArea-prompt")
        prompt.click()
        page.keyboard.press("Control+Enter")
        expect(prompt).not_to_have_text("[ ]:", timeout=300_000)
        expect(prompt).not_to_have_text("[*]:", timeout=300_000)
