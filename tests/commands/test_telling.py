"""What changed reaches front ends in batches."""

from __future__ import annotations

import threading
import time

from spinlab import App
from spinlab.commands.telling import Telling
from tests.conftest import wat


def test_an_app_tells_of_its_functions_and_requests(app: App) -> None:
    told: list[str] = []
    forget = app.changes.listen(told.append)
    app.add(wat())
    assert told == ["functions"]
    assert app.get("/hello").status == 200
    assert told == ["functions", "requests"]
    app.remove("hello")
    app.undo("hello")
    assert told[2:] == ["functions", "functions"]
    forget()
    app.remove("hello")
    assert len(told) == 4


def test_many_changes_are_few_messages() -> None:
    told: list[tuple[float, list[str]]] = []
    telling = Telling(lambda what: told.append((time.monotonic(), what)), interval=0.1)
    began = time.monotonic()
    for _ in range(300):
        telling.note("requests")
        telling.note("functions")
        time.sleep(0.001)
    span = time.monotonic() - began
    time.sleep(0.3)
    telling.close()
    assert told[0][1] == ["requests", "functions"]
    assert 1 <= len(told) <= span / 0.1 + 3


def test_nothing_is_lost_after_a_pause_and_its_thread_ends() -> None:
    told: list[list[str]] = []
    come = threading.Event()
    telling = Telling(lambda what: (told.append(what), come.set()), interval=0.01)  # type: ignore[func-returns-value]
    for what in ("one", "two"):
        come.clear()
        telling.note(what)
        assert come.wait(20)
    assert told == [["one"], ["two"]]
    telling.close()
    telling.note("three")
    time.sleep(0.05)
    assert told == [["one"], ["two"]]
