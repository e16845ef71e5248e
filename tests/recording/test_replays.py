"""A recorded request on an edited function: what differs, what is asked otherwise, and what the host is kept from."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from spinlab import App, Function
from spinlab.client import request
from spinlab.errors import Diverged, RecordingError
from spinlab.function import Limits
from spinlab.recording.recording import LARGEST, Recording
from spinlab.recording.replay import Replay
from tests.conftest import wat
from tests.host.web import scripted, server

STORE = """
from spin_sdk import key_value
def handle(request):
    with key_value.open_default() as store:
        %s
"""
READS = STORE % 'return str(int(store.get("count")) + 1)'


def kept(app: App, body: str, **options: object) -> Function:
    """A function with the default store, live."""
    made = Function("kept", STORE % body, routes=("/kept",), key_value_stores=("default",), **options)  # type: ignore[arg-type]
    app.add(made)
    return made


def recorded(app: App, target: str = "/kept", **more: object) -> Recording:
    _, recording = app.record(request("GET", target, host="tests", **more))  # type: ignore[arg-type]
    assert recording is not None
    return recording


def differing(made: Replay) -> set[str]:
    return {one.what for one in made.differences}


# ---- the story: a failed request, and the edited cell


def test_a_failed_request_is_mended(app: App) -> None:
    kept(app, 'return {"next": int(store.get("count")) + 1}')
    failed = recorded(app)
    assert failed.came.status == 500
    app.kv()["count"] = b"41"  # what has come since does not count
    kept(app, 'return {"next": int(store.get("count") or 0) + 1}')
    made = app.replay(failed)
    assert (made.diverged, made.response.status, made.response.json()) == (None, 200, {"next": 1})
    assert {"status", "body"} <= differing(made)
    assert (made.recording.revision, made.revision) == (1, 2)


JAVASCRIPT = """
export default {
  async fetch(request) {
    const { n } = await request.json();
    return new Response(n%s.toString() + Math.random());
  },
};
"""
RUST = """
fn handle(req: Request) -> String {
    let n: u64 = String::from_utf8_lossy(req.body()).trim().parse()%s;
    format!("{n}")
}
"""
OTHERS = {
    "javascript": (JAVASCRIPT, "", "?.toExponential() + (n ?? 0)"),
    "rust": (RUST, ".unwrap()", ".unwrap_or(7)"),
}


@pytest.mark.parametrize("language", OTHERS)
def test_a_failed_request_is_mended_in_other_languages(app: App, language: str) -> None:
    source, broken, mended = OTHERS[language]
    app.add(Function("f", source % broken, language=language, routes=("/f",)))
    _, failed = app.record(request("POST", "/f", host="tests", body=b'{"n": null}'))
    assert failed is not None
    assert (failed.came.status, failed.sent.body) == (500, b'{"n": null}')
    app.add(Function("f", source % mended, language=language, routes=("/f",)))
    made = app.replay(failed)
    assert made.response.status == 200, made.response
    assert "status" in differing(made)


def test_a_wat_function_that_was_edited_shows_the_difference(app: App) -> None:
    app.add(wat(text="Hello from WAT\n"))
    recording = recorded(app, "/hello")
    assert app.replay(recording).same
    app.add(wat(text="Hello from me!\n"))
    made = app.replay(recording)
    (body,) = made.differences
    assert (body.what, body.lines) == ("body", ("-Hello from WAT", "+Hello from me!"))


# ---- what is asked otherwise


@pytest.mark.parametrize(
    ("body", "asked", "had"),
    [
        ('return str(store.get("other"))', "key-value.get default ('other')", "key-value.get default ('count')"),
        ('store.set("count", b"9")\n        return "set"', "key-value.set default ('count', '9')", "key-value.get"),
        ('return str(store.get("count") or store.get("count"))', "key-value.get", "nothing more of that kind"),
    ],
)
def test_what_was_not_recorded_ends_the_replay(app: App, body: str, asked: str, had: str) -> None:
    app.kv()["count"] = b""
    kept(app, 'return str(store.get("count"))')
    recording = recorded(app)
    kept(app, body)
    made = app.replay(recording)
    assert isinstance(made.diverged, Diverged)
    assert made.response.error is made.diverged
    assert made.response.status == 500
    assert asked in made.diverged.message
    assert had in made.diverged.message
    assert "--live" in made.diverged.hint
    assert app.kv()["count"] == b""


FETCHES = """
from spin_sdk.http import Request, send
def handle(request):
    return send(Request("GET", request.headers["x-to"], {}, None)).body
"""


def test_an_effect_of_another_kind_is_told(app: App) -> None:
    kept(app, 'return str(store.get("count"))')
    recording = recorded(app, headers={"x-to": "http://127.0.0.1:1/"})
    app.add(Function("kept", FETCHES, routes=("/kept",), allowed_outbound_hosts=("http://127.0.0.1:1",)))
    made = app.replay(recording)
    assert made.diverged is not None
    assert "http GET http://127.0.0.1:1/" in made.diverged.message
    assert "nothing of that kind" in made.diverged.message
    assert [one.op for one in made.unused] == ["key-value.open", "key-value.get"]
    assert "2 recorded effects not asked for again" in made.notes


SWALLOWS = """
        try:
            store.set("a", b"")
        except BaseException:
            pass
        while True:
            time.sleep(0.01)
"""


def test_a_function_that_swallows_the_end_of_a_replay_is_stopped_all_the_same(app: App) -> None:
    kept(app, 'return str(store.get("count"))')
    recording = recorded(app)
    kept(app, f"import time{SWALLOWS}")
    made = app.replay(recording)
    assert isinstance(made.response.error, Diverged)


WRITES = """
        before = store.get("count")
        store.set("other", b"1")
        return f"{before} {store.get('count')}"
"""


def test_live_goes_on_at_the_host_and_writes_there(app: App) -> None:
    kept(app, 'return str(store.get("count"))')
    recording = recorded(app)
    app.kv()["count"] = b"5"
    kept(app, WRITES.strip())
    assert app.replay(recording).diverged is not None
    assert "other" not in app.kv()
    made = app.replay(recording, live=True)
    assert made.diverged is not None
    assert made.response.text == "None b'5'"
    assert app.kv()["other"] == b"1"


ASKS_TWICE = """
from spin_sdk import sqlite
def handle(request):
    with sqlite.open_default() as db:
        one = db.execute("select 1", []).rows[0].values[0].value
        %s
"""


def test_live_opens_a_connection_again_that_was_recorded(app: App) -> None:
    once = ASKS_TWICE % "return str(one)"
    made = Function("kept", once, routes=("/kept",), sqlite_databases=("default",))
    app.add(made)
    recording = recorded(app)
    twice = ASKS_TWICE % 'return str(one + db.execute("select 41", []).rows[0].values[0].value)'
    app.add(replace(made, source=twice))
    stopped = app.replay(recording)
    assert stopped.diverged is not None
    assert "select 41" in stopped.diverged.message
    assert app.replay(recording, live=True).response.text == "42"


def test_fewer_effects_are_told_and_go_on(app: App) -> None:
    app.kv()["count"] = b"1"
    kept(app, 'store.get("other")\n        return str(store.get("count"))')
    recording = recorded(app)
    kept(app, 'store.get("other")\n        return "nothing"')
    made = app.replay(recording)
    assert (made.diverged, made.response.text) == (None, "nothing")
    assert "1 recorded effect not asked for again" in made.notes


def test_clocks_that_are_read_more_often_go_on(app: App) -> None:
    source = "import time\ndef handle(request):\n    return str([time.time() for _ in range(%d)])\n"
    app.add(Function("kept", source % 1, routes=("/kept",)))
    recording = recorded(app)
    app.add(Function("kept", source % 3, routes=("/kept",)))
    made = app.replay(recording)
    read = [float(x) for x in made.response.text.strip("[]").split(",")]
    assert made.diverged is None
    assert read == sorted(read)
    assert str(read[0]).encode() in recording.came.body
    assert made.read_more == 2
    assert app.replay(recording).response.body == made.response.body


SLEEPS = """
import time
def handle(request):
    began = time.monotonic()
    time.sleep(%s)
    return str(time.monotonic() - began)
"""


def test_a_sleep_of_another_length_takes_no_time_and_moves_the_clock(app: App) -> None:
    app.add(Function("kept", SLEEPS % 0.01, routes=("/kept",)))
    recording = recorded(app)
    app.add(Function("kept", SLEEPS % 3600, routes=("/kept",)))
    made = app.replay(recording)
    assert made.response.status == 200  # within its ten seconds
    assert float(made.response.text) >= 3600


# ---- denials and ends


def test_what_was_denied_is_denied_again_until_the_grants_change(app: App) -> None:
    source = STORE % 'return str(store.get("count"))'
    app.add(Function("kept", source, routes=("/kept",)))
    recording = recorded(app)
    assert recording.crossings[0].denied
    assert app.replay(recording).same
    app.grant("kept", key_value_stores=["default"])
    made = app.replay(recording)
    assert made.diverged is not None
    assert "denied then" in made.diverged.message
    assert app.replay(recording, live=True).response.text == "None"


def test_an_answer_that_had_not_come_is_told(app: App) -> None:
    hosts = ("http://localhost:*",)
    app.add(Function("kept", FETCHES, routes=("/kept",), allowed_outbound_hosts=hosts, limits=Limits(timeout=1)))
    with server() as site:
        recording = recorded(app, headers={"x-to": f"{site.url}/hang"})
    assert recording.came.status == 504
    made = app.replay(recording)
    assert made.diverged is not None
    assert "which had not come when the recording ended" in made.diverged.message


GATHERS = """
import asyncio
from spin_sdk.http import Request, send
async def one(url):
    return (await send(Request("GET", url, {}, None))).body
async def handle(request):
    to = request.headers["x-to"]
    return b" ".join(%s)
"""
AT_ONCE = 'await asyncio.gather(*(one(f"{to}/{n}") for n in %s))'
IN_TURN = '[await one(f"{to}/{n}") for n in %s]'


@contextmanager
def answering(together: int) -> Iterator[str]:
    """An HTTP server that answers when so many have asked, with their paths."""
    asked = threading.Barrier(together)

    def answer(connection: socket.socket) -> None:
        path = connection.recv(4096).split(b" ")[1]
        asked.wait(30)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n" + path)

    with scripted(answer) as port:
        yield f"http://127.0.0.1:{port}"


def test_effects_that_overlapped_may_be_asked_for_in_another_order(app: App) -> None:
    def gathers(how: str, order: str) -> Function:
        source, hosts = GATHERS % (how % order), ("http://127.0.0.1:*",)
        return Function("kept", source, routes=("/kept",), wasi="0.3", allowed_outbound_hosts=hosts)

    app.add(gathers(AT_ONCE, "(1, 2, 3)"))
    with answering(3) as url:
        at_once = recorded(app, headers={"x-to": url})
    assert at_once.came.body == b"/1 /2 /3"
    app.add(gathers(AT_ONCE, "(3, 1, 2)"))
    made = app.replay(at_once)
    assert (made.diverged, made.response.body) == (None, b"/3 /1 /2")
    app.add(gathers(IN_TURN, "(1, 2, 3)"))
    with answering(1) as url:
        in_turn = recorded(app, headers={"x-to": url})
    assert in_turn.came.body == b"/1 /2 /3"
    app.add(gathers(IN_TURN, "(3, 1, 2)"))
    stopped = app.replay(in_turn)
    assert stopped.diverged is not None
    assert f"recorded is http GET {url}/1" in stopped.diverged.message


# ---- what can't be replayed


def test_a_recording_of_another_function_or_app_is_refused(app: App) -> None:
    kept(app, 'return ""')
    recording = recorded(app)
    with pytest.raises(RecordingError, match="'gone', which is not here"):
        app.replay(replace(recording, function="gone"))
    app.recordings.add(replace(recording, id=9, app="elsewhere"))
    with pytest.raises(RecordingError, match="one of the app 'elsewhere', and this is 'tests'") as caught:
        app.replay(9)
    assert caught.value.hint == "%spin app elsewhere"
    app.remove("kept")
    app.add(Function("kept", READS, routes=("/moved",), key_value_stores=("default",)))
    with pytest.raises(RecordingError, match="/kept is answered by nobody now"):
        app.replay(recording)
    app.add(Function("other", READS, routes=("/kept",), key_value_stores=("default",)))
    with pytest.raises(RecordingError, match="/kept is answered by 'other' now"):
        app.replay(recording)
    with pytest.raises(RecordingError, match="started by a message"):
        app.replay(replace(recording, sent=replace(recording.sent, kind="message")))


def test_a_recording_that_is_cut_short_says_where(app: App) -> None:
    app.kv()["large"] = b"x" * (LARGEST // 2)
    kept(app, 'return str(sum(len(store.get("large")) for _ in range(3)))')
    recording = recorded(app)
    assert "more than the 4 MiB" in recording.cut
    assert app.replay(recording, live=True).response.body == b"6291456"
    made = app.replay(recording)
    assert made.diverged is not None
    assert "cut short before" in made.diverged.message


def test_nothing_is_recorded_unless_it_is_asked_for(app: App) -> None:
    kept(app, 'return ""')
    app.get("/kept")
    assert len(app.recordings) == 0
    answer, recording = app.record(request("GET", "/nobody", host="tests"))
    assert (answer.status, recording) == (404, None)
