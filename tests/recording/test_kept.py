"""The recordings of an app: their numbers, files and bounds, what is hidden, and those that are kept as tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

import spinlab
from spinlab import App, Function
from spinlab.client import request
from spinlab.errors import ManifestError, OptionError, RecordingError, SourceError
from spinlab.export import project
from spinlab.recording import kept as bounds
from spinlab.recording.form import dumps
from spinlab.recording.recording import LARGEST, READINGS, Recording
from spinlab.recording.testing import as_test, file_of
from spinlab.server import Server
from spinlab.testing import RequestTest
from spinlab.testing.requests.junit import junit

TIME = "import random, time\ndef handle(request):\n    return {'now': time.time(), 'random': random.random()}\n"


@pytest.fixture
def clock(tmp_path: Path) -> Any:
    with App("clock", state_dir=tmp_path / ".spin") as app:
        app.add(Function("now", TIME, routes=("/now",)))
        yield app


def recorded(app: App, target: str = "/now", **more: Any) -> Recording:
    _, recording = app.record(request("GET", target, host="tests", **more))
    assert recording is not None
    return recording


@contextmanager
def serving(app: App) -> Iterator[str]:
    """The address of an app."""
    server = Server(lambda _label: app, port=0)
    server.start()
    try:
        yield server.url
    finally:
        server.stop()


# ---- where they are


def test_the_number_is_that_of_the_trace_and_the_file_is_for_its_owner(clock: App, tmp_path: Path) -> None:
    clock.get("/now")
    recording = recorded(clock)
    assert (recording.id, clock.traces()[-1].id) == (2, 2)
    file = tmp_path / ".spin" / "recordings" / "2.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert os.listdir(file.parent) == ["2.json"]
    assert json.loads(file.read_text())["function"] == "now"
    assert list(clock.recordings) == [2]


def test_they_outlive_the_process_and_numbers_go_on(clock: App, tmp_path: Path) -> None:
    first = recorded(clock)
    with App("clock", state_dir=tmp_path / ".spin") as later:
        later.add(Function("now", TIME, routes=("/now",)))
        assert later.replay(first.id).same
        assert later.get("/now").ok
        assert later.traces()[-1].id == 2
        assert recorded(later).id == 3


def test_all_or_those_of_a_function_are_recorded(clock: App) -> None:
    clock.add(Function("other", TIME, routes=("/other",)))
    clock.recordings.functions.add("other")
    clock.get("/now")
    clock.get("/other")
    assert [one.function for one in clock.recordings.values()] == ["other"]
    clock.recordings.on = True
    clock.get("/now")
    assert [one.function for one in clock.recordings.values()] == ["other", "now"]
    clock.recordings.on = False
    clock.recordings.functions.clear()
    clock.get("/now")
    assert len(clock.recordings) == 2


def test_who_asks_through_the_listener_is_recorded_too(clock: App) -> None:
    clock.recordings.on = True
    with serving(clock) as url:
        body = httpx.post(f"{url}/now", content=b"x" * 100_000, trust_env=False).json()
    assert json.loads(clock.recordings[1].came.body) == body
    assert clock.replay(1).same


def test_there_are_no_more_than_there_may_be(clock: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "COUNT", 3)
    for _ in range(5):
        recorded(clock)
    assert list(clock.recordings) == [3, 4, 5]
    monkeypatch.setattr(bounds, "TOTAL", len(dumps(clock.recordings[5])) * 2 + 100)
    recorded(clock)
    assert list(clock.recordings) == [5, 6]
    clock.recordings.forget(5)
    assert list(clock.recordings) == [6]
    with pytest.raises(RecordingError, match="no recording has the number 5"):
        clock.recordings.forget(6, 5)
    clock.recordings.forget()
    assert list(clock.recordings) == []


def test_one_that_is_not_there_is_told_with_those_that_are(clock: App) -> None:
    with pytest.raises(RecordingError, match="no recording has the number 7") as caught:
        clock.replay(7)
    assert "%spin record on" in caught.value.hint
    recorded(clock)
    with pytest.raises(RecordingError) as caught:
        clock.replay(7)
    assert caught.value.hint == "there are: 1"


def test_a_file_that_was_renamed_cut_off_or_is_none_is_refused(clock: App, tmp_path: Path) -> None:
    recorded(clock)
    folder = tmp_path / ".spin" / "recordings"
    whole = (folder / "1.json").read_bytes()
    (folder / "8.json").write_bytes(whole)
    with pytest.raises(RecordingError, match="in the place of number 8 is number 1"):
        clock.replay(8)
    (folder / "1.json").write_bytes(whole[:100])
    with pytest.raises(RecordingError, match=r"1\.json is not a whole recording"):
        clock.replay(1)
    with open(folder / "1.json", "wb") as large:
        large.truncate(5 * LARGEST)
    with pytest.raises(RecordingError, match="larger than 16 MiB"):
        clock.replay(1)
    (folder / "notes.json").write_text("{}")
    (folder / "01.json").write_text("{}")
    assert list(clock.recordings) == [1, 8]


def test_a_request_is_answered_when_its_recording_can_not_be_written(clock: App, tmp_path: Path) -> None:
    (tmp_path / ".spin").write_text("in the way")
    answer, _ = clock.record(request("GET", "/now", host="tests"))
    assert answer.ok
    assert any("could not be recorded" in line.line.text for line in clock.logs())


# ---- bounds and secrets of one


def test_what_is_too_much_is_cut_and_the_answer_is_whole(clock: App) -> None:
    clock.add(Function("large", f"def handle(request):\n    return b'x' * {LARGEST + 10}\n", routes=("/large",)))
    answer, recording = clock.record(request("GET", "/large", host="tests"))
    assert recording is not None
    assert (len(answer.body), "more than the 4 MiB" in recording.cut) == (LARGEST + 10, True)
    made = clock.replay(recording)
    assert made.diverged is None
    assert "cut short" in " ".join(made.notes)
    with pytest.raises(OptionError, match="cut short"):
        as_test("large", made)


READS = """
import time
def handle(request):
    return str([time.time() for _ in range({})][-1])
"""


def test_clocks_are_kept_up_to_a_bound(clock: App) -> None:
    clock.add(Function("busy", READS.format(READINGS + 10), routes=("/busy",)))
    recording = recorded(clock, "/busy")
    assert len(recording.wall["request"]) == READINGS
    assert clock.replay(recording).read_more == 10


LEAKS = """
import base64
from spin_sdk import key_value, variables
def handle(request):
    token = variables.get("token")
    with key_value.open_default() as store:
        store.set("token", token.encode())
        kept = store.get("token").decode()
    return 200, {"x-token": token}, kept + " " + base64.b64encode(token.encode()).decode() + request.query
"""


def test_a_secret_is_in_no_recording_and_a_replay_says_so(clock: App, tmp_path: Path) -> None:
    secret = "correct horse battery"
    clock.set_variable("token", secret, secret=True)
    clock.add(
        Function("leaks", LEAKS, routes=("/leaks",), key_value_stores=("default",), variables={"token": "{{ token }}"})
    )
    recording = recorded(clock, "/leaks?q=correct+horse+battery", headers={"cookie": "id=7", "x-plain": "seen"})
    assert recording.masked
    text = (tmp_path / ".spin" / "recordings" / "1.json").read_text()
    for spelling in (secret, "correct+horse", "Y29ycmVjdCBob3JzZSBiYXR0ZXJ5", "id=7"):
        assert spelling not in text
    assert "seen" in text
    made = clock.replay(recording)
    assert made.diverged is None
    assert any("masked values" in note for note in made.notes)
    assert secret not in repr(made.response)


def test_a_secret_that_a_function_writes_is_hidden_in_a_replay_too(clock: App) -> None:
    source = "import os\ndef handle(request):\n    print(os.environ['TOKEN'])\n    return ''\n"
    clock.add(Function("tells", source, routes=("/tells",), environment={"TOKEN": "correct horse"}))
    recording = recorded(clock, "/tells")
    clock.set_variable("token", "correct horse", secret=True)
    assert [line.text for line in clock.replay(recording).response.logs] == ["***"]


def test_what_became_a_secret_after_it_was_recorded_is_not_kept_as_a_test(clock: App) -> None:
    made = clock.replay(recorded(clock, "/now?q=correct%20horse"))
    clock.set_variable("token", "correct horse", secret=True)
    with pytest.raises(OptionError, match="holds the value of a secret"):
        clock.tests.keep(as_test("now", made))


# ---- kept as tests


def test_it_is_exported_loaded_and_run_with_nobody_else(clock: App, tmp_path: Path) -> None:
    test = as_test("what time it was", clock.replay(recorded(clock).id))
    clock.tests.keep(test)
    assert test.expected.json is not None
    assert clock.tests.run().passed
    project(clock, tmp_path / "out")
    file = tmp_path / "out" / "tests" / file_of(test.name)
    assert file.parent.name == "recordings"
    loaded = spinlab.load(tmp_path / "out")
    try:
        assert loaded.tests["what time it was"] == test
        assert loaded.tests.run().passed
    finally:
        loaded.close()
    command = [sys.executable, "-m", "spinlab.cli", "test", str(tmp_path / "out")]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "1 test passed" in ran.stdout
    file.unlink()
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == 2
    assert "can't be read" in ran.stderr


def test_it_fails_when_the_function_answers_or_asks_something_else(clock: App) -> None:
    clock.tests.keep(as_test("now", clock.replay(recorded(clock).id)))
    clock.add(Function("now", TIME.replace("'now'", "'then'"), routes=("/now",)))
    (failed,) = clock.tests.run().failed
    assert "expected" in failed.wrong[0]
    asks = "from spin_sdk import key_value\ndef handle(request):\n    key_value.open_default()\n"
    clock.add(Function("now", asks, routes=("/now",), key_value_stores=("default",)))
    (failed,) = clock.tests.run().failed
    assert "key-value.open default" in failed.error


def test_it_is_not_asked_elsewhere(clock: App) -> None:
    clock.tests.keep(as_test("now", clock.replay(recorded(clock).id)), RequestTest("plain", path="/now"))
    with serving(clock) as url:
        report = clock.tests.run(urls=(url,))
    assert report.passed
    assert [one.skipped != "" for one in report.outcomes] == [False, True, False, False]
    assert b'skipped="1"' in junit(report)
    assert f"2 tests passed at kernel and {url}; 1 not asked at {url}" in repr(report)
    assert " not asked\n" in repr(report)


def test_a_message_or_one_that_diverges_is_no_test(clock: App) -> None:
    made = clock.replay(recorded(clock).id)
    message = replace(made.recording, sent=replace(made.recording.sent, kind="message"))
    with pytest.raises(OptionError, match="only a request can be a test"):
        as_test("x", replace(made, recording=message))


TEXT = '[now]\nrequest = "GET /now"\nrecording = "recordings/now.json"\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (TEXT.replace("recordings/now.json", "/etc/passwd"), "not a file below the tests"),
        (TEXT.replace("recordings/now.json", "../now.json"), "not a file below the tests"),
        (TEXT.replace("recordings/now.json", "out.json"), "leads out of the tests"),
        (TEXT.replace("recordings/now.json", "recordings/gone.json"), "can't be read"),
        (TEXT.replace("recordings/now.json", "requests.toml"), "not a whole recording"),
        (TEXT.replace('/now"', '/other"'), "the recording is one of GET /now"),
        (TEXT + 'body = "x"\n', "body and recording exclude each other"),
        (TEXT.replace('"recordings/now.json"', "3"), "recording is text in quotes"),
    ],
)
def test_a_test_that_names_no_recording_of_its_own_is_refused(
    clock: App, tmp_path: Path, text: str, message: str
) -> None:
    folder = tmp_path / "tests"
    (folder / "recordings").mkdir(parents=True)
    (folder / "recordings" / "now.json").write_bytes(dumps(recorded(clock)))
    (tmp_path / "outside.json").write_bytes(dumps(recorded(clock)))
    (folder / "out.json").symlink_to(tmp_path / "outside.json")
    (folder / "requests.toml").write_text(text)
    with pytest.raises(ManifestError, match=message):
        clock.tests.load(folder / "requests.toml")
    (folder / "requests.toml").write_text(TEXT)
    assert clock.tests.load(folder / "requests.toml")[0].recording is not None


def test_a_cell_names_a_recording_beside_the_notebook(
    clock: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceError, match="can't be read"):
        clock.tests.loads(TEXT)
    (tmp_path / "tests" / "recordings").mkdir(parents=True)
    (tmp_path / "tests" / "recordings" / "now.json").write_bytes(dumps(recorded(clock)))
    assert clock.tests.loads(TEXT)[0].recording is not None
