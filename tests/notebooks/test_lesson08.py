"""Lesson 08: what is exported answers as the cells did, and is the same whenever it is exported."""

from __future__ import annotations

import re

import tomli

from spinlab import load
from tests.notebooks.lesson import Lesson
from tests.notebooks.running import Ran


class TestLesson08(Lesson):
    lesson = "08"

    def test_another_process_gives_the_answers_of_the_cells(self, solution: Ran) -> None:
        compared = re.findall(r"^(same|DIFFERENT) +(\d+) (\S+)$", solution.shown("serve"), re.MULTILINE)
        assert compared == [("same", "200", "/add/20/22"), ("same", "200", "/"), ("same", "404", "/nobody")]

    def test_an_edit_changes_one_file(self, solution: Ran) -> None:
        assert "1 of them new or changed" in solution.shown("export-edit")
        assert solution.shown("reproducible").startswith("the same")

    def test_the_error_that_is_read_offers_two_ways_on(self, solution: Ran) -> None:
        error = solution.shown("broken")
        assert "notes.txt" in error
        assert "another folder" in error
        assert "--force" in error
        assert "nothing has changed" in solution.shown("repaired")

    def test_the_single_file_is_an_application(self, solution: Ran) -> None:
        with load(solution.folder / "alone") as app:
            assert app.get("/add/20/22").text == "The sum of 20 and 22 is 42.\n"

    def test_the_official_form_says_how_it_is_built(self, solution: Ran) -> None:
        manifest = tomli.loads((solution.folder / "official/spin.toml").read_text())
        assert manifest["component"]["add"]["build"]["command"].startswith("componentize-py ")
        assert "componentize-py " in solution.shown("official-build")

    def test_layers_are_the_files_that_the_manifest_names(self, solution: Ran) -> None:
        layers = dict(re.findall(r"^ *[\d,]+  (\S+) +(.+)$", solution.shown("layers"), re.MULTILINE))
        manifest = tomli.loads((solution.folder / "shipped/spin.toml").read_text())
        sources = {component["source"] for component in manifest["component"].values()}
        assert {name for name, kind in layers.items() if kind.endswith("+wasm")} == sources
        assert layers["functions/add/app.py"].endswith("+data")
        assert layers["functions/index/index.html"] == "in the manifest"

    def test_what_is_not_there_yet_is_not_shown_as_if_it_were(self, solution: Ran) -> None:
        assert "does not push yet" in solution.cell("registry").source
        assert "spinlab does not yet" in solution.cell("cluster").source

    def test_the_scorecard_is_measured_in_the_kernel(self, solution: Ran) -> None:
        assert "4 of 6 measured here" in solution.shown("scorecard")
        assert "oversubscribed" in solution.shown("scorecard", "text/html")
