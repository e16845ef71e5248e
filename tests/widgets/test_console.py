"""The console without a browser: its traits, its history, what its front end asks, its twin."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from spinlab import App, Function
from spinlab.errors import OptionError
from spinlab.http import Response
from spinlab.widgets import Console
from spinlab.widgets.live import console as consoles

ECHO = """\
def handle(request):
    return {"method": request.method, "type": dict(request.headers).get("content-type"),
            "body": (request.body or b"").decode("latin-1"), "uri": request.uri}"""


@pytest.fixture
def echo(app: App) -> Iterator[App]:
    app.add(Function("echo", ECHO, routes=("/echo/...",)))
    app.add(Function("hidden", ECHO, private=True))
    return app


class View:
    """Asks as a view of the widget does."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.told: list[tuple[dict[str, Any], list[bytes]]] = []
        self._come = threading.Condition()
        console._deliver = self._receive

    def _receive(self, message: Any, buffers: Any) -> None:
        with self._come:
            self.told.append((message, list(buffers)))
            self._come.notify_all()

    def ask(self, command: str, body: bytes = b"", **arguments: Any) -> tuple[dict[str, Any], list[bytes]]:
        asked = {"id": "me-1", "command": command, "arguments": arguments, "deadline": 30}
        self.told.clear()
        self.console._channel.receive(asked, [body] if body else [])
        with self._come:
            assert self._come.wait_for(lambda: any(m.get("id") == "me-1" for m, _ in self.told), 60)
        return next((m, b) for m, b in self.told if m.get("id") == "me-1")

    def events(self, name: str) -> list[Any]:
        return [m["value"] for m, _ in self.told if m.get("event") == name]


def test_it_sends_what_its_traits_say(echo: App) -> None:
    console = Console(echo, method="POST", path="/echo/a?b=1", body='{"x": 1}', body_kind="json")
    assert console.send().json() == {
        "method": "POST",
        "type": "application/json",
        "body": '{"x": 1}',
        "uri": "/echo/a?b=1",
    }
    console.headers = [["Content-Type", "text/mine"]]
    assert console.send(b"\xff").json()["type"] == "text/mine"
    console.body_kind = "none"
    console.headers = []
    assert console.send().json() == {"method": "POST", "type": None, "body": "", "uri": "/echo/a?b=1"}


def test_headers_are_a_mapping_or_pairs(echo: App) -> None:
    assert Console(echo, headers={"x-a": "1"}).headers == [["x-a", "1"]]
    assert Console(echo, headers=[("x-a", "1"), ("x-a", "2")]).headers == [["x-a", "1"], ["x-a", "2"]]


def test_a_private_function_is_asked_by_its_name(echo: App) -> None:
    assert Console(echo, function="hidden", path="/any").send().function == "hidden"


def test_a_file_of_the_browser_is_not_in_the_kernel(echo: App) -> None:
    console = Console(echo, body_kind="file", path="/echo/x", method="PUT")
    with pytest.raises(OptionError, match="the file is in the browser"):
        console.send()
    assert console.send(b"here").json()["body"] == "here"


def test_what_a_view_sends_is_seen_from_python(echo: App) -> None:
    console = Console(echo)
    view = View(console)
    seen: list[Response] = []
    console.observe(lambda change: seen.append(change["new"]), "response")
    answer, _ = view.ask("request", b"hi", method="PUT", target="/echo/z", tag="t", typed=[["a", "b"]], kind="text")
    assert answer["value"]["status"] == 200
    assert [one.json()["body"] for one in seen] == ["hi"]
    (entry,) = console.history
    assert (entry["method"], entry["path"], entry["headers"]) == ("PUT", "/echo/z", [["a", "b"]])
    assert (entry["kind"], entry["body"], entry["status"]) == ("text", "hi", 200)
    assert view.events("answered") == [{"by": "t"}]


def test_another_view_is_shown_the_last_answer(echo: App) -> None:
    console = Console(echo, path="/echo/q")
    view = View(console)
    assert view.ask("last")[0]["value"] is None
    console.send()
    answer, buffers = view.ask("last")
    assert answer["value"]["target"] == "/echo/q"
    assert b'"/echo/q"' in buffers[0]


def test_the_history_is_bounded_and_holds_no_secret(echo: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consoles, "HISTORY", 3)
    echo.set_variable("token", "hunter2-hunter2", secret=True)
    console = Console(echo, headers={"authorization": "hunter2-hunter2"}, body_kind="text", method="POST")
    for number, body in enumerate(("short hunter2-hunter2", "x" * 5000, "y", "z" * 5000)):
        console.path = f"/echo/{number}"
        console.body = body
        console.send()
    assert [entry["path"] for entry in console.history] == ["/echo/3", "/echo/2", "/echo/1"]
    assert [entry["body"] for entry in console.history] == [None, "y", None]
    assert console.history[0]["headers"] == [["authorization", "***"]]


def test_what_http_can_not_carry_is_refused_before_it_is_sent(echo: App) -> None:
    with pytest.raises(OptionError, match="a path starts with /"):
        Console(echo, path="nosuch").send()
    answer, _ = View(Console(echo)).ask("request", target="/", headers=[["a b", "c"]])
    assert "is not the name of a header" in answer["error"]["message"]


def test_its_twin_is_the_last_answer_or_what_can_be_asked(echo: App) -> None:
    console = Console(echo, path="/echo/<b>")
    assert "not sent yet" in console.twin().text
    assert "/echo/..." in console.twin().text
    console.send()
    assert console.twin().text.startswith("GET /echo/<b>\n200 OK  echo")
    assert "<b>" not in console.twin().html
