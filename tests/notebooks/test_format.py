"""How lessons are written: what every notebook has, and what generating them does. No kernel."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import nbformat
import pytest
import tomli

from tests.notebooks.lesson import is_check
from tests.notebooks.running import NOTEBOOKS, SOLUTIONS

SAID = tomli.loads((NOTEBOOKS / "lessons.toml").read_text())["lesson"]
LESSONS = pytest.mark.parametrize("said", SAID, ids=lambda said: str(said["id"]))
ALL = pytest.mark.parametrize(
    "path", sorted([*NOTEBOOKS.glob("*.ipynb"), *SOLUTIONS.glob("*.ipynb")]), ids=lambda p: f"{p.parent.name}/{p.name}"
)


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def markdown(book: Any) -> str:
    return "\n".join(cell.source for cell in book.cells if cell.cell_type == "markdown")


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_lessons", NOTEBOOKS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_learners_notebooks_and_the_table_are_as_they_would_be_generated() -> None:
    done = subprocess.run(
        [sys.executable, str(NOTEBOOKS / "generate.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_there_is_a_learners_copy_of_each_solution_and_nothing_else() -> None:
    files = {said["file"] for said in SAID}
    assert {p.name for p in NOTEBOOKS.glob("*.ipynb")} == {p.name for p in SOLUTIONS.glob("*.ipynb")} == files


@ALL
def test_a_committed_notebook_has_no_outputs_and_no_paths_of_a_machine(path: Path) -> None:
    text = path.read_text()
    book = nbformat.reads(text, as_version=4)
    nbformat.validate(book)
    assert len({cell.id for cell in book.cells}) == len(book.cells)
    for cell in book.cells:
        assert set(cell.metadata) <= {"tags"}
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None
    assert not re.search(r"(/home/|/root/|/tmp/|/Users/|[A-Z]:\\\\)", text)
    assert set(book.metadata) == {"kernelspec", "language_info"}


@ALL
def test_headings_begin_with_one_title_and_skip_no_level(path: Path) -> None:
    levels = [len(found) for found in re.findall(r"(?m)^(#+) ", markdown(read(path)))]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(below - above <= 1 for above, below in pairwise(levels))


@ALL
def test_links_lead_somewhere_and_pictures_have_a_text(path: Path) -> None:
    text = markdown(read(path))
    for mark, alt, target in re.findall(r"(!?)\[([^\]]*)\]\(([^)\s]+)[^)]*\)", text):
        assert alt.strip(), target
        assert not mark or len(alt) > 10, target
        if not target.startswith("https://"):
            assert not target.startswith(".."), f"{target}: `spinlab learn` copies nothing from there"
            assert (NOTEBOOKS / target.partition("#")[0]).exists(), target
    assert all("alt=" in image for image in re.findall(r"<img[^>]*>", text))


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda p: str(p.name))
def test_a_learners_copy_has_no_mark_of_a_solution(path: Path) -> None:
    text = path.read_text()
    for mark in ("BEGIN SOLUTION", "END SOLUTION", "INSTEAD", "FIRST LINE"):
        assert mark not in text
    assert "YOUR CODE HERE" in text or "%%spin" in text


@LESSONS
def test_a_lesson_says_what_it_is_for_and_how_long_it_takes(said: dict[str, Any]) -> None:
    title, versions = read(SOLUTIONS / said["file"]).cells[:2]
    assert title.source.startswith(f"# {said['id']} {said['title']}\n")
    assert f"**Minutes:** {said['minutes']}\n" in title.source
    assert re.findall(r"(?m)^- (.+)$", title.source) == said["goals"]
    assert "**Needs:**" in title.source
    assert versions.source.startswith("%load_ext spinlab\nimport spinlab\n")
    assert 15 <= said["minutes"] <= 25


@LESSONS
def test_a_lesson_has_a_broken_cell_a_recap_and_what_comes_next(said: dict[str, Any]) -> None:
    book = read(SOLUTIONS / said["file"])
    assert any("raises-exception" in cell.metadata.get("tags", []) for cell in book.cells)
    headings = re.findall(r"(?m)^## (.+)$", markdown(book))
    assert headings[-2:] == ["Recap", "Where next"]


@LESSONS
def test_each_exercise_has_a_heading_and_a_check(said: dict[str, Any]) -> None:
    book = read(SOLUTIONS / said["file"])
    known = [one.id for one in exercises(said["id"])]
    assert known == [f"{said['id']}.{n}" for n in range(1, len(known) + 1)]
    assert re.findall(r"(?m)^#+ Exercise (\d\d\.\d)", markdown(book)) == known
    checks = [cell for cell in book.cells if is_check(cell)]
    assert [cell.source[:20] for cell in checks] == [f'spinlab.check("{one}"' for one in known]
    assert all(cell.id == f"check-{one.replace('.', '-')}" for cell, one in zip(checks, known, strict=True))
    assert len(known) >= 3


@LESSONS
def test_no_hint_gives_a_solution_away(said: dict[str, Any]) -> None:
    solution = read(SOLUTIONS / said["file"])
    learner = "\n".join(cell.source for cell in read(NOTEBOOKS / said["file"]).cells)
    hidden = {x.strip() for cell in solution.cells for x in cell.source.splitlines() if x.strip() not in learner}
    hints = [one.hint for one in exercises(said["id"])]
    hints += [step.hint for one in exercises(said["id"]) for step in one.steps]
    for line in hidden:
        assert len(line) < 12 or not any(line in hint for hint in hints), line


def exercises(lesson: str) -> Any:
    return import_module(f"spinlab.testing.lessons.lesson{lesson}").EXERCISES


def test_the_table_has_every_lesson_and_their_sum() -> None:
    text = (NOTEBOOKS / "README.md").read_text()
    for said in SAID:
        row = next(line for line in text.splitlines() if f"]({said['file']})" in line)
        assert f"| {said['minutes']} |" in row
        assert f"urlpath=lab/tree/notebooks/{said['file']}" in row
    minutes = sum(int(said["minutes"]) for said in SAID)
    assert f"{len(SAID)} lessons, {minutes} minutes together." in text
    for target in re.findall(r"\]\(([^)\s]+)", text):
        assert target.startswith("https://") or (NOTEBOOKS / target).exists(), target


# ---- what generating does


def test_a_solution_becomes_a_comment_with_its_hint(generate: ModuleType) -> None:
    source = "def f():\n    # BEGIN SOLUTION: add them\n    return 1 + 1\n    # END SOLUTION\n"
    assert generate.without_solution(source) == "def f():\n    # YOUR CODE HERE: add them\n"


@pytest.mark.parametrize(
    ("begin", "end", "wanted"),
    [
        ("// BEGIN SOLUTION", "// END SOLUTION", "// YOUR CODE HERE"),
        (";; BEGIN SOLUTION: two", ";; END SOLUTION", ";; YOUR CODE HERE: two"),
        ("/* BEGIN SOLUTION: x */", "/* END SOLUTION */", "/* YOUR CODE HERE: x */"),
        ("<!-- BEGIN SOLUTION: b -->", "<!-- END SOLUTION -->", "<!-- YOUR CODE HERE: b -->"),
        ("-- BEGIN SOLUTION", "-- END SOLUTION", "-- YOUR CODE HERE"),
    ],
)
def test_the_comment_is_of_the_cells_language(generate: ModuleType, begin: str, end: str, wanted: str) -> None:
    assert generate.without_solution(f"a\n{begin}\nsecret\n{end}\nb") == f"a\n{wanted}\nb"


def test_comments_after_instead_become_code(generate: ModuleType) -> None:
    source = "  // BEGIN SOLUTION\n  return 1\n  // INSTEAD\n  // if (x) {\n  //   return 0\n  // }\n  // END SOLUTION"
    assert generate.without_solution(source) == "  // YOUR CODE HERE\n  if (x) {\n    return 0\n  }"


def test_the_first_line_can_be_another_one(generate: ModuleType) -> None:
    source = "%%spin a --kv default\n# FIRST LINE: %%spin a\nbody"
    assert generate.without_solution(source) == "%%spin a\nbody"


@pytest.mark.parametrize(
    "source", ["# BEGIN SOLUTION\nx = 1", "# BEGIN SOLUTION\n# INSTEAD\nx = 2\n# END SOLUTION"], ids=["open", "code"]
)
def test_marks_that_do_not_fit_are_refused(generate: ModuleType, source: str) -> None:
    with pytest.raises(generate.Unfinished):
        generate.without_solution(source)


def test_what_a_run_leaves_is_cleaned_and_ids_stay(generate: ModuleType) -> None:
    cell = nbformat.v4.new_code_cell("1 + 1", id="sum", execution_count=3, metadata={"tags": ["x"], "scrolled": True})
    cell.outputs = [nbformat.v4.new_output("stream", text="2")]
    left_out = nbformat.v4.new_markdown_cell("for teachers", id="note", metadata={"tags": ["solution"]})
    book = nbformat.v4.new_notebook(cells=[cell, left_out], metadata={"widgets": {"state": {}}})
    made = generate.clean(book)
    assert [c.id for c in made.cells] == ["sum", "note"]
    assert made.cells[0].outputs == []
    assert made.cells[0].execution_count is None
    assert made.cells[0].metadata == {"tags": ["x"]}
    assert "widgets" not in made.metadata
    assert [c.id for c in generate.learners(book).cells] == ["sum"]
