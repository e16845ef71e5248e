"""Lesson 06: five thousand functions that each answer, tenants that see their own stores, a greedy neighbour."""

from __future__ import annotations

import re

from tests.notebooks.lesson import Lesson
from tests.notebooks.running import Ran

DESCRIPTORS = 1024
"""What a process may have open on most systems."""


def number(pattern: str, text: str) -> float:
    """The first figure that stands in place of ``N``."""
    found = re.search(pattern.replace("N", r"([\d,.]+)"), text)
    assert found is not None, text
    return float(found[1].replace(",", ""))


class TestLesson06(Lesson):
    lesson = "06"

    def test_five_thousand_are_live_and_each_answers(self, solution: Ran) -> None:
        assert solution.shown("add").startswith("5,000 functions live ")
        assert solution.shown("answer").startswith("5,000 of 5,000 answered as they should")

    def test_descriptors_and_memory_of_each_are_bounded(self, solution: Ran) -> None:
        assert number("N open files", solution.shown("add")) < DESCRIPTORS
        assert 0 < number("N KB for each", solution.shown("cost")) < 200

    def test_one_that_was_not_asked_for_a_while_answers(self, solution: Ran) -> None:
        assert "out of the blue: 200 in" in solution.shown("idle-after")

    def test_a_tenant_reads_its_own_store(self, solution: Ran) -> None:
        assert solution.shown("tenants") == "['red', 'nothing']\n"
        assert "denied: outbound HTTP http://colour.spin.internal" in solution.shown("get-peek")

    def test_a_function_answers_beside_a_greedy_one(self, solution: Ran) -> None:
        assert solution.shown("noise").count(" 200 answered, ") == 2
        assert "stopped at the memory limit of 32 MiB" in solution.shown("hog")

    def test_less_is_taken_than_promised(self, solution: Ran) -> None:
        soft = {
            name: float(size.replace(",", ""))
            for name, size in re.findall(r"(\w+) +([\d,.]+) MB", solution.shown("soft"))
        }
        assert soft["touched"] < soft["entitled"] / 10
        assert soft["used"] < soft["entitled"] / 10
