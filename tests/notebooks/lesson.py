"""What holds for every lesson: its solution passes all checks, its learner's copy fails as designed.

A lesson's tests are a class of `Lesson`, so that the lessons run on several workers at once.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.notebooks.running import SOLUTIONS, Ran, error_of, shown

MEMORY = 1000
"""Megabytes that a kernel may have at the end of a lesson."""


def file_of(lesson: str) -> str:
    """The name of a lesson's file."""
    found = list(SOLUTIONS.glob(f"{lesson}-*.ipynb"))
    if not found:
        pytest.skip(f"lesson {lesson} is not written yet")
    return found[0].name


def is_check(cell: Any) -> bool:
    """Whether a cell checks an exercise."""
    return bool(cell.cell_type == "code" and re.match(r"check-\d\d-\d$", cell.id))


class Lesson:
    """The tests of one lesson.

    Attributes:
        lesson: Its number.
    """

    lesson = ""

    def test_the_solution_passes_every_check(self, solution: Ran) -> None:
        checks = [cell for cell in solution.book.cells if is_check(cell)]
        assert checks
        for cell in checks:
            assert shown(cell).startswith("✓ done: "), cell.id

    def test_what_is_meant_to_fail_fails_in_the_short_form(self, solution: Ran) -> None:
        failed = [cell for cell in solution.book.cells if error_of(cell)]
        assert [c.id for c in failed] == [
            c.id for c in solution.book.cells if "raises-exception" in c.metadata.get("tags", [])
        ]
        assert failed
        for cell in failed:
            assert "Traceback" not in shown(cell), cell.id

    def test_it_is_quick_and_small(self, solution: Ran, record_property: Any) -> None:
        record_property("seconds", round(solution.seconds, 1))
        print(f"lesson {self.lesson}: {solution.seconds:.1f} s, {solution.megabytes:.0f} MB")
        assert solution.megabytes < MEMORY

    def test_a_learner_who_has_not_begun_is_told_what_is_missing(self, learner: Ran) -> None:
        for cell in learner.book.cells:
            if is_check(cell):
                assert error_of(cell) == "CheckFailed", cell.id
                assert "is not done yet: " in shown(cell)
                assert "! not yet: " in shown(cell)
                assert "\n  hint  " in shown(cell)

    def test_nothing_else_fails_before_the_exercises_are_done(self, learner: Ran) -> None:
        for cell in learner.book.cells:
            unfinished = "YOUR CODE HERE" in cell.source or "raises-exception" in cell.metadata.get("tags", [])
            if cell.cell_type == "code" and not unfinished and not is_check(cell):
                assert not error_of(cell), f"{cell.id}: {shown(cell)}"

    def test_every_picture_has_a_text(self, solution: Ran) -> None:
        for cell in solution.book.cells:
            for output in cell.get("outputs", []):
                data = output.get("data", {})
                assert "image/png" not in data, f"{cell.id}: show it by spinlab.testing.lessons.figure, with its text"
                for image in re.findall(r"<img[^>]*>", data.get("text/html", "")):
                    assert re.search(r'alt="[^"]{20,}"', image), cell.id

    def test_no_output_has_a_script(self, solution: Ran) -> None:
        for cell in solution.book.cells:
            for output in cell.get("outputs", []):
                assert "<script" not in output.get("data", {}).get("text/html", ""), cell.id

    def test_it_leaves_no_trace_of_the_machine_in_what_is_saved(self, solution: Ran) -> None:
        for cell in solution.book.cells:
            if cell.cell_type == "code":
                assert str(solution.folder) not in shown(cell), cell.id
                assert str(Path.home()) not in shown(cell), cell.id
