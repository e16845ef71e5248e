"""Lesson 07: the file that answers in the notebook answers in another runtime, byte for byte the same file."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import httpx
import pytest

from spinlab import App
from spinlab.errors import ListenError, ToolMissing
from spinlab.export import project
from spinlab.testing import serving
from spinlab.traits import guests
from tests.notebooks.lesson import Lesson
from tests.notebooks.running import SOLUTIONS, Ran, run

EXPORTED = "travel/components/double.wasm"


@pytest.fixture
def without_wasmtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no program, here and for kernels: nothing on the path, and a package that has none."""
    hollow = tmp_path / "hollow" / "wasmtime_cli"
    hollow.mkdir(parents=True)
    (hollow / "__init__.py").touch()
    monkeypatch.setenv("PYTHONPATH", str(hollow.parent))
    monkeypatch.syspath_prepend(str(hollow.parent))
    monkeypatch.setenv("PATH", str(tmp_path))


class TestLesson07(Lesson):
    lesson = "07"

    def test_the_digest_of_the_file_is_that_of_what_is_live(self, solution: Ran) -> None:
        file, live = re.findall(r"[0-9a-f]{64}", solution.shown("digest"))
        assert file == live == hashlib.sha256((solution.folder / EXPORTED).read_bytes()).hexdigest()

    def test_the_same_file_answers_the_same_in_both_runtimes(self, solution: Ran) -> None:
        assert solution.shown("two-runtimes").split() == ["here", "42", "wasmtime", "serve", "42"]

    def test_the_exported_file_answers_once_more(self, solution: Ran) -> None:
        with serving.wasmtime_serve(solution.folder / EXPORTED) as url:
            assert httpx.post(url + "/double", content="4000").text == "8000"

    def test_the_bytes_in_the_text_are_those_that_are_shown(self, solution: Ran) -> None:
        assert "41 02" in solution.shown("inspect-twice")
        assert "41 03" in solution.shown("inspect-thrice")

    def test_the_way_of_a_request_is_in_the_trace(self, solution: Ran) -> None:
        trace = solution.shown("trace")
        calls = re.findall(r"key-value store +(\w+)", trace.split("GET /counts  200")[-1])
        assert calls == ["open", "get", "set"]
        assert "no calls to the host" in trace.split("POST /double")[-1]


@pytest.mark.usefixtures("without_wasmtime")
def test_without_a_second_runtime_the_lesson_says_how_to_get_one_and_goes_on(tmp_path: Path) -> None:
    ran = run(SOLUTIONS / "07-inside.ipynb", tmp_path)
    assert serving.GET_WASMTIME in ran.shown("two-runtimes")
    assert "42" in ran.shown("two-runtimes")
    assert "done: 07.6" in ran.shown("check-07-6")


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
