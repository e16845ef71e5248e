"""What a user waits for in JupyterLab: from a click to its answer, the panel's refresh, the first paint of a card.

Measured in the page itself, in Debian's Chromium, with a real kernel. A cell that prints a word is the baseline: its
way to the screen is the one that every result takes.
"""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from benchmarks.figures import Table
from tests.browser.jupyterlab import chromium, jupyterlab, open_notebook
from tests.conftest import wat_source

MANY = 200
MORE = 500
TIMES = 15
PATIENCE = 120_000  # milliseconds

FIRST = f"""%load_ext spinlab
import spinlab
from spinlab import Function
app = spinlab.current_app()
WAT = {wat_source()!r}
def wat(name):
    return Function(name, WAT, language="wat", routes=(f"/{{name}}",))
_ = app.add(wat("f0"))"""
CELLS = (
    FIRST,
    "print('a word')",
    "app['f0']",
    f"_ = app.add_all([wat(f'f{{n}}') for n in range({MANY})])",
    f"_ = app.add_all([wat(f'f{{n}}') for n in range({MORE})])",
)

_PAINTED = """async ([index, selector]) => {
  // From the start of a cell until what it shows has been painted.
  const app = window.jupyterapp;
  const notebook = app.shell.currentWidget.content;
  notebook.activeCellIndex = index;
  const node = notebook.widgets[index].node;
  await app.commands.execute("notebook:clear-cell-output");
  await new Promise((go) => setTimeout(go, 200));
  const began = performance.now();
  const there = new Promise((go) => {
    const look = () => node.querySelector(selector)?.textContent ? go() : requestAnimationFrame(look);
    look();
  });
  void app.commands.execute("notebook:run-cell");
  await there;
  await new Promise((go) => requestAnimationFrame(() => setTimeout(go)));
  return performance.now() - began;
}"""

_ANSWERED = """async (name) => {
  // From a click on Send until the answer, and until the row of the function counts it.
  const row = document.querySelector(`.jp-spinlab-row[data-function='${name}']`);
  const facts = row.querySelector(".jp-spinlab-facts");
  const pane = row.querySelector(".jp-spinlab-answer");
  const before = facts.textContent;
  let answer = 0;
  const began = performance.now();
  const seen = new Promise((go) => {
    const look = () => {
      const response = pane.querySelector(".sl-response");
      if (!answer && response?.getAttribute("aria-busy") === "false") answer = performance.now();
      answer && facts.textContent !== before ? go() : requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
  row.querySelector(".jp-spinlab-send").click();
  await seen;
  return [answer - began, performance.now() - began];
}"""

_OPENED = """async (count) => {
  const app = window.jupyterapp;
  const began = performance.now();
  void app.commands.execute("spinlab:show-panel");
  while (document.querySelectorAll(".jp-spinlab-row").length < count) await new Promise(requestAnimationFrame);
  await new Promise((go) => requestAnimationFrame(() => setTimeout(go)));
  return performance.now() - began;
}"""


class Bench:
    """A notebook on a page."""

    def __init__(self, page: Page, url: str, folder: Path) -> None:
        self.page = page
        page.set_default_timeout(PATIENCE)
        open_notebook(page, (url, folder), "bench.ipynb", *CELLS, timeout=PATIENCE)

    def run(self, index: int) -> None:
        """Run a cell to its end."""
        self.page.evaluate(
            """async (index) => {
              const app = window.jupyterapp;
              app.shell.currentWidget.content.activeCellIndex = index;
              await app.commands.execute("notebook:run-cell");
            }""",
            index,
        )

    def painted(self, index: int, selector: str) -> float:
        """Median milliseconds from the start of a cell to its output on the screen."""
        taken = [self.page.evaluate(_PAINTED, [index, selector]) for _ in range(TIMES)]
        return statistics.median(taken)

    def opened(self, count: int) -> float:
        """Milliseconds from the command that shows the panel to all of its rows; it is closed before and after."""
        self.page.evaluate("() => void window.jupyterapp.shell.collapseRight()")
        taken: float = self.page.evaluate(_OPENED, count)
        return taken

    def asked(self, name: str) -> tuple[float, float]:
        """Median milliseconds from a click to the answer, and to the row that counts it."""
        head = self.page.locator(f".jp-spinlab-row[data-function='{name}'] .jp-spinlab-head")
        if head.get_attribute("aria-expanded") == "false":
            head.click()
        taken: list[Any] = []
        for _ in range(TIMES):
            taken.append(self.page.evaluate(_ANSWERED, name))
            self.page.wait_for_timeout(400)  # the pace of the refresh is not what is measured
        first, second = zip(*taken, strict=True)
        return statistics.median(first), statistics.median(second)


def run() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as name, chromium() as browser:
        folder, settings = Path(name, "files"), Path(name, "settings")
        folder.mkdir()
        settings.mkdir()
        with jupyterlab(folder, settings) as url:
            page = browser.new_context(viewport={"width": 1400, "height": 1000}).new_page()
            measure(Bench(page, url, folder))


def measure(bench: Bench) -> None:
    """Measure all of it on one page."""
    table = Table("JupyterLab: what a user waits for")
    bench.run(0)
    word = bench.painted(1, ".jp-OutputArea-output")
    table.row("a cell that prints a word, on the screen", word, "ms")
    table.row("a cell that shows a card, painted", bench.painted(2, ".jp-spinlab-card"), "ms", "the word", word)
    table.row("the panel opened on one function", bench.opened(1), "ms")
    answer, counted = bench.asked("f0")
    table.row("click to answer, one function", answer, "ms", "the word", word)
    table.row("click to the row that counts it, one function", counted, "ms")
    for index, count in ((3, MANY), (4, MORE)):
        bench.page.evaluate("() => void window.jupyterapp.shell.collapseRight()")
        bench.run(index)
        table.row(f"the panel opened on {count} functions", bench.opened(count), "ms")
        answer_of, counted_of = bench.asked(f"f{count // 2}")
        table.row(f"click to answer, {count} functions", answer_of, "ms", "one function", answer)
        table.row(f"click to the row that counts it, {count} functions", counted_of, "ms", "one function", counted)
