"""Lesson 03: what hostile functions try, and what comes of it."""

from __future__ import annotations

import html
import re

import pytest

from tests.notebooks.lesson import Lesson
from tests.notebooks.running import Ran

REASONS = {
    "read a file": "FileNotFoundError",
    "list the root folder": "FileNotFoundError",
    "write a file": "FileNotFoundError",
    "read the kernel's environment": "KeyError",
    "start a process": "AttributeError",
    "end the kernel": "AttributeError",
    "open a socket": "PermissionError",
    "call a host": "ErrorCode_HttpRequestDenied",
    "open the counter's store": "Error_AccessDenied",
    "call a function in C": "ModuleNotFoundError",
}
"""What the burglar tries -> why it fails."""


class TestLesson03(Lesson):
    lesson = "03"

    def test_a_denial_is_named_with_the_option_that_grants_it(self, solution: Ran) -> None:
        text = solution.shown("get-denied")
        assert "500" in text
        assert re.search(r"denied: outbound HTTP http://127\.0\.0\.1:\d+; grant it with --allow http://127", text)
        assert "denied" in solution.shown("trace-denied")

    def test_a_granted_host_is_reached(self, solution: Ran) -> None:
        assert "may touch  outbound http://127.0.0.1:" in solution.shown("grant")
        assert "sunny" in solution.shown("get-granted")
        assert re.search(r"outbound HTTP\s+GET\s+http://127\.0\.0\.1:\d+\s+ok", solution.shown("trace-granted"))

    def test_a_grant_for_https_lets_no_http_through(self, solution: Ran) -> None:
        assert "✓ a denial of http://127.0.0.1" in solution.shown("check-03-1")

    def test_all_grants_are_in_one_table(self, solution: Ran) -> None:
        text = solution.shown("capabilities")
        assert re.search(r"counter\s+key-value store default\s+used", text)
        assert re.search(r"forecast\s+outbound HTTP http://127\.0\.0\.1:\d+\s+denied", text)

    def test_what_can_not_work_is_refused_before_it_runs(self, solution: Ran) -> None:
        assert "subprocess starts processes, and the sandbox has none" in solution.shown("broken")

    @pytest.mark.parametrize(("attempt", "reason"), REASONS.items())
    def test_a_hostile_function_fails_to(self, solution: Ran, attempt: str, reason: str) -> None:
        lines = [x for x in solution.shown("get-burglar").splitlines() if x.strip().startswith(f'"{attempt}"')]
        assert len(lines) == 1
        assert reason in lines[0]
        assert "WORKED" not in lines[0]

    def test_what_it_tried_is_in_its_trace(self, solution: Ran) -> None:
        text = solution.shown("trace-burglar")
        for capability in ("outbound TCP", "outbound HTTP", "key-value store"):
            assert re.search(rf"{capability}.*denied", text)

    def test_others_answer_while_an_endless_loop_runs(self, solution: Ran) -> None:
        answers = re.search(r"(\d+) answers of /count", solution.shown("meanwhile"))
        assert answers is not None
        assert int(answers[1]) > 1

    def test_a_memory_bomb_is_stopped(self, solution: Ran) -> None:
        text = solution.shown("get-bomb")
        assert "status 500: stopped at the memory limit of 32 MiB" in text
        grown = re.search(r"took up to ([\d,]+) MB, .* has (-?\d+) MB more", text)
        assert grown is not None
        assert int(grown[2]) < int(grown[1].replace(",", "")) / 2

    def test_a_hostile_answer_is_text(self, solution: Ran) -> None:
        shown = solution.shown("get-page", "text/html")
        assert "<script" not in shown
        assert "<script>" in html.unescape(shown)

    def test_the_secret_reaches_the_service_and_no_output(self, solution: Ran) -> None:
        text = solution.shown("get-careless")
        assert "your key is right" in text
        assert "***: sunny" in text
        assert "the key is ***" in text
        for cell in solution.book.cells:
            for output in cell.get("outputs", []):
                shown = {**output, "data": {k: v for k, v in output.get("data", {}).items() if "widget" not in k}}
                assert not re.search(r"\b[0-9a-f]{32}\b", str(shown)), cell.id  # a widget's id looks the same
