"""Several kinds of triggers in one app, beside HTTP: their listeners side by side, what is said of them, and `up`."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from spinlab import App, Function, load
from spinlab.commands.overview import _function
from spinlab.errors import OptionError
from spinlab.export import project
from spinlab.widgets import tables
from tests.conftest import wat
from tests.loading.upping import COMMAND, Up, environment
from tests.servers import free_port
from tests.servers.mosquitto import mosquitto
from tests.servers.redis import redis
from tests.triggers import test_mqtt, test_redis
from tests.triggers.guests import CLOCK, KEEPING
from tests.triggers.test_command import COPY, command
from tests.triggers.test_redis import running_at, until


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, int]]:
    with redis(tmp_path_factory.mktemp("redis")) as one, mosquitto(tmp_path_factory.mktemp("mosquitto")) as other:
        yield one, other


def everything(app: App, ports: tuple[int, int]) -> None:
    """Four kinds of starts, and a command."""
    app.add(wat())
    app.add(test_redis.keeping(ports[0], "by-redis", "jobs"))
    app.add(test_mqtt.keeping(ports[1], "jobs/#", "by-mqtt"))
    app.add(Function("by-clock", CLOCK, language="wat", triggers={"cron": ({"cron_expression": "* * * * * *"},)}))
    app.add(command(COPY))


def test_redis_mqtt_cron_http_and_a_command_in_one_app(app: App, ports: tuple[int, int], tmp_path: Path) -> None:
    everything(app, ports)
    assert all(listener.wait(60) for listener in app.listeners)
    test_redis.publish(ports[0], "jobs", b"from redis", b"!")
    test_mqtt.publish(ports[1], "jobs/new", b"from mqtt")
    until(lambda: len(app.traces("by-redis")) == 2)
    until(lambda: len(app.traces("by-mqtt")) == 1)
    until(lambda: len(app.traces("by-clock")) > 1)
    assert app.get("/hello").status == 200
    assert app.run("job", stdin="told").stdout == b"told"
    by_redis, by_mqtt, by_clock = app.listeners
    until(lambda: (by_redis.handled, by_redis.failed, by_mqtt.handled) == (1, 1, 1))
    assert by_clock.handled > 0
    project(app, tmp_path / "out")
    again = load(tmp_path / "out", state_dir=None)
    try:
        assert {x.type for x in again.listeners} == {"redis", "mqtt", "cron"}
        assert all(listener.wait(60) for listener in again.listeners)
    finally:
        again.close()


def test_the_state_of_listeners_is_shown(app: App, ports: tuple[int, int]) -> None:
    app.add(test_redis.keeping(ports[0], "by-redis", "shown"))
    app.add(test_mqtt.keeping(1, "shown/#", "by-mqtt"))
    assert app.listeners[0].wait(60)
    until(lambda: "trying again" in app.listeners[1].state)
    test_redis.publish(ports[0], "shown", b"yes", b"!no")
    until(lambda: app.listeners[0].failed == 1)
    text = tables.app(app).text
    assert re.search(r"by-redis: redis shown, listening to .* since \d\d:\d\d:\d\d; 2 messages, 1 failed", text)
    assert re.search(r"by-mqtt: mqtt shown/#, not connected \(.*\); trying again in .*; 0 messages", text)
    seen = _function(app, app["by-redis"], "", {})
    assert "2 messages, 1 failed" in seen["started"][0]


def test_a_change_of_a_listener_is_told_to_whoever_looks(app: App, ports: tuple[int, int]) -> None:
    told: list[str] = []
    app.changes.listen(told.append)
    app.add(test_redis.keeping(ports[0], "by-redis", "told"))
    before = len(told)
    assert app.listeners[0].wait(60)
    until(lambda: len(told) > before)


def test_a_function_has_one_kind_of_trigger(app: App) -> None:
    triggers = {"redis": ({"channel": "x"},), "mqtt": ({"topic": "x"},)}
    with pytest.raises(OptionError, match="one kind of trigger, not redis, mqtt"):
        app.add(Function("keep", KEEPING, language="wat", triggers=triggers))
    with pytest.raises(OptionError, match="that command starts has no route"):
        app.add(command(COPY, routes=("/x",)))


def test_up_says_what_it_waits_for_and_finishes_messages_at_sigterm(
    app: App, ports: tuple[int, int], tmp_path: Path
) -> None:
    source = "import time\n\ndef handle(message):\n    print('begun')\n    time.sleep(1)\n    print('finished')\n"
    config = {"channel": "upped", "address": f"redis://127.0.0.1:{ports[0]}"}
    app.add(Function("by-redis", source, triggers={"redis": (config,)}))
    app.add(test_mqtt.keeping(ports[1], "upped/#", "by-mqtt"))
    project(app, tmp_path / "out")
    app.close()
    process = subprocess.Popen(
        [*COMMAND, "-f", str(tmp_path / "out"), "--state-dir", str(tmp_path / "state")],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        said = _until("by-mqtt: upped/#", process.stdout)
        assert "Waiting for redis:\n  by-redis: upped\n" in said
        assert "Serving" not in said  # nothing of it is started by HTTP
        publishing = ("redis-cli", "-p", str(ports[0]), "publish", "upped", "x")
        until(lambda: subprocess.run(publishing, capture_output=True, check=True).stdout.strip() != b"0")
        _until("begun", process.stdout)
        process.send_signal(signal.SIGTERM)
        _until("finished", process.stdout)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()


def test_up_tells_of_a_lost_server_and_of_messages_that_failed(app: App, tmp_path: Path) -> None:
    source = "def handle(message):\n    raise ValueError('not ' + message.text)\n"
    port = free_port()
    app.add(
        Function("by-redis", source, triggers={"redis": ({"channel": "c", "address": f"redis://127.0.0.1:{port}"},)})
    )
    project(app, tmp_path / "out")
    app.close()
    process = subprocess.Popen(
        [*COMMAND, "-f", str(tmp_path / "out"), "--state-dir", str(tmp_path / "state")],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert "by-redis: redis: " in _until("trying again until it works", process.stdout)
        with running_at(port, tmp_path):
            _until("by-redis: redis: listening again", process.stdout)
            subprocess.run(["redis-cli", "-p", str(port), "publish", "c", "ready"], capture_output=True, check=True)
            assert "ValueError: not ready" in _until("by-redis: the handler returned an error", process.stdout)
    finally:
        process.kill()
        process.wait()


def _until(text: str, lines: IO[str]) -> str:
    """What is said up to a line with that text."""
    said = ""
    while text not in said:
        line = lines.readline()
        assert line, said
        said += line
    return said


def test_a_command_beside_http_ends_the_application(app: App, tmp_path: Path) -> None:
    app.add(wat())
    app.add(command(COPY))
    project(app, tmp_path / "out")
    up = Up(tmp_path / "out")
    assert up.process.wait(60) == 0
