"""Whether a part of a page can be used by everybody: axe's rules, in every theme of JupyterLab."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import axe_playwright_python
from playwright.sync_api import Page

LIGHT, DARK, HIGH_CONTRAST = "JupyterLab Light", "JupyterLab Dark", "JupyterLab Dark High Contrast"
THEMES = (LIGHT, DARK, HIGH_CONTRAST)

_RUN = """async (selector) => {
  const found = await axe.run(selector, {
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    rules: {region: {enabled: false}, "heading-order": {enabled: false}},
  });
  return found.violations.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.html.slice(0, 200)}\\n    `
    + node.any.concat(node.all, node.none).map((check) => check.message).join("; ")));
}"""


@cache
def _axe() -> str:
    return (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")


def problems(page: Page, selector: str) -> list[str]:
    """What axe has to say against the first element that `selector` finds: a rule, an element, and why, each."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(f"() => {{ const define = undefined, module = undefined; {_axe()} }}")
    found: list[str] = page.evaluate(_RUN, selector)
    return found


def assert_accessible(page: Page, selector: str) -> None:
    """Axe has nothing to say against it in any theme."""
    for theme in in_every_theme(page):
        assert problems(page, selector) == [], theme


def in_every_theme(page: Page) -> Iterator[str]:
    """Switch JupyterLab to each of its themes, and back to the first one."""
    try:
        for theme in THEMES:
            switch(page, theme)
            yield theme
    finally:
        switch(page, LIGHT)


def switch(page: Page, theme: str) -> None:
    """Choose a theme from JupyterLab's menu."""
    if page.evaluate("() => document.body.dataset.jpThemeName") != theme:
        page.locator(".lm-MenuBar-item", has_text="Settings").first.click()
        page.locator(".lm-Menu-item", has_text="Theme").first.hover()
        page.locator(".lm-Menu-item").get_by_text(theme, exact=True).click()
    page.wait_for_function("(name) => document.body.dataset.jpThemeName === name", arg=theme)
    page.wait_for_timeout(300)  # the style sheet of a theme comes after its name
