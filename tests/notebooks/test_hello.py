"""Lesson 01, and what is true of every notebook when it is saved and converted."""

from __future__ import annotations

import re

import nbformat
from nbconvert import HTMLExporter, MarkdownExporter

from tests.notebooks.lesson import Lesson
from tests.notebooks.running import SOLUTIONS, Ran, run

CARD = "application/vnd.spinlab.function.v1+json"


class TestLesson01(Lesson):
    lesson = "01"

    def test_the_first_function_answers(self, solution: Ran) -> None:
        assert "hello · Python · WASI 0.2 · revision 1" in solution.shown("hello")
        assert "may touch  nothing" in solution.shown("hello")
        assert "Hello, ada!" in solution.shown("get")
        assert "someone called ada" in solution.shown("get")

    def test_the_listener_says_where_it_is_and_another_program_reaches_it(self, solution: Ran) -> None:
        assert "Serving http" in solution.shown("up")
        assert "/hello/:name" in solution.shown("up")
        assert "Hello, grace!" in solution.shown("curl")
        assert "someone called grace" in solution.shown("logs-hello")

    def test_an_edit_is_live(self, solution: Ran) -> None:
        assert "revision 2" in solution.shown("edited")
        assert '"letters": 3' in solution.shown("get-edited")
        assert "<details" in solution.shown("get-edited", "text/html")
        assert "+    return" in solution.shown("diff")

    def test_the_mistake_is_pointed_at_and_changes_nothing(self, solution: Ran) -> None:
        text = solution.shown("broken")
        assert "requests" in text
        assert "line 2:" in text
        assert "hint:" in text
        assert "hello still answers with revision 2" in text
        assert '"letters": 5' in solution.shown("get-still")

    def test_a_traceback_has_the_lines_of_the_cell(self, solution: Ran) -> None:
        assert '"sum": 5' in solution.shown("get-add")
        text = solution.shown("get-add-wrong")
        assert "500" in text
        assert re.search(r"Cell In\[\d+\], line 4, in handle", text)
        assert "ValueError" in text
        assert "400 Bad Request" in solution.shown("get-add-repaired")

    def test_an_undone_edit_is_gone(self, solution: Ran) -> None:
        assert "Hello, ada!" in solution.shown("get-undone")
        for name in ("hello", "shout", "add"):
            assert name in solution.shown("overview")

    def test_the_export_is_a_spin_project(self, solution: Ran) -> None:
        assert "spin up -f calculator" in solution.shown("export-it")
        text = (solution.folder / "calculator" / "spin.toml").read_text()
        assert "spin_manifest_version = 2" in text
        assert str(solution.folder) not in text

    def test_running_it_again_gives_the_same_export(self, solution: Ran) -> None:
        def files() -> dict[str, bytes]:
            root = solution.folder / "calculator"
            return {str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}

        before = files()
        again = run(SOLUTIONS / "01-hello.ipynb", solution.folder)
        assert files() == before
        assert again.shown("get-edited").splitlines()[1:] == solution.shown("get-edited").splitlines()[1:]

    def test_cards_survive_saving_and_conversion(self, solution: Ran) -> None:
        saved = nbformat.reads(nbformat.writes(solution.book), as_version=4)
        html, _ = HTMLExporter(template_name="lab").from_notebook_node(saved)
        assert "may touch" in html
        assert "Hello, ada!" in html
        assert "/hello/:name" in html
        assert "what was sent, what came back, what was expected" in html
        markdown, _ = MarkdownExporter().from_notebook_node(saved)
        assert "may touch" in markdown
        assert "Hello, ada!" in markdown

    def test_a_card_is_data_too_and_no_widget(self, solution: Ran) -> None:
        for cell in solution.book.cells:
            for output in cell.get("outputs", []):
                assert "application/vnd.jupyter.widget-view+json" not in output.get("data", {})
        assert CARD in solution.cell("hello").outputs[-1].data
