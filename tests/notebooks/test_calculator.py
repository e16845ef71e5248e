"""Lesson 02: one app in six languages."""

from __future__ import annotations

import pytest

from spinlab.doctor import missing_tools
from tests.notebooks.lesson import Lesson
from tests.notebooks.running import Ran

OTHERS = {"mul": ("rust", "7 = 42"), "div": ("c", "128 / 3 = 42, 2 left")}
"""Cells whose compilers may be missing."""


class TestLesson02(Lesson):
    lesson = "02"

    @pytest.mark.parametrize(
        ("name", "answer"),
        [("add", "20 + 22 = 42"), ("sub", "64 - 22 = 42"), ("answer", "6 x 7 = 42"), ("index", "<h1>")],
    )
    def test_what_needs_no_compiler_answers(self, solution: Ran, name: str, answer: str) -> None:
        assert "revision 1" in solution.shown(name)
        assert answer in solution.shown(f"get-{name}")

    @pytest.mark.parametrize("name", OTHERS)
    def test_what_needs_one_answers_or_says_what_to_add(self, solution: Ran, name: str) -> None:
        language, answer = OTHERS[name]
        if missing_tools(language):
            assert f"{name} is left out for now" in solution.shown(name)
            assert "add it with" in solution.shown(name)
        else:
            assert answer in solution.shown(f"get-{name}")

    def test_the_page_is_shown_in_the_notebook(self, solution: Ran) -> None:
        assert "<h1>Calculator</h1>" in solution.shown("open")

    def test_a_mistake_in_javascript_is_pointed_at(self, solution: Ran) -> None:
        assert "line 4:" in solution.shown("broken")
        assert "64 - 22 = 42" in solution.shown("get-still")

    def test_sizes_and_times_are_side_by_side(self, solution: Ran) -> None:
        heading, *rows = solution.shown("build").splitlines()[1:]
        assert heading.split()[:3] == ["name", "language", "component"]
        assert {"add", "sub", "mod", "answer", "index"} <= {row.split()[0] for row in rows}
        assert all("not yet" not in row for row in rows)

    def test_the_bytecode_is_the_functions_own(self, solution: Ran) -> None:
        assert "call $times" in solution.shown("inspect")
        assert "6c       i32.mul" in solution.shown("wat")

    def test_there_is_one_export_of_all(self, solution: Ran) -> None:
        manifest = (solution.folder / "many-languages" / "spin.toml").read_text()
        for name in ("add", "sub", "mod", "answer", "index"):
            assert f"[component.{name}]" in manifest
        assert "spin up -f many-languages" in solution.shown("export-it")
