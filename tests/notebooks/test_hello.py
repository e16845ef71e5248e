"""The first notebook: what is committed, and what it shows when it runs."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert import HTMLExporter, MarkdownExporter

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
ALL = sorted(NOTEBOOKS.glob("*.ipynb"))
CARD = "application/vnd.spinlab.function.v1+json"


def ran(folder: Path, name: str = "01-hello.ipynb") -> nbformat.NotebookNode:
    book = nbformat.read(NOTEBOOKS / name, as_version=4)
    NotebookClient(book, timeout=600, resources={"metadata": {"path": str(folder)}}).execute()
    return book


def shown(book: nbformat.NotebookNode, cell_id: str, media_type: str = "text/plain") -> str:
    """What a cell shows."""
    cell = next(c for c in book.cells if c.id == cell_id)
    parts = []
    for output in cell.outputs:
        if output.output_type == "stream":
            parts.append(output.text)
        elif output.output_type == "error":
            parts.append(re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(output.traceback)))
        else:
            parts.append(str(output.data.get(media_type, "")))
    return "\n".join(parts)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("notebook")


@pytest.fixture(scope="module")
def book(folder: Path) -> nbformat.NotebookNode:
    return ran(folder)


@pytest.mark.parametrize("path", ALL, ids=lambda p: p.name)
def test_a_committed_notebook_has_no_outputs_and_no_paths_of_a_machine(path: Path) -> None:
    text = path.read_text()
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None
    assert not re.search(r"(/home/|/root/|/tmp/|/Users/|[A-Z]:\\\\)", text)
    assert "widgets" not in notebook.metadata


def test_the_first_function_answers(book: nbformat.NotebookNode) -> None:
    assert "hello · Python · WASI 0.2 · revision 1" in shown(book, "hello")
    assert "may touch  nothing" in shown(book, "hello")
    assert "Hello, ada!" in shown(book, "get")
    assert "someone called ada" in shown(book, "get")


def test_the_listener_says_where_it_is(book: nbformat.NotebookNode) -> None:
    assert "Serving http" in shown(book, "up")
    assert "/hello/:name" in shown(book, "up")


def test_an_edit_is_live(book: nbformat.NotebookNode) -> None:
    assert "revision 2" in shown(book, "edited")
    assert '"letters": 3' in shown(book, "get-edited")
    assert "<details" in shown(book, "get-edited", "text/html")
    assert "+    return" in shown(book, "diff")


def test_the_mistake_is_pointed_at_and_changes_nothing(book: nbformat.NotebookNode) -> None:
    text = shown(book, "broken")
    assert "requests" in text
    assert "line 2:" in text
    assert "hint:" in text
    assert "hello still answers with revision 2" in text
    assert '"letters": 5' in shown(book, "get-still")


def test_the_denial_is_named_with_the_option_that_grants_it(book: nbformat.NotebookNode) -> None:
    text = shown(book, "get-curious")
    assert "denied" in text
    assert "https://example.com" in text
    assert "--allow" in text


def test_a_traceback_has_the_lines_of_the_cell(book: nbformat.NotebookNode) -> None:
    assert '"sum": 5' in shown(book, "get-add")
    text = shown(book, "get-add-wrong")
    assert "500" in text
    assert re.search(r"Cell In\[\d+\], line 4, in handle", text)
    assert "ValueError" in text


def test_another_language_is_in_the_same_app(book: nbformat.NotebookNode) -> None:
    assert "418 I'm a Teapot" in shown(book, "get-teapot")
    for name in ("hello", "curious", "add", "teapot"):
        assert name in shown(book, "overview")


def test_the_export_is_a_spin_project(book: nbformat.NotebookNode, folder: Path) -> None:
    assert "spin up -f calculator" in shown(book, "export-it")
    text = (folder / "calculator" / "spin.toml").read_text()
    assert "spin_manifest_version = 2" in text
    assert str(folder) not in text


def test_running_it_again_gives_the_same_export(book: nbformat.NotebookNode, folder: Path) -> None:
    def files() -> dict[str, bytes]:
        root = folder / "calculator"
        return {str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}

    before = files()
    again = ran(folder)
    assert files() == before
    assert shown(again, "get-edited").splitlines()[1:] == shown(book, "get-edited").splitlines()[1:]


def test_cards_survive_saving_and_conversion(book: nbformat.NotebookNode) -> None:
    saved = nbformat.reads(nbformat.writes(book), as_version=4)
    html, _ = HTMLExporter(template_name="lab").from_notebook_node(saved)
    assert "may touch" in html
    assert "Hello, ada!" in html
    assert "/hello/:name" in html
    markdown, _ = MarkdownExporter().from_notebook_node(saved)
    assert "may touch" in markdown
    assert "Hello, ada!" in markdown


def test_no_widget_and_no_script_is_in_what_is_shown(book: nbformat.NotebookNode) -> None:
    for cell in book.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            assert "application/vnd.jupyter.widget-view+json" not in data
            assert "<script" not in data.get("text/html", "")
    assert CARD in next(c for c in book.cells if c.id == "hello").outputs[-1].data
