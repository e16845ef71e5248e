"""The six traits: four of them measured, all of them with what they are compared with and what they do not say."""

from __future__ import annotations

import binascii
import pickle
import subprocess
import sys
from html.parser import HTMLParser
from typing import Any

import pytest

import spinlab
from spinlab import App
from spinlab.session import session
from spinlab.traits import TRAITS, Scorecard, Trait, guests, measuring
from spinlab.widgets.scorecard import WORDS, scorecard

MEASURED = {"overhead and density", "performance", "fast switching", "soft allocation"}


def alone(expression: str) -> Any:
    """The value of an expression in a process of its own: what other tests left here would be measured as well."""
    code = f"import pickle, sys, spinlab; from spinlab.traits import measuring; v = {expression}"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; sys.stdout.buffer.write(pickle.dumps(v))"], check=True, stdout=subprocess.PIPE
    )
    return pickle.loads(done.stdout)


@pytest.fixture(scope="module")
def card() -> Scorecard:
    found = alone("spinlab.scorecard()")
    assert isinstance(found, Scorecard)
    return found


class Cells(HTMLParser):
    """The texts of a table's cells."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        if self.rows:
            self.rows[-1][-1] += data


def test_there_are_six_and_four_are_measured(card: Scorecard) -> None:
    assert [trait.name for trait in card.traits] == list(TRAITS) == list(WORDS)
    assert len(card.traits) == 6
    assert {trait.name for trait in card.traits if trait.measured} == MEASURED


def test_figures_can_be_taken_for_a_plot(card: Scorecard) -> None:
    assert card["fast switching"].figures["median"] > 0
    with pytest.raises(KeyError):
        card["speed"]


def test_density_is_that_of_functions_that_have_answered(card: Scorecard) -> None:
    figures = card["overhead and density"].figures
    assert figures["functions"] == measuring.FUNCTIONS
    assert 0 < figures["bytes_each"] < figures["bytes_each_own"] < 5e6


def test_memory_that_was_freed_before_does_not_hide_what_is_taken() -> None:
    freed = "len([bytes(1000) for _ in range(100_000)])"
    figures = alone(f"({freed}, measuring.density(functions=50, own=8))[1]")
    assert figures["bytes_each_own"] > 200_000  # the machine code alone is more


def test_the_memory_in_use_is_what_was_touched_and_not_the_limit(card: Scorecard) -> None:
    figures = card["soft allocation"].figures
    assert figures["entitled"] == figures["instances"] * spinlab.Limits().memory
    assert 0.5 * figures["touched"] < figures["used"] < 3 * figures["touched"]
    assert figures["used"] * 20 < figures["entitled"]


def test_the_loop_that_is_compared_is_the_same_one() -> None:
    data = bytes(n * 31 & 0xFF for n in range(guests.CHECKED))
    with App("crc") as app:
        app.add(guests.checksum())
        assert app.get("/checksum/1").text == str(binascii.crc_hqx(data, 0))
        assert app.get("/checksum/2").text == str(binascii.crc_hqx(data, binascii.crc_hqx(data, 0)))


def test_a_wrong_answer_is_no_figure() -> None:
    with App("wrong") as app:
        app.add(guests.numbered(7))
        with pytest.raises(AssertionError, match="'7' instead of '8'"):
            measuring._ask(app, "/number7", "8")


def test_the_notebooks_own_app_is_not_touched(card: Scorecard) -> None:
    assert card.seconds > 0
    assert "scorecard" not in session.apps
    assert not any(name in app.functions for app in session.apps.values() for name in ("checksum", "number7"))


def test_text_and_html_say_the_same(card: Scorecard) -> None:
    bundle = card._repr_mimebundle_()
    text, cells = bundle["text/plain"], Cells()
    cells.feed(bundle["text/html"])
    heading, *rows = [row for row in cells.rows if row]
    assert heading == ["trait", "asked", "here", "compared with", "but"]
    assert len(rows) == 6
    for (title, *words), trait in zip(rows, card.traits, strict=True):
        assert title.startswith(trait.name)
        assert all(word in text for word in words)


def test_each_measured_trait_is_compared_and_none_is_without_a_but(card: Scorecard) -> None:
    for trait in card.traits:
        words = WORDS[trait.name](trait.figures)
        assert words.asked
        assert words.but
        assert bool(words.against) is trait.measured


def test_a_machine_without_a_smallest_process_is_shown_too() -> None:
    figures = {"requests": 3, "median": 0.001, "slowest": 0.002, "python": 0.02}
    assert "smallest" not in WORDS["fast switching"](figures).against
    assert "smallest" in WORDS["fast switching"]({**figures, "process": 0.001}).against


def test_a_card_without_figures_is_one_too() -> None:
    told = scorecard(Scorecard((Trait("isolation"),), 0.1))
    assert "0 of 1 measured" in told.text
