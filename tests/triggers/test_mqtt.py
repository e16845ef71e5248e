"""MQTT starts functions: a real Mosquitto, real guests."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from spinlab import App, Function, Limits, load
from spinlab.errors import ExportError, ManifestError, OptionError
from spinlab.export import project
from tests.servers import free_port
from tests.servers.mosquitto import mosquitto
from tests.triggers.mqtt_guests import TOPICS, TOPICS3
from tests.triggers.test_redis import last, until

PASSWORD = "swordfish-of-the-deep"


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with mosquitto(tmp_path_factory.mktemp("mosquitto")) as found:
        yield found


def keeping(port: int, topic: str, name: str = "keep", qos: str = "1", **options: object) -> Function:
    """A function that keeps each message."""
    config = {"topic": topic, "qos": qos, "address": f"mqtt://127.0.0.1:{port}"}
    given = {"key_value_stores": ("default",), "triggers": {"mqtt": (config,)}, **options}
    return Function(name, TOPICS, language="wat", **given)  # type: ignore[arg-type]


def publish(port: int, topic: str, *payloads: bytes, qos: int = 1, more: tuple[str, ...] = ()) -> None:
    """Publish by Mosquitto's own client."""
    for payload in payloads:
        command = [
            "mosquitto_pub",
            "-h",
            "127.0.0.1",
            "-p",
            str(port),
            "-t",
            topic,
            "-q",
            str(qos),
            "-s" if payload else "-n",
            *more,
        ]
        subprocess.run(command, input=payload, check=True, timeout=60)


@contextmanager
def running_at(port: int, folder: Path) -> Iterator[None]:
    """A Mosquitto on a port that was chosen before."""
    file = folder / "fixed.conf"
    file.write_text(f"user root\nlistener {port} 127.0.0.1\nallow_anonymous true\n")
    process = subprocess.Popen(["mosquitto", "-c", str(file)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def test_a_function_runs_for_each_message_and_the_trace_tells_its_topic(app: App, port: int) -> None:
    app.add(keeping(port, "jobs/+"))
    (listener,) = app.listeners
    assert listener.wait(60)
    publish(port, "jobs/new", b"one")
    publish(port, "jobs/old", b"two")
    publish(port, "jobs/new/deeper", b"not this")
    publish(port, "jobs/end", b"three")
    until(lambda: len(app.traces("keep")) == 3)
    assert [(t.method, t.path, t.status) for t in app.traces("keep")] == [
        ("MQTT", "jobs/new", 200),
        ("MQTT", "jobs/old", 200),
        ("MQTT", "jobs/end", 200),
    ]
    assert app.kv().get("jobs/new") == b"one"
    assert last(app) == b"three"


@pytest.mark.parametrize("payload", [b"", bytes(range(256)), b"x" * 50_000])
def test_the_payload_is_passed_on_byte_for_byte(app: App, port: int, payload: bytes) -> None:
    app.add(keeping(port, "bytes/#"))
    assert app.listeners[0].wait(60)
    publish(port, "bytes/of/é", payload)
    until(lambda: len(app.traces()) == 1)
    assert app.kv().get("bytes/of/é") == payload


@pytest.mark.parametrize("subscribed", ["0", "1", "2"])
def test_each_message_comes_once_in_every_quality_of_service(app: App, port: int, subscribed: str) -> None:
    app.add(keeping(port, f"qos/{subscribed}", qos=subscribed))
    assert app.listeners[0].wait(60)
    for published in (0, 1, 2, 2, 1, 0):
        publish(port, f"qos/{subscribed}", b"%d" % published, qos=published)
    until(lambda: len(app.traces()) == 6)
    publish(port, f"qos/{subscribed}", b"end")
    until(lambda: last(app) == b"end")
    assert len(app.traces()) == 7


def test_a_handler_that_fails_or_never_ends_is_told_and_the_next_message_runs(app: App, port: int) -> None:
    app.add(keeping(port, "bad/done", limits=Limits(timeout=0.5)))
    assert app.listeners[0].wait(60)
    publish(port, "bad/done", b"!no", b"@", b"yes")
    until(lambda: len(app.traces()) == 3)
    assert [t.status for t in app.traces()] == [500, 504, 200]
    assert any("the handler returned an error" in str(line) for line in app.logs("keep"))


def test_a_server_that_goes_away_is_found_again(app: App, tmp_path: Path) -> None:
    port = free_port()
    app.add(keeping(port, "jobs"))
    (listener,) = app.listeners
    until(lambda: "trying again" in listener.state)
    for _ in range(2):
        with running_at(port, tmp_path):
            assert listener.wait(60)
            publish(port, "jobs", b"here")
            until(lambda: last(app) == b"here")
            app.kv().delete("last")
        until(lambda: not listener.is_listening)
    assert any("listening again" in str(line) for line in app.logs("keep"))


def test_a_wrong_password_is_told_and_never_shown(app: App, tmp_path: Path) -> None:
    users = tmp_path / "users"
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(users), "ada", PASSWORD], check=True, timeout=60)
    users.chmod(0o644)
    with mosquitto(tmp_path, "allow_anonymous false", f"password_file {users}") as port:
        config = {"topic": "in", "address": f"mqtt://127.0.0.1:{port}", "username": "ada", "password": "{{ pass }}"}
        app.variables["pass"] = {"secret": True, "required": True}
        app.services.variables.set("pass", PASSWORD + "-not")
        app.add(keeping(port, "in", triggers={"mqtt": (config,)}))
        (listener,) = app.listeners
        until(lambda: "refuses the user name or password" in listener.state)
        app.services.variables.set("pass", PASSWORD)
        assert listener.wait(60)
        publish(port, "in", b"let in", more=("-u", "ada", "-P", PASSWORD))
        until(lambda: last(app) == b"let in")
        told = "\n".join([repr(app.listeners), *map(str, app.logs())])
        assert "refuses the user name" in told
        assert PASSWORD not in told


def test_a_guest_of_wasi_0_3_runs_the_same(app: App, port: int) -> None:
    app.add(replace(keeping(port, "async/#"), source=TOPICS3))
    assert app["keep"].prepared.wasi == "0.3"
    assert app.listeners[0].wait(60)
    publish(port, "async/one", b"1")
    until(lambda: app.kv().get("async/one") == b"1")
    failed = app.send("keep", b"!", topic="done")
    assert (failed.status, failed.error.details if failed.error else "") == (500, "done")


def test_send_runs_it_by_hand_on_a_topic(app: App, port: int) -> None:
    app.add(keeping(port, "sensors/+"))
    assert app.send("keep", b"21", topic="sensors/attic").status == 200
    assert app.kv().get("sensors/attic") == b"21"
    failed = app.send("keep", b"!", topic="done")
    assert (failed.status, failed.error.details if failed.error else "") == (500, "done")
    with pytest.raises(OptionError, match="stands for many topics"):
        app.send("keep", b"x")
    with pytest.raises(OptionError, match="has no 'channel'"):
        app.send("keep", b"x", channel="x")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({}, "needs 'topic'"),
        ({"topic": ""}, "between 1 and 65535 bytes"),
        ({"topic": "a/#/b"}, "no filter of topics"),
        ({"topic": "a+"}, "no filter of topics"),
        ({"topic": "a", "qos": "3"}, "qos can't be '3'"),
        ({"topic": "a", "qos": 1}, "qos is text"),
        ({"topic": "a", "keep_alive_interval": "soon"}, "keep_alive_interval can't be"),
        ({"topic": "a", "address": "http://localhost"}, "no address of an MQTT server"),
        ({"topic": "a", "address": "mqtt://u:secret@localhost"}, "no address of an MQTT server"),
        ({"topic": "a", "user": "x"}, "has no 'user'"),
    ],
)
def test_bad_triggers_are_refused(app: App, config: dict, message: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(OptionError, match=message) as caught:
        app.add(keeping(1, "x", triggers={"mqtt": (config,)}))
    assert "secret" not in str(caught.value)


def test_an_export_has_the_tables_the_variable_and_loads_back(app: App, port: int, tmp_path: Path) -> None:
    config = {"topic": "exported", "qos": "1", "address": f"mqtt://127.0.0.1:{port}", "password": "{{ mqtt_password }}"}
    app.add(keeping(port, "exported", triggers={"mqtt": (config,)}))
    app.variables["mqtt_password"] = {"secret": True, "required": True}
    app.services.variables.set("mqtt_password", PASSWORD)
    project(app, tmp_path / "out")
    text = (tmp_path / "out" / "spin.toml").read_text()
    assert '[[trigger.mqtt]]\ncomponent = "keep"\ntopic = "exported"\nqos = "1"\n' in text
    assert f'[application.trigger.mqtt]\naddress = "mqtt://127.0.0.1:{port}"\nusername = ""\n' in text
    assert "mqtt_password = { required = true, secret = true }" in text
    assert PASSWORD not in text
    assert "spin plugins install trigger-mqtt" in (tmp_path / "out" / "README.md").read_text()
    again = load(tmp_path / "out", state_dir=None)
    try:
        again.services.variables.set("mqtt_password", "")
        assert again.listeners[0].wait(60)
        publish(port, "exported", b"back")
        until(lambda: last(again) == b"back")
        project(again, tmp_path / "twice")
        assert (tmp_path / "twice" / "spin.toml").read_text() == text
    finally:
        again.close()


def test_two_servers_do_not_fit_into_one_application(app: App, tmp_path: Path) -> None:
    app.add(keeping(1, "a"))
    app.add(replace(keeping(2, "b"), name="other"))
    with pytest.raises(ExportError, match="an application has one"):
        project(app, tmp_path / "out")
    project(app, tmp_path / "out", only=["keep"])


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('qos = "1"', "", "missing field `qos`"),
        ('qos = "1"', "qos = 1", "expected a string"),
        ('qos = "1"', 'qos = "1"\nchannel = "x"', "unknown field `channel`"),
        ('username = ""', "", "missing field `username`"),
        ('username = ""', 'username = ""\nuser = ""', "unknown field `user`"),
        ('qos = "1"', 'qos = "5"', "qos can't be '5'"),
    ],
)
def test_a_manifest_is_as_strict_as_the_plugin(app: App, tmp_path: Path, before: str, after: str, message: str) -> None:
    app.add(keeping(1, "a"))
    project(app, tmp_path)
    file = tmp_path / "spin.toml"
    file.write_text(file.read_text().replace(before, after, 1))
    with pytest.raises(ManifestError, match=message):
        load(tmp_path, state_dir=None)


@pytest.mark.parametrize(
    "source",
    [
        "def handle(message):\n    print(message.topic, message.text)\n",
        (
            "import wit_world\n\n\nclass WitWorld(wit_world.WitWorld):\n"
            "    def handle_message(self, message, metadata):\n        print(metadata.topic, message.decode())\n"
        ),
    ],
)
def test_a_python_cell_gets_the_topic(app: App, port: int, source: str) -> None:
    config = {"topic": "python/+", "address": f"mqtt://127.0.0.1:{port}"}
    app.add(Function("worker", source, triggers={"mqtt": (config,)}))
    assert app.listeners[0].wait(60)
    publish(port, "python/snake", b"hiss", qos=0)
    until(lambda: len(app.traces("worker")) == 1)
    assert any("python/snake hiss" in str(line) for line in app.logs("worker"))


def test_a_python_cell_of_wasi_0_3_gets_the_topic(app: App) -> None:
    source = (
        "import asyncio\n\n\nasync def handle(message):\n    await asyncio.sleep(0)\n"
        "    print(message.topic, message.text)\n    assert message.text != 'no'\n"
    )
    config = {"topic": "a/b", "address": "mqtt://127.0.0.1:1"}
    app.add(Function("worker", source, wasi="0.3", triggers={"mqtt": (config,)}))
    assert app.send("worker", "yes").status == 200
    assert any("a/b yes" in str(line) for line in app.logs("worker"))
    failed = app.send("worker", "no")
    assert (failed.status, failed.error.details if failed.error else "") == (500, "AssertionError: ")
