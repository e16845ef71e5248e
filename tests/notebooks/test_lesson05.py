"""Lesson 05: relations between what was measured that hold on any machine, and the lesson without a compiler."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat

from spinlab.toolchains import find
from tests.notebooks.lesson import Lesson, is_check
from tests.notebooks.running import SOLUTIONS, Ran, error_of, run, shown

PAIRS = {"checksum, WebAssembly text", "sieve in Python"}
IN_C = {"sieve in C, native -Os", "sieve in C, native -O2"}
WITHOUT_ZIG = """
from spinlab.toolchains import find

def without(tool, before=find.find):
    return None if tool is find.ZIG else before(tool)

find.find = without
"""


def milliseconds(text: str) -> dict[str, float]:
    """The first figure of each line."""
    return {name: float(ms) for name, ms in re.findall(r"(?m)^(.+?) {2,}([\d.]+) ms", text)}


class TestLesson05(Lesson):
    lesson = "05"

    def test_a_small_function_starts_sooner_than_a_process_of_python(self, solution: Ran) -> None:
        started = milliseconds(solution.shown("cold"))
        assert 0 < started["hello-wat"] < started["process: Python"]
        assert started["hello-wat"] < started["hello-javascript"]

    def test_sizes_are_those_of_what_runs(self, solution: Ran) -> None:
        sizes = {
            name: tuple(int(x.replace(",", "")) for x in rest.split())
            for name, rest in re.findall(r"(?m)^(hello-\w+) +([\d, ]+)$", solution.shown("sizes"))
        }
        assert {"hello-python", "hello-javascript", "hello-wat"} <= set(sizes)
        for source, component, compressed, compiled in sizes.values():
            assert source < component
            assert compressed < component
            assert compiled > 0
        assert sizes["hello-wat"][1] * 1000 < sizes["hello-python"][1]

    def test_two_python_functions_have_one_component(self, solution: Ran) -> None:
        first, second = re.findall(r"sha256:(\w+)", solution.shown("digests"))
        assert first == second

    def test_each_pair_did_the_same_work_both_ways(self, solution: Ran) -> None:
        here = find.find(find.ZIG)
        wanted = PAIRS | IN_C if here is not None and here.fits else PAIRS
        assert set(milliseconds(solution.shown("pairs"))) == wanted

    def test_what_is_quoted_is_called_so(self, solution: Ran) -> None:
        for figure in ("cold-figure", "sizes", "pairs-figure"):
            assert re.search(r"quoted|talk's", solution.shown(figure, "text/plain"), re.IGNORECASE), figure


def test_without_a_compiler_the_lesson_does_with_the_other_pairs(tmp_path: Path) -> None:
    book = nbformat.read(next(SOLUTIONS.glob("05-*.ipynb")), as_version=4)
    book.cells.insert(0, nbformat.v4.new_code_cell(WITHOUT_ZIG, id="without"))
    nbformat.write(book, tmp_path / "without.ipynb")
    ran = run(tmp_path / "without.ipynb", tmp_path)
    assert "hello-c is left out for now" in ran.shown("hello-c")
    assert set(milliseconds(ran.shown("pairs"))) == PAIRS
    assert all(shown(cell).startswith("✓ done: ") for cell in ran.book.cells if is_check(cell))
    assert [cell.id for cell in ran.book.cells if error_of(cell)] == ["broken"]
