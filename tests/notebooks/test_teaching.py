"""What is written for instructors: it agrees with the lessons, links lead somewhere, quotes are what one sees."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import nbformat
import pytest
import tomli

import spinlab
from spinlab.testing.lessons.checking import find
from tests.magics.conftest import Kernel
from tests.notebooks.running import NOTEBOOKS, SOLUTIONS

ROOT = NOTEBOOKS.parent
LESSONS: dict[str, dict[str, Any]] = {
    one["id"]: one for one in tomli.loads((NOTEBOOKS / "lessons.toml").read_text(encoding="utf-8"))["lesson"]
}
INSTRUCTORS = (NOTEBOOKS / "INSTRUCTORS.md").read_text(encoding="utf-8")
GLOSSARY = (NOTEBOOKS / "GLOSSARY.md").read_text(encoding="utf-8")
CLAIMS = (ROOT / "docs" / "claims.md").read_text(encoding="utf-8")
PAGES = [
    *(NOTEBOOKS / name for name in ("INSTRUCTORS.md", "GLOSSARY.md", "LICENSE-TEXT.md", "README.md")),
    ROOT / "docs" / "claims.md",
]
WORDS = {"component", "world", "trigger", "route", "grant", "instance", "bridge", "image"}
"""Terms that no glossary of these lessons may lack."""
TERMS = re.findall(r"^\| \*\*(.+?)\*\* \| .+ \| \[(\d\d)\]\(\S+\) \|$", GLOSSARY, re.MULTILINE)
ROW = re.compile(r"^\| (\d+:\d\d) \| (\d+) \| (.+?) \|$", re.MULTILINE)


def section(title: str) -> str:
    """The text of INSTRUCTORS.md under a heading of the second level."""
    return INSTRUCTORS.split(f"\n## {title}\n")[1].split("\n## ")[0]


def cells(lesson: str) -> dict[str, str]:
    """Cell id -> source, of a lesson's solution."""
    book = nbformat.read(SOLUTIONS / LESSONS[lesson]["file"], as_version=4)
    return {cell.id: cell.source for cell in book.cells}


# ---- instructors


@pytest.mark.parametrize("lesson", LESSONS)
def test_every_lesson_has_its_place_in_the_instructors_text(lesson: str) -> None:
    one = LESSONS[lesson]
    assert f"| [{lesson} {one['title']}]({one['file']}) | {one['minutes']} |" in section("The lessons")
    about = section("Lesson by lesson").split(f"\n### {lesson} {one['title']}\n")[1].split("\n### ")[0]
    for what in ("The idea:", "**Checkpoint:**", "**Done early:**"):
        assert what in re.sub(r"\s+", " ", about), what


@pytest.mark.parametrize("plan", ["An afternoon", "Ninety minutes"])
def test_a_timetable_adds_up_and_gives_each_lesson_its_minutes(plan: str) -> None:
    rows = ROW.findall(section(plan))
    assert len(rows) > 4
    starts = [datetime.strptime(begins, "%H:%M") for begins, _, _ in rows]
    for (start, (_, minutes, _)), following in zip(zip(starts, rows, strict=True), starts[1:], strict=False):
        assert start + timedelta(minutes=int(minutes)) == following
    for _, minutes, what in rows:
        named = re.match(r"\[(\d\d) (.+)\]\((.+)\)$", what)
        if named:
            one = LESSONS[named[1]]
            assert (named[2], named[3], minutes) == (one["title"], one["file"], str(one["minutes"]))


def test_the_afternoon_has_all_lessons_and_the_short_form_its_ninety_minutes() -> None:
    named = [re.match(r"\[(\d\d) ", what) for _, _, what in ROW.findall(section("An afternoon"))]
    assert [found[1] for found in named if found] == list(LESSONS)
    assert sum(int(minutes) for _, minutes, _ in ROW.findall(section("Ninety minutes"))) == 90


def test_checkpoints_are_exercises() -> None:
    named = re.findall(r'spinlab\.check\("([\d.]+)"\)', INSTRUCTORS)
    assert len(named) >= len(LESSONS)
    for exercise in named:
        assert find(exercise).id == exercise


# ---- words, links, licence


def test_the_glossary_has_the_words_that_it_must_and_is_in_order() -> None:
    assert len(TERMS) == GLOSSARY.count("\n| **")
    names = [term for term, _ in TERMS]
    assert set(names) >= WORDS
    assert names == sorted(names, key=str.lower)


@pytest.mark.parametrize(("term", "lesson"), TERMS)
def test_a_term_is_used_in_the_lesson_that_it_is_said_to_be_in(term: str, lesson: str) -> None:
    assert f"]({LESSONS[lesson]['file']}) |" in GLOSSARY
    assert re.search(rf"\b{re.escape(term)}(s|es|ed|ing)?\b", "\n".join(cells(lesson).values()), re.IGNORECASE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if not target.startswith("https://"):
            assert (page.parent / target.partition("#")[0]).exists(), target


def test_the_licence_of_the_text_is_named_where_one_looks_for_it() -> None:
    for text in (
        (NOTEBOOKS / "LICENSE-TEXT.md").read_text(encoding="utf-8"),
        (ROOT / "NOTICE").read_text(encoding="utf-8"),
    ):
        assert "https://creativecommons.org/licenses/by/4.0/" in text
        assert "Apache-2.0" in text
    assert "LICENSE-TEXT.md" in INSTRUCTORS


def test_the_citation_is_of_this_version() -> None:
    assert f"\nversion: {spinlab.__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")


# ---- claims


def test_every_cell_that_a_claim_names_is_in_its_lesson() -> None:
    table = CLAIMS.split("\n## Measured\n")[1].split("\n## ")[0]
    rows = [row for row in table.splitlines() if row.startswith("| ") and "](" in row]
    assert len(rows) >= 10
    for row in rows:
        places = re.findall(r"\[(\d\d)\]\(\S+\)((?: `[\w-]+`,?)+)", row)
        assert places, row
        for lesson, named in places:
            for cell in re.findall(r"`([\w-]+)`", named):
                assert cell in cells(lesson), f"{lesson} has no cell {cell}"


def test_every_claim_says_what_it_is_compared_with() -> None:
    table = CLAIMS.split("\n## Measured\n")[1].split("\n## ")[0]
    for row in table.splitlines()[4:]:
        if row.startswith("|"):
            assert all(column.strip() for column in row.strip("|").split("|")), row


# ---- what learners see

HANDLER = "\ndef handle(request):\n    return 'x'"
SEEN = {
    "Line magic function `%%spin` not found": f"# a comment\n%%spin hello{HANDLER}",
    "the cell defines no handler": "%%spin hello\ndef hello(request):\n    return 'x'",
    "is defined in the notebook, not in the sandbox": "%%spin hello\ndef handle(request):\n    return elsewhere",
    "handle() returned int": "%spin get /number",
    "no route matches": "%spin get /nobody",
    "belongs to": f"%%spin other --route /number{HANDLER}",
    "has compiled parts": f"%%spin hello\nimport numpy{HANDLER}",
    "a path starts with /": "%spin get hello",
    "is not done yet": "spinlab.check('01.1')",
    "does not contain a scheme": f"%%spin hello --allow localhost{HANDLER}",
    "unknown key_value_stores label": f"%%spin hello --kv votes{HANDLER}",
    "32 bytes": "%%spin wat small --memory 32\n(func $handle (call $respond (i32.const 200) (call $path)))",
    "this ( is not closed": "%%spin wat open\n(func $handle\n(func $other)",
    "which image?": "%spin kube scaffold",
    "did you mean --replicas?": "%spin kube scaffold -f registry.example.com/a:1 --replica 3",
}
"""What INSTRUCTORS.md quotes -> a cell that shows it."""


@pytest.fixture(scope="module")
def kernel() -> Iterator[Kernel]:
    made = Kernel()
    made.run("%load_ext spinlab\nimport spinlab\nelsewhere = 5").ok()
    made.run("%%spin number --route /number\ndef handle(request):\n    return 42").ok()
    yield made
    made.close()


@pytest.mark.parametrize("quote", SEEN)
def test_what_learners_are_said_to_see_is_what_they_see(kernel: Kernel, quote: str) -> None:
    assert quote in re.sub(r"\s+", " ", INSTRUCTORS)
    ran = kernel.run(SEEN[quote])
    assert quote in f"{ran.text}\n{ran.traceback}", ran


def test_a_kernel_without_the_extension_says_what_the_table_says() -> None:
    quote = "Cell magic `%%spin` not found"
    assert quote in INSTRUCTORS
    made = Kernel()
    try:
        ran = made.run(f"%%spin hello{HANDLER}")
    finally:
        made.close()
    assert quote in f"{ran.text}\n{ran.traceback}"


def test_every_message_in_the_table_of_mistakes_is_tried() -> None:
    rows = re.findall(r"^\| (.+?) \|", section("What goes wrong in every lesson"), re.MULTILINE)[2:]
    quoted = [re.sub(r"`` ?", "", row).split("` ")[0].strip("` ") for row in rows if row.startswith("`")]
    assert len(quoted) > 8
    for quote in quoted:
        if quote != "%spin get hello":
            assert any(quote in tried or tried in quote for tried in (*SEEN, "Cell magic `%%spin` not found")), quote
