"""Checks of exercises: what they send, expect and say. Hand-written functions, no image."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.manager import start_new_kernel

import spinlab
from spinlab.app import App
from spinlab.errors import CheckFailed, GuestError, LimitExceeded, OptionError
from spinlab.http import Denied, Headers, HostCall, LogLine, Response
from spinlab.session import session
from spinlab.testing.lessons import (
    Ask,
    Exercise,
    Expectation,
    Look,
    Seen,
    asked,
    contains,
    denied,
    fails,
    file,
    function,
    given,
    granted,
    header,
    json,
    logged,
    quiet,
    status,
    text,
    that,
)
from spinlab.testing.lessons.checking import find, judge
from tests.conftest import wat

HELLO = Exercise(
    "99.1",
    "A greeting",
    (Look(function("hello", route="/hello")), Ask("/hello", status(200), text("Hello from WAT"))),
    "Look at the first line.",
)


@pytest.fixture
def current(monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    """An app that checks take for the notebook's."""
    with App("lesson") as app:
        monkeypatch.setattr("spinlab.testing.lessons.checking.current_app", lambda: app)
        yield app


def holds(expectation: Expectation, response: Response | None = None, **seen: Any) -> bool:
    return expectation.holds(Seen(App("none"), response or Response(), **seen))


def test_an_exercise_that_is_done_says_what_was_sent_and_what_came_back(current: App) -> None:
    current.add(wat())
    verdict = judge(HELLO)
    assert verdict.passed
    assert repr(verdict).splitlines() == [
        "✓ done: 99.1 A greeting",
        "  expected   ✓ a function hello with the route /hello",
        "  sent       GET /hello",
        "  came back  200, 'Hello from WAT'",
        "  expected   ✓ status 200",
        "  expected   ✓ the text 'Hello from WAT'",
    ]


def test_one_that_is_not_done_stops_at_the_first_step_that_fails_and_has_a_hint(current: App) -> None:
    verdict = judge(HELLO)
    assert not verdict.passed
    assert repr(verdict).splitlines() == [
        "! not yet: 99.1 A greeting",
        "  expected   ✗ a function hello with the route /hello, but found: functions here: none",
        "  hint       Look at the first line.",
    ]


def test_check_raises_what_was_wrong_and_the_hint(current: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spinlab.testing.lessons.checking.find", lambda exercise: HELLO)
    current.add(wat(text="Hallo from WAT\n"))
    with pytest.raises(CheckFailed) as raised:
        spinlab.check("99.1")
    assert raised.value.message == (
        "99.1 is not done yet: GET /hello: expected the text 'Hello from WAT', found 'Hallo from WAT'"
    )
    assert raised.value.hint == "Look at the first line."


def test_a_step_may_have_a_hint_of_its_own(current: App) -> None:
    exercise = Exercise("99.2", "t", (Ask("/nothing", status(200), hint="its own"),), "the exercise's")
    assert judge(exercise).hint == "its own"


def test_a_long_answer_is_cut_in_the_error_and_not_in_the_card(current: App, monkeypatch: pytest.MonkeyPatch) -> None:
    def came(seen: Seen) -> str:
        return "x" * 200 + "\nand more"

    exercise = Exercise("99.2", "t", (Look(that("less", lambda seen: False, came)),), "hint")
    monkeypatch.setattr("spinlab.testing.lessons.checking.find", lambda name: exercise)
    with pytest.raises(CheckFailed) as raised:
        spinlab.check("99.2")
    assert raised.value.message.endswith("found " + "x" * 100 + "...")
    assert "and more" in repr(judge(exercise))


def test_an_id_that_is_not_there_names_the_nearest() -> None:
    with pytest.raises(OptionError, match=r"no exercise '1\.1'") as raised:
        find("1.1")
    assert 'spinlab.check("01.1")' in raised.value.hint
    with pytest.raises(OptionError, match="no exercise"):
        spinlab.check("nonsense")


def test_an_app_that_is_not_there_yet_is_named(current: App) -> None:
    with pytest.raises(CheckFailed, match="no app elsewhere yet"):
        judge(Exercise("99.2", "t", (Ask("/", status(200), app="elsewhere"),), "hint"))


def test_a_step_can_ask_another_app(current: App) -> None:
    try:
        session.use("elsewhere").add(wat())
        assert judge(Exercise("99.2", "t", (Ask("/hello", status(200), app="elsewhere"),), "hint")).passed
    finally:
        session.reset()


def test_all_of_a_request_is_sent_and_shown(current: App) -> None:
    step = Ask("/x", status(404), method="POST", headers={"x-a": "b"}, json={"c": 1})
    shown = repr(judge(Exercise("99.2", "t", (step,), "hint")))
    for part in ("POST /x", "x-a: b", '{"c": 1}', "404, an empty body"):
        assert part in shown


def test_what_a_guest_says_acts_neither_as_html_nor_in_a_terminal(current: App) -> None:
    evil = "<script>alert(1)</script>\x1b[31m"
    exercise = Exercise("99.2", "t", (Look(that("nothing evil", lambda seen: False, lambda seen: evil)),), "hint")
    bundle = judge(exercise)._repr_mimebundle_()
    assert "<script" not in bundle["text/html"]
    assert "&lt;script&gt;" in bundle["text/html"]
    assert "\x1b" not in bundle["text/plain"] + bundle["text/html"]


def test_the_state_is_told_in_words_too(current: App) -> None:
    exercise = Exercise("99.2", "t", (Look(that("more", lambda seen: False, lambda seen: "less")),), "hint")
    html = judge(exercise)._repr_mimebundle_()["text/html"]
    assert "not yet" in html
    assert "but found" in html


def test_an_error_in_an_expectation_counts_as_no_and_is_told(current: App) -> None:
    exercise = Exercise("99.2", "t", (Ask("/", json({"a": 1}), header("x-y")),), "hint")
    assert "no header x-y" in repr(judge(exercise))
    assert "✗ the JSON" in repr(judge(exercise))

    def missing(seen: Seen) -> Any:
        return seen.app["nobody"]

    assert "nobody" in repr(judge(Exercise("99.3", "t", (Look(that("it", missing, missing)),), "hint")))


def test_a_value_that_was_not_given_is_said_so(current: App) -> None:
    exercise = Exercise("99.2", "t", (Look(given("a number", lambda value: value > 1)),), "hint")
    assert judge(exercise, 2).passed
    assert "no value was given" in repr(judge(exercise))
    assert "found: 'two'" in repr(judge(exercise, "two"))


REQUEST = Response(
    201,
    Headers([("content-type", "text/plain; charset=utf-8")]),
    b"  One ADA \n",
    logs=(LogLine("stdout", "saw ada"),),
    denied=(Denied("outbound HTTP", "http://a.test:80", "--allow", "x"),),
    error=GuestError("stopped at the timeout limit"),
    calls=(HostCall("key-value store", "get", "default"),),
)


@pytest.mark.parametrize(
    ("yes", "no"),
    [
        (status(200, 201), status(200)),
        (text("One ADA"), text("One")),
        (contains("one", "ada"), contains("one", "eve")),
        (header("content-type", "PLAIN"), header("content-type", "json")),
        (logged("Ada"), logged("eve")),
        (denied("a.test"), denied("b.test")),
        (asked("key-value store", "default"), asked("key-value store", "other")),
        (fails("Timeout"), fails("memory")),
    ],
    ids=lambda e: e.words,
)
def test_an_expectation_tells_right_from_wrong(yes: Expectation, no: Expectation) -> None:
    assert holds(yes, REQUEST)
    assert not holds(no, REQUEST)
    assert no.came(Seen(App("none"), REQUEST))


def test_a_denied_call_is_no_call_and_a_quiet_request_has_no_denial() -> None:
    refused = HostCall("outbound HTTP", "GET", "http://a", denied=Denied("outbound HTTP", "http://a", "", ""))
    assert not holds(asked("outbound HTTP"), Response(calls=(refused,)))
    assert holds(quiet())
    assert not holds(quiet(), REQUEST)


def test_json_can_be_compared_or_asked() -> None:
    def has_two(value: Any) -> bool:
        """two things"""
        return len(value) == 2

    answer = Response(body=b"[1, 2]")
    assert holds(json([1, 2]), answer)
    assert holds(json(has_two), answer)
    assert json(has_two).words == "JSON: two things"
    assert not holds(json([2, 1]), answer)


def test_functions_are_told_by_language_route_revision_and_grants(current: App) -> None:
    current.add(wat())
    seen = Seen(current)
    assert function("hello", language="wat", route="/hello", revision=1).holds(seen)
    assert not function("hello", language="python").holds(seen)
    assert not function("hello", route="/other").holds(seen)
    assert not function("hello", revision=2).holds(seen)
    assert granted("hello", "key_value_stores").holds(seen)
    current.grant("hello", key_value_stores=["default"])
    assert granted("hello", "key_value_stores", "default").holds(seen)
    assert not granted("hello", "key_value_stores").holds(seen)
    assert "default" in granted("hello", "key_value_stores").came(seen)


def test_files_are_looked_at_from_the_notebooks_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.toml").write_text("x = 1")
    assert holds(file("a.toml", "x = 1"))
    assert not holds(file("a.toml", "y"))
    assert file("b.toml").came(Seen(App("none"))) == "there is no file b.toml"


def test_a_limit_is_told_as_the_failure_it_is() -> None:
    stopped = Response(504, error=LimitExceeded("timeout", "1 s", "--timeout"))
    assert holds(fails("timeout"), stopped)
    assert "stopped at the timeout limit" in status(200).came(Seen(App("none"), stopped))


def test_importing_spinlab_imports_no_exercise() -> None:
    code = "import sys, spinlab; print([n for n in sys.modules if n.startswith('spinlab.testing')])"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_in_a_notebook_the_card_comes_first_and_the_error_is_one_line() -> None:
    manager, client = start_new_kernel(kernel_name="python3")
    shown: list[dict[str, Any]] = []
    try:
        for cell in ("import spinlab", 'spinlab.check("01.2")', 'spinlab.check("01.22")'):
            client.execute_interactive(cell, output_hook=shown.append, timeout=120, stop_on_error=False)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    card, failed, unknown = (m for m in shown if m["msg_type"] in ("display_data", "error"))
    assert card["content"]["data"]["text/plain"].startswith("! not yet: 01.2")
    assert "not yet" in card["content"]["data"]["text/html"]
    assert failed["content"]["ename"] == "CheckFailed"
    (line,) = failed["content"]["traceback"]
    assert "01.2 is not done yet: expected a function shout" in line
    assert unknown["content"]["ename"] == "OptionError"
    assert len(unknown["content"]["traceback"]) == 2
