"""What a front end is told of its requests."""

from __future__ import annotations

import base64
import json
import threading
import time

import pytest

from spinlab import App, Function
from spinlab.commands import bodies
from spinlab.commands.bodies import CHUNK, KEPT, SHOWN, Bodies
from spinlab.http import Headers, Response
from tests.commands.line import FrontEnd
from tests.conftest import wat

ECHO = """\
def handle(request):
    return {"method": request.method, "uri": request.uri, "body": (request.body or b"").decode("latin-1"),
            "headers": [[n, v] for n, v in request.headers.items()], "params": dict(request.params)}
"""
BIG = """\
def handle(request):
    kind = request.params["kind"]
    if kind == "long":
        return b"x" * 50_000_000
    if kind == "invalid":
        return b"caf\\xe9 \\xff\\xfe" * 3
    return "y" * 1_000_000
"""
BROKEN = """\
def handle(request):
    print("about to fail")
    return 1 / 0
"""
HUNGRY = """\
from spin_sdk import http

def handle(request):
    from spin_sdk.http import send, Request
    try:
        send(Request("GET", "https://example.com/secret", {}, None))
    except Exception as error:
        return "no: " + str(error)
    return "yes"
"""
ENDLESS = """\
def handle(request):
    while True:
        pass
"""


@pytest.fixture(scope="module")
def shared() -> App:  # type: ignore[misc]
    made = App("tests")
    for name, source, route in (
        ("echo", ECHO, "/echo/:a/:b"),
        ("big", BIG, "/big/:kind"),
        ("broken", BROKEN, "/broken"),
        ("hungry", HUNGRY, "/hungry"),
        ("endless", ENDLESS, "/endless"),
    ):
        made.add(Function(name, source, routes=(route,)))
    yield made
    made.close()


def test_a_request_is_answered_with_all_that_is_known_of_it(shared: App) -> None:
    front = FrontEnd(shared)
    answer = front.ask(
        "request", method="post", target="/echo/1/é?q=2", headers=[["x-a", "b"]], buffers=(b"\xff\x00body",)
    )
    value, (shown,) = answer["value"], answer["buffers"]
    assert (value["status"], value["function"], value["method"]) == (200, "echo", "POST")
    assert value["target"] == "/echo/1/%C3%A9?q=2"
    assert b'"a": "1"' in shown
    assert ["x-a", "b"] in json.loads(shown)["headers"]
    assert value["size"] == value["shown"] == len(shown)
    assert value["elapsed"] > 0
    (trace,) = front.value("traces", id=value["traced"])
    assert (trace["function"], trace["path"]) == ("echo", "/echo/1/%C3%A9")


def test_a_long_body_comes_as_its_beginning_and_is_saved_in_pieces(shared: App) -> None:
    front = FrontEnd(shared)
    answer = front.ask("request", target="/big/long", deadline=60)
    assert answer["value"]["size"] == 50_000_000
    assert answer["buffers"] == [b"x" * SHOWN]
    saved, offset = 0, 0
    while offset < 50_000_000:
        piece = front.ask("body", body=answer["value"]["body"], offset=offset)
        assert len(piece["buffers"][0]) <= CHUNK
        saved += len(piece["buffers"][0])
        offset = piece["value"]["next"]
    assert saved == 50_000_000


def test_bytes_that_are_no_text_come_as_they_are(shared: App) -> None:
    answer = FrontEnd(shared).ask("request", target="/big/invalid")
    assert answer["buffers"] == [b"caf\xe9 \xff\xfe" * 3]


def test_a_failure_has_its_traceback_in_the_lines_of_the_cell(app: App) -> None:
    app.add(Function("broken", BROKEN, routes=("/broken",), first_line=2, origin="Cell In[7]"))
    value = FrontEnd(app).value("request", target="/broken")
    assert value["status"] == 500
    lines = [line["text"] for line in value["logs"]]
    assert lines[0] == "about to fail"
    assert any("Cell In[7], line 4" in line for line in lines)


def test_what_was_denied_is_told_with_the_option_that_grants_it(shared: App) -> None:
    value = FrontEnd(shared).value("request", target="/hungry")
    (denied,) = value["denied"]
    assert denied["target"] == "https://example.com:443"
    assert denied["option"] == "--allow https://example.com"
    assert "allowed_outbound_hosts" in denied["manifest"]


def test_a_path_of_nobody_is_told_the_closest_route(shared: App) -> None:
    value = FrontEnd(shared).value("request", target="/ecco/1/2")
    assert (value["status"], value["function"], value["traced"]) == (404, "", None)
    assert "/echo/:a/:b" in value["advice"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"method": "GE T"}, "not an HTTP method"),
        ({"target": "hello"}, "a path starts with /"),
        ({"target": "/", "headers": [["x", "a\r\nb"]]}, "line break"),
        ({"target": "/", "function": "nosuch"}, "no function is called 'nosuch'"),
        ({"target": 7}, "target is a text"),
    ],
)
def test_what_http_can_not_carry_is_refused_in_words(shared: App, arguments: dict[str, object], message: str) -> None:
    assert message in FrontEnd(shared).error("request", **arguments)["message"]


def test_a_function_answers_whatever_its_routes_are(shared: App) -> None:
    value = FrontEnd(shared).value("request", target="/anything", function="hungry")
    assert (value["status"], value["function"]) == (200, "hungry")


def test_a_cancelled_request_stops_its_guest(shared: App) -> None:
    front = FrontEnd(shared)
    began = time.monotonic()
    number = front.begin("request", target="/endless", tag="mine")
    while not front.value("cancel", tag="mine"):
        assert time.monotonic() - began < 20
    while not any(m.get("id") == number for m, _ in front.told):
        time.sleep(0.01)
        assert time.monotonic() - began < 20
    answer = next(m for m, _ in front.told if m.get("id") == number)
    assert "cancelled: by its sender" in answer["value"]["error"]["message"]
    assert front.value("cancel", tag="mine") is False


def test_a_request_past_its_deadline_stops_its_guest(shared: App) -> None:
    front = FrontEnd(shared)
    before = len(shared.traces("endless"))
    assert front.error("request", target="/endless", deadline=0.2)["kind"] == "Deadline"
    for _ in range(500):
        if len(shared.traces("endless")) > before:
            break
        time.sleep(0.01)
    assert "nobody waits for it" in shared.traces("endless")[-1].error


def test_a_front_end_that_goes_stops_its_guests(shared: App) -> None:
    front = FrontEnd(shared)
    before = len(shared.traces("endless"))
    front.begin("request", target="/endless")
    time.sleep(0.1)
    front.channel.close()
    for _ in range(500):
        if len(shared.traces("endless")) > before:
            break
        time.sleep(0.01)
    assert "nobody waits for it" in shared.traces("endless")[-1].error


def test_there_is_a_list_of_what_can_be_called(shared: App) -> None:
    told = FrontEnd(shared).value("routes")
    echo = told["functions"][0]
    assert (told["app"], echo["name"]) == ("tests", "echo")
    assert echo["routes"] == [{"pattern": "/echo/:a/:b", "params": ["a", "b"], "wildcard": False, "problem": ""}]


def test_log_lines_and_traces_are_bounded_and_of_one_function(app: App) -> None:
    app.add(Function("chatty", "def handle(r):\n    print('z' * 1_000_000)\n    print('end')\n    return 'x'"))
    app.add(wat())
    front = FrontEnd(app)
    for _ in range(3):
        front.value("request", target="/", function="chatty")
    front.value("request", target="/hello")
    lines = front.value("logs", function="chatty")
    assert {line["function"] for line in lines} == {"chatty"}
    assert sum(len(line["text"]) for line in lines) < 80_000
    assert lines[-1]["text"] == "end"
    assert [one["function"] for one in front.value("traces", limit=2)] == ["chatty", "hello"]
    last = front.value("traces")[-1]["id"]
    assert front.value("traces", after=last) == []


def test_secrets_leave_no_body(app: App) -> None:
    app.set_variable("token", "hünter2-hünter2", secret=True)
    app.add(
        Function(
            "leaky",
            "from spin_sdk import variables\n"
            "def handle(r):\n    t = variables.get('token')\n"
            "    return b'\\xff' + b'-' * 65520 + t.encode() * 100 + b'-' * 200_000 + t.encode()",
            routes=("/leaky",),
            variables={"token": "{{ token }}"},
        )
    )
    front = FrontEnd(app)
    answer = front.ask("request", target="/leaky")
    assert answer["value"]["status"] == 200, answer
    shown = answer["buffers"][0]
    assert "hünt".encode() not in shown
    assert shown[65521:65524] == b"***"
    piece = front.ask("body", body=answer["value"]["body"])["buffers"][0]
    assert piece.startswith(b"\xff--")
    assert piece.endswith(b"***")
    assert "hünt".encode() not in piece


def test_a_picture_is_not_broken_by_hiding(app: App) -> None:
    app.set_variable("token", "PNGPNG", secret=True)
    assert bodies.hidden(b"\x89PNGPNG\0", "image/png") == b"\x89PNGPNG\0"
    assert bodies.hidden(b"<svg>PNGPNG", "image/svg+xml") == b"<svg>***"
    assert bodies.hidden(base64.b64encode(b"PNGPNG")) == b"***"


def test_bodies_are_kept_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Bodies()
    first = kept.keep(Response(200, Headers(), b"1"))
    for _ in range(KEPT):
        last = kept.keep(Response(200, Headers(), b"2"))
    assert kept.of(last) == b"2"
    with pytest.raises(Exception, match="kept no more"):
        kept.of(first)
    monkeypatch.setattr(bodies, "KEPT_BYTES", 10)
    long = kept.keep(Response(200, Headers(), b"3" * 100))
    assert kept.of(long) == b"3" * 100
    kept.keep(Response(200, Headers(), b"4"))
    with pytest.raises(Exception, match="kept no more"):
        kept.of(long)


def test_many_requests_at_once_are_answered_each(shared: App) -> None:
    front = FrontEnd(shared)
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda: answers.append(front.value("request", target="/echo/1/2")["status"]))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert answers == [200] * 8
