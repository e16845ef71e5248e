"""From a click in the console to the answer on the page, against the same request by `App.handle`.

Measured in the page itself, in Debian's Chromium, with a real JupyterLab and kernel. What lies between is the way of a
message: page, Jupyter server, kernel, a thread, and back.
"""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from benchmarks.figures import Table
from tests.browser.jupyterlab import chromium, jupyterlab, open_notebook
from tests.conftest import wat_source

TIMES = 30
PATIENCE = 120_000  # milliseconds
LONG = 10_000_000

FIRST = f"""%load_ext spinlab
%config Spin.widgets = 'live'
import statistics, time, spinlab
from spinlab import Function, Request
app = spinlab.current_app()
app.add(Function("small", {wat_source()!r}, language="wat", routes=("/small",)))
app.add(Function("long", "def handle(request):\\n    return b'x' * {LONG}", routes=("/long",)))
def took(path):
    times = []
    for _ in range({TIMES}):
        began = time.perf_counter()
        assert app.handle(Request("GET", path)).status == 200
        times.append(1e3 * (time.perf_counter() - began))
    return statistics.median(times)
print(took("/small"), took("/long"))"""
CELLS = (FIRST, "%spin console /small", "%spin open /small")

_ANSWERED = """async (path) => {
  // From a click on Send until the answer has been drawn.
  const box = document.querySelector(".sl-console");
  const field = box.querySelector(".sl-path");
  field.value = path;
  field.dispatchEvent(new Event("input"));
  await new Promise((go) => setTimeout(go, 400));
  const pane = box.querySelector(".sl-response");
  const began = performance.now();
  box.querySelector(".sl-send").click();
  while (pane.getAttribute("aria-busy") !== "true") await new Promise(requestAnimationFrame);
  while (pane.getAttribute("aria-busy") === "true") await new Promise(requestAnimationFrame);
  return performance.now() - began;
}"""

_OPENED = """async () => {
  // From a click on reload until the page says that it is there.
  const box = document.querySelector(".sl-preview");
  const frame = box.querySelector("iframe");
  const began = performance.now();
  box.querySelector("[aria-label=reload]").click();
  while (frame.getAttribute("aria-busy") !== "true") await new Promise(requestAnimationFrame);
  while (frame.getAttribute("aria-busy") === "true") await new Promise(requestAnimationFrame);
  return performance.now() - began;
}"""


def median(page: Page, code: str, argument: Any = None) -> float:
    """Median milliseconds of what a piece of code measures."""
    page.evaluate(code, argument)
    return statistics.median(page.evaluate(code, argument) for _ in range(TIMES))


def run() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as name, chromium() as browser:
        folder, settings = Path(name, "files"), Path(name, "settings")
        folder.mkdir()
        settings.mkdir()
        with jupyterlab(folder, settings) as url:
            page = browser.new_context(viewport={"width": 1200, "height": 1600}).new_page()
            page.set_default_timeout(PATIENCE)
            small, long = opened(page, url, folder)
            table = Table("The console: click to answer")
            table.row("a small answer, by App.handle in the kernel", small, "ms")
            table.row("the same by a click", median(page, _ANSWERED, "/small"), "ms", "App.handle", small)
            table.row(f"{LONG // 1_000_000} MB, by App.handle in the kernel", long, "ms")
            table.row(
                "the same by a click, its first 64 KB shown", median(page, _ANSWERED, "/long"), "ms", "handle", long
            )
            table.row("a small page opened again in the preview", median(page, _OPENED), "ms", "App.handle", small)


def opened(page: Page, url: str, folder: Path) -> tuple[float, float]:
    """A notebook with console and preview; the medians that its first cell measured."""
    open_notebook(page, (url, folder), "bench.ipynb", *CELLS, timeout=PATIENCE)
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")
    expect(page.locator(".sl-preview")).to_be_visible(timeout=PATIENCE)
    page.wait_for_timeout(1000)
    said = page.locator(".jp-OutputArea-output").first.inner_text().split()
    return float(said[0]), float(said[1])


if __name__ == "__main__":
    run()
