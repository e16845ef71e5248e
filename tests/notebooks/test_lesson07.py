"""Lesson 07: the file that answers in the notebook answers in another runtime, byte for byte the same file."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import httpx
import nbformat
import pytest
from nbclient import NotebookClient

from spinlab import App
from spinlab.errors import ListenError, ToolMissing
from spinlab.export import project
from spinlab.testing import serving
from spinlab.traits import guests

SOLUTION = Path(__file__).resolve().parents[2] / "notebooks" / "solutions" / "07-inside.ipynb"


def ran(folder: Path) -> dict[str, str]:
    """Cell id -> what it showed as text."""
    book = nbformat.read(SOLUTION, as_version=4)
    NotebookClient(book, timeout=600, resources={"metadata": {"path": str(folder)}}).execute()
    return {cell.id: "\n".join(map(_text, cell.get("outputs", ()))) for cell in book.cells}


def _text(output: nbformat.NotebookNode) -> str:
    if output.output_type == "stream":
        return str(output.text)
    return str(output.data.get("text/plain", "")) if "data" in output else "\n".join(output.traceback)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lesson")


@pytest.fixture(scope="module")
def shown(folder: Path) -> dict[str, str]:
    return ran(folder)


@pytest.fixture
def without_wasmtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no program, here and for kernels: nothing on the path, and a package that has none."""
    hollow = tmp_path / "hollow" / "wasmtime_cli"
    hollow.mkdir(parents=True)
    (hollow / "__init__.py").touch()
    monkeypatch.setenv("PYTHONPATH", str(hollow.parent))
    monkeypatch.syspath_prepend(str(hollow.parent))
    monkeypatch.setenv("PATH", str(tmp_path))


def test_the_digest_of_the_file_is_that_of_what_is_live(shown: dict[str, str], folder: Path) -> None:
    file, live = re.findall(r"[0-9a-f]{64}", shown["digest"])
    assert file == live == hashlib.sha256((folder / "travel/components/double.wasm").read_bytes()).hexdigest()


def test_the_same_file_answers_the_same_in_both_runtimes(shown: dict[str, str]) -> None:
    assert [line.split()[-1] for line in shown["two-runtimes"].splitlines()] == ["42", "42"]


def test_the_exported_file_answers_once_more(shown: dict[str, str], folder: Path) -> None:
    with serving.wasmtime_serve(folder / "travel/components/double.wasm") as url:
        assert httpx.post(url + "/double", content="4000").text == "8000"


def test_the_bytes_in_the_text_are_those_that_are_shown(shown: dict[str, str]) -> None:
    assert "41 02" in shown["inspect-twice"]
    assert "41 03" in shown["inspect-thrice"]


def test_the_way_of_a_request_is_in_the_trace(shown: dict[str, str]) -> None:
    last = shown["trace"].split("GET /counts  200")[-1]
    assert re.findall(r"key-value store +(\w+)", last) == ["open", "get", "set"]
    assert "no calls to the host" in shown["trace"].split("POST /double")[-1]


@pytest.mark.usefixtures("without_wasmtime")
def test_without_a_second_runtime_the_lesson_says_how_to_get_one_and_goes_on(tmp_path: Path) -> None:
    shown = ran(tmp_path)
    assert serving.GET_WASMTIME in shown["two-runtimes"]
    assert "42" in shown["two-runtimes"]
    assert "done: 07.6" in shown["check-07-6"]


@pytest.mark.usefixtures("without_wasmtime")
def test_no_program_is_a_tool_that_is_missing() -> None:
    with pytest.raises(ToolMissing, match="no program wasmtime"), serving.wasmtime_serve("x.wasm"):
        pass


def test_what_the_other_runtime_says_is_in_the_error(tmp_path: Path) -> None:
    (tmp_path / "text.wasm").write_bytes(b"\0asm\x0d\0\1\0 no more")
    with pytest.raises(ListenError) as raised, serving.wasmtime_serve(tmp_path / "text.wasm"):
        pass
    assert "ended" in raised.value.message
    assert raised.value.hint


def test_an_export_is_served_by_another_process(tmp_path: Path) -> None:
    with App("exported") as app:
        app.add(guests.numbered(7))
        project(app, tmp_path / "out")
    with serving.up(tmp_path / "out") as url:
        assert httpx.get(url + "/number7").text == "7"
        assert httpx.get(url + "/nobody").status_code == 404
