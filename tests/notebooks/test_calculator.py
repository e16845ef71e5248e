"""The second notebook: one app in six languages."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from spinlab.doctor import missing_tools
from tests.notebooks.test_hello import ran, shown

OTHERS = {"mul": ("rust", "7 = 42"), "div": ("c", "128 / 3 = 42, 2 left")}
"""Cells whose compilers may be missing."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("notebook")


@pytest.fixture(scope="module")
def book(folder: Path) -> nbformat.NotebookNode:
    return ran(folder, "02-calculator.ipynb")


@pytest.mark.parametrize(
    ("name", "answer"), [("add", "20 + 22 = 42"), ("sub", "64 - 22 = 42"), ("answer", "6 x 7 = 42"), ("index", "<h1>")]
)
def test_what_needs_no_compiler_answers(book: nbformat.NotebookNode, name: str, answer: str) -> None:
    assert "revision 1" in shown(book, name)
    assert answer in shown(book, f"get-{name}")


@pytest.mark.parametrize("name", OTHERS)
def test_what_needs_one_answers_or_says_what_to_add(book: nbformat.NotebookNode, name: str) -> None:
    language, answer = OTHERS[name]
    if missing_tools(language):
        assert f"{name} is left out for now" in shown(book, name)
        assert "add it with" in shown(book, name)
    else:
        assert answer in shown(book, f"get-{name}")


def test_sizes_and_times_are_side_by_side(book: nbformat.NotebookNode) -> None:
    heading, *rows = shown(book, "build").splitlines()[1:]
    assert heading.split()[:3] == ["name", "language", "component"]
    assert {"add", "sub", "answer", "index"} <= {row.split()[0] for row in rows}
    assert all("not yet" not in row for row in rows)


def test_the_bytecode_is_the_functions_own(book: nbformat.NotebookNode) -> None:
    assert "call $times" in shown(book, "inspect")
    assert "6c       i32.mul" in shown(book, "wat")


def test_there_is_one_export_of_all(book: nbformat.NotebookNode, folder: Path) -> None:
    manifest = (folder / "many-languages" / "spin.toml").read_text()
    for name in ("add", "sub", "answer", "index"):
        assert f"[component.{name}]" in manifest
    assert "spin up -f many-languages" in shown(book, "export-it")
