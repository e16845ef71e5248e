"""SQS starts functions: a real queue server, the AWS client that users have, real guests."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from spinlab import App, Function, load
from spinlab.errors import ManifestError, OptionError
from spinlab.export import project
from spinlab.triggers import kind
from tests.servers import free_port
from tests.servers.sqs import KEYS, Queues, elasticmq
from tests.triggers.sqs_guests import QUEUE, QUEUE3
from tests.triggers.test_redis import last, until


@pytest.fixture(scope="module")
def queues(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Queues]:
    with elasticmq(tmp_path_factory.mktemp("elasticmq")) as found:
        yield found


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Those of the tests, and none that this machine may have."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SQS", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)


def keeping(url: str, **options: object) -> Function:
    """A function that keeps each message."""
    config = {"queue_url": url, "idle_wait_seconds": 0, "message_attributes": ["All"], "system_attributes": ["All"]}
    given = {"key_value_stores": ("default",), "triggers": {"sqs": (config,)}, **options}
    return Function("keep", QUEUE, language="wat", **given)  # type: ignore[arg-type]


def test_a_function_runs_for_each_message_which_is_then_deleted(app: App, queues: Queues) -> None:
    url = queues.make("jobs")
    queues.send(url, *(f"job {n}" for n in range(25)))  # more than a batch, and before anybody listens
    app.add(keeping(url))
    assert app.listeners[0].wait(60)
    until(lambda: queues.left(url) == 0)
    assert len(app.traces("keep")) == 25
    assert {app.kv().get(f"job {n}") is not None for n in range(25)} == {True}
    traced = app.traces("keep")[0]
    assert (traced.method, traced.path, traced.status) == ("SQS", "jobs", 200)
    assert url in app.listeners[0].state


def test_attributes_of_both_kinds_come_with_the_message(app: App, queues: Queues) -> None:
    url = queues.make("attributes")
    app.add(keeping(url))
    attributes = {
        "colour": {"DataType": "String", "StringValue": "grün"},
        "weight": {"DataType": "Number", "StringValue": "3.5"},
        "picture": {"DataType": "Binary", "BinaryValue": bytes(range(256))},
    }
    queues.send(url, "Bücher", attributes=attributes)
    until(lambda: queues.left(url) == 0)
    kept = app.kv()
    assert last(app) == "Bücher".encode()
    assert (kept.get("colour"), kept.get("weight")) == ("grün".encode(), b"3.5")
    assert kept.get("picture") == bytes(range(256))
    assert kept.get("ApproximateReceiveCount") == b"1"


def test_what_is_left_or_fails_comes_again(app: App, queues: Queues) -> None:
    url = queues.make("again", invisible=1)
    app.add(keeping(url))
    queues.send(url, "?later", "!never", "fine")
    until(lambda: [t.status for t in app.traces()].count(500) > 1)
    until(lambda: queues.left(url) == 2)
    app.remove("keep")


def test_a_message_that_takes_long_stays_hidden_until_it_is_done(app: App, queues: Queues) -> None:
    url = queues.make("long", invisible=4)
    source = "import time\n\ndef handle(message):\n    print('begun')\n    time.sleep(7)\n"
    app.add(Function("slow", source, triggers={"sqs": ({"queue_url": url, "idle_wait_seconds": 0},)}))
    queues.send(url, "patience")
    until(lambda: bool(app.listeners[0]._under_way))
    others = queues.client.receive_message(QueueUrl=url, WaitTimeSeconds=5)
    assert not others.get("Messages")
    until(lambda: queues.left(url) == 0)
    assert [t.status for t in app.traces("slow")] == [200]


def test_a_queue_that_does_not_exist_is_told_and_found_when_it_does(app: App, queues: Queues) -> None:
    url = f"{queues.endpoint}/000000000000/not-yet"
    app.add(keeping(url))
    (listener,) = app.listeners
    until(lambda: "the queue does not exist" in listener.state)
    queues.make("not-yet")
    assert listener.wait(60)
    queues.send(url, "now")
    until(lambda: last(app) == b"now")


def test_a_server_that_is_away_is_found_when_it_comes(app: App, tmp_path: Path) -> None:
    port = free_port()
    app.add(keeping(f"http://127.0.0.1:{port}/000000000000/jobs"))
    until(lambda: "Could not connect to the endpoint" in app.listeners[0].state)
    assert not app.listeners[0].is_listening


def test_missing_credentials_are_told_and_present_ones_never_shown(
    app: App, queues: Queues, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = queues.make("secret")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    app.add(keeping(url))
    (listener,) = app.listeners
    until(lambda: "there are no AWS credentials" in listener.state)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEYS["AWS_ACCESS_KEY_ID"])
    assert listener.wait(60)
    queues.send(url, "x")
    until(lambda: last(app) == b"x")
    told = "\n".join([repr(app.listeners), *map(str, app.logs()), repr(app.traces())])
    assert all(value not in told for value in KEYS.values())


def test_the_endpoint_of_the_environment_holds(app: App, queues: Queues, monkeypatch: pytest.MonkeyPatch) -> None:
    url = queues.make("elsewhere")
    monkeypatch.setenv("AWS_ENDPOINT_URL", queues.endpoint)
    app.add(keeping("http://queues.invalid/000000000000/elsewhere"))
    assert app.listeners[0].wait(60)
    queues.send(url, "there")
    until(lambda: last(app) == b"there")


def test_send_runs_it_by_hand(app: App) -> None:
    app.add(keeping("http://127.0.0.1:1/0/q"))
    assert app.send("keep", "mine").status == 200
    assert last(app) == b"mine"
    assert app.send("keep", "?").body == b"leave"
    failed = app.send("keep", "!why")
    assert (failed.status, failed.error.details if failed.error else "") == (500, "!why")
    with pytest.raises(OptionError, match="is text"):
        app.send("keep", b"\xff")


def test_a_guest_of_wasi_0_3_runs_and_answers_the_same(app: App, queues: Queues) -> None:
    url = queues.make("later")
    app.add(replace(keeping(url), source=QUEUE3))
    assert app["keep"].prepared.wasi == "0.3"
    queues.send(url, "async", attributes={"colour": {"DataType": "String", "StringValue": "red"}})
    until(lambda: queues.left(url) == 0)
    assert (last(app), app.kv().get("colour")) == (b"async", b"red")
    assert app.send("keep", "?").body == b"leave"
    failed = app.send("keep", "!why")
    assert (failed.status, failed.error.details if failed.error else "") == (500, "!why")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({}, "needs 'queue_url'"),
        ({"queue_url": "jobs"}, "not the URL of a queue"),
        ({"queue_url": "https://me:secret@localhost/0/q"}, "not the URL of a queue"),
        ({"queue_url": "http://localhost/0/q", "max_messages": 11}, "between 1 and 10"),
        ({"queue_url": "http://localhost/0/q", "idle_wait_seconds": "2"}, "idle_wait_seconds can't be"),
        ({"queue_url": "http://localhost/0/q", "system_attributes": "All"}, "are names"),
        ({"queue_url": "http://localhost/0/q", "batch": 1}, "has no 'batch'"),
    ],
)
def test_bad_triggers_are_refused(app: App, config: dict, message: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(OptionError, match=message) as caught:
        app.add(keeping("x", triggers={"sqs": (config,)}))
    assert "secret" not in str(caught.value)


def test_the_option_takes_the_other_keys_behind_the_url() -> None:
    declared = kind("sqs").declared("http://h/0/q#max_messages=3&message_attributes=a,b")
    assert declared == {"queue_url": "http://h/0/q", "max_messages": 3, "message_attributes": ("a", "b")}
    with pytest.raises(ValueError, match="after # stand"):
        kind("sqs").declared("http://h/0/q#batch=3")


def test_an_export_has_the_table_and_loads_back(app: App, queues: Queues, tmp_path: Path) -> None:
    url = queues.make("exported")
    app.add(keeping(url))
    project(app, tmp_path / "out")
    text = (tmp_path / "out" / "spin.toml").read_text()
    assert f'[[trigger.sqs]]\ncomponent = "keep"\nqueue_url = "{url}"\nidle_wait_seconds = 0\n' in text
    assert 'message_attributes = ["All"]' in text
    assert "spin plugins install trigger-sqs" in (tmp_path / "out" / "README.md").read_text()
    app.close()
    again = load(tmp_path / "out", state_dir=None)
    try:
        queues.send(url, "back")
        until(lambda: last(again) == b"back")
        project(again, tmp_path / "twice")
        assert (tmp_path / "twice" / "spin.toml").read_text() == text
    finally:
        again.close()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("idle_wait_seconds = -1", "idle_wait_seconds is a number"),
        ('message_attributes = "All"', "expected a sequence"),
        ("wait = 2", "unknown field `wait`"),
    ],
)
def test_a_manifest_is_as_strict_as_the_plugin(app: App, tmp_path: Path, line: str, message: str) -> None:
    app.add(keeping("http://127.0.0.1:1/0/q", triggers={"sqs": ({"queue_url": "http://127.0.0.1:1/0/q"},)}))
    project(app, tmp_path)
    file = tmp_path / "spin.toml"
    file.write_text(file.read_text().replace('/0/q"\n', f'/0/q"\n{line}\n', 1))
    with pytest.raises(ManifestError, match=message):
        load(tmp_path, state_dir=None)


def test_without_the_aws_client_it_is_told_how_to_get_it() -> None:
    code = (
        "import sys, importlib.util as u; find = u.find_spec\n"
        "u.find_spec = lambda name, *a: None if name == 'botocore' else find(name, *a)\n"
        "from spinlab import App, Function\n"
        "Function_ = Function('q', '(component)', language='wat', triggers={'sqs': ({'queue_url': 'http://h/0/q'},)})\n"
        "try: App('x').add(Function_)\n"
        "except Exception as error: print(type(error).__name__, error.message, error.hint)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert "ToolMissing sqs needs the package botocore" in done.stdout
    assert 'pip install "spinlab[sqs]"' in done.stdout


def test_a_python_cell_gets_attributes_and_says_what_becomes_of_the_message(app: App, queues: Queues) -> None:
    source = (
        "def handle(message):\n"
        "    print(message.text, len(message.id), message.attributes['colour'], message.attributes['picture'])\n"
        "    return message.text\n"
    )
    url = queues.make("python", invisible=60)
    config = {"queue_url": url, "idle_wait_seconds": 0, "message_attributes": ("All",)}
    app.add(Function("worker", source, triggers={"sqs": (config,)}))
    attributes = {
        "colour": {"DataType": "String", "StringValue": "grün"},
        "picture": {"DataType": "Binary", "BinaryValue": b"\0\xff"},
    }
    queues.send(url, "leave", "delete", "burn", attributes=attributes)
    until(lambda: len(app.traces("worker")) == 3)
    until(lambda: queues.left(url) == 2)
    said = "\n".join(str(line) for line in app.logs("worker"))
    assert "leave 36 grün b'\\x00\\xff'" in said
    assert 'handle returns nothing, "delete" or "leave", not \'burn\'' in said


def test_a_python_cell_of_wasi_0_3_says_what_becomes_of_the_message(app: App) -> None:
    source = "async def handle(message):\n    print('got', message.text)\n    return message.text\n"
    config = {"queue_url": "http://127.0.0.1:1/0/q"}
    app.add(Function("worker", source, wasi="0.3", triggers={"sqs": (config,)}))
    assert [app.send("worker", text).body for text in ("leave", "delete")] == [b"leave", b""]
    assert app.send("worker", "burn").status == 500
