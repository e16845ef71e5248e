"""Redis starts functions: a real server, real guests."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from spinlab import App, Function, Limits, load
from spinlab.errors import HandlerError, OptionError
from spinlab.export import project
from spinlab.host.resp import command
from tests.conftest import wat, wat_source
from tests.servers import free_port
from tests.servers.redis import redis
from tests.triggers.guests import AS_AN_SDK_MAKES_IT, KEEPING


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with redis(tmp_path_factory.mktemp("redis")) as found:
        yield found


def keeping(port: int, name: str = "keep", channel: str = "jobs", **options: object) -> Function:
    """A function that keeps each message."""
    config = {"channel": channel, "address": f"redis://127.0.0.1:{port}"}
    given = {"key_value_stores": ("default",), "triggers": {"redis": (config,)}, **options}
    return Function(name, KEEPING, language="wat", **given)  # type: ignore[arg-type]


@contextmanager
def running_at(port: int, folder: Path) -> Iterator[None]:
    """A Redis on a port that was chosen before."""
    words = ["redis-server", "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no"]
    with (folder / "server.log").open("ab") as out:
        process = subprocess.Popen(words, cwd=folder, stdout=out, stderr=out)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def publish(port: int, channel: str, *payloads: bytes) -> None:
    """Publish, by a client of few lines."""
    with socket.create_connection(("127.0.0.1", port), 10) as link, link.makefile("rb") as answers:
        for payload in payloads:
            link.sendall(command((b"PUBLISH", channel.encode(), payload)))
            assert answers.readline().startswith(b":")


def until(true: Callable[[], bool]) -> None:
    """Wait until it is true, for long if need be."""
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.02)


def last(app: App) -> bytes | None:
    """What the function kept last."""
    return app.kv("default").get("last")


def test_a_function_runs_for_each_message_and_the_trace_tells_it(app: App, port: int) -> None:
    app.add(keeping(port))
    assert app.listeners[0].wait(60)
    publish(port, "jobs", b"one", b"two")
    until(lambda: len(app.traces("keep")) == 2)
    assert last(app) == b"two"
    traced = app.traces("keep")[0]
    assert (traced.method, traced.path, traced.status, traced.error) == ("REDIS", "jobs", 200, "")
    assert [c.operation for c in traced.calls] == ["open", "set"]


@pytest.mark.parametrize("payload", [b"", bytes(range(256)), "é \U0001f980".encode(), b"\0\r\n", b"x" * 50_000])
def test_the_payload_is_passed_on_byte_for_byte(app: App, port: int, payload: bytes) -> None:
    app.add(keeping(port, channel="bytes"))
    assert app.listeners[0].wait(60)
    publish(port, "bytes", payload)
    until(lambda: len(app.traces()) == 1)
    assert last(app) == payload


def test_a_handler_that_fails_is_told_and_the_next_message_runs(app: App, port: int) -> None:
    app.add(keeping(port, channel="failing"))
    assert app.listeners[0].wait(60)
    publish(port, "failing", b"!no", b"yes")
    until(lambda: len(app.traces()) == 2)
    assert [t.status for t in app.traces()] == [500, 200]
    assert app.traces()[0].error == "the handler returned an error"
    assert any("the handler returned an error" in str(line) for line in app.logs("keep"))


def test_a_handler_that_never_ends_is_stopped_at_its_timeout(app: App, port: int) -> None:
    app.add(keeping(port, channel="endless", limits=Limits(timeout=0.3)))
    assert app.listeners[0].wait(60)
    publish(port, "endless", b"@", b"next")
    until(lambda: len(app.traces()) == 2)
    assert [t.status for t in app.traces()] == [504, 200]


def test_a_new_revision_gets_the_next_message_on_the_same_connection(app: App, port: int) -> None:
    app.add(keeping(port, channel="again"))
    (before,) = app.listeners
    assert before.wait(60)
    changed = KEEPING.replace("defaultlast", "defaultlate")
    app.add(replace(app["keep"].function, source=changed))
    publish(port, "again", b"new")
    until(lambda: len(app.traces()) == 1)
    assert app.kv("default").get("late") == b"new"
    assert app.listeners == (before,)


def test_a_server_that_goes_away_is_found_again(app: App, tmp_path: Path) -> None:
    port = free_port()
    app.add(keeping(port))
    (listener,) = app.listeners
    until(lambda: "trying again" in listener.state)
    for _ in range(2):
        with running_at(port, tmp_path):
            assert listener.wait(60)
            publish(port, "jobs", b"here")
            until(lambda: last(app) == b"here")
            app.kv("default").delete("last")
        until(lambda: not listener.is_listening)
    assert any("listening again" in str(line) for line in app.logs("keep"))


def test_what_is_removed_hears_no_more(app: App, port: int) -> None:
    app.add(keeping(port, channel="gone"))
    (listener,) = app.listeners
    assert listener.wait(60)
    app.remove("keep")
    assert app.listeners == ()
    assert listener.state == "stopped"


def test_closing_waits_for_the_message_under_way(port: int) -> None:
    app = App("closing")
    app.add(keeping(port, channel="closing", limits=Limits(timeout=0.5)))
    assert app.listeners[0].wait(60)
    publish(port, "closing", b"@")
    until(lambda: bool(app.listeners[0]._under_way))
    app.close()
    assert [t.status for t in app.traces()] == [504]


def test_a_guest_with_types_from_spins_interface_runs(app: App, port: int) -> None:
    app.add(replace(keeping(port, channel="sdk"), source=AS_AN_SDK_MAKES_IT))
    assert app.listeners[0].wait(60)
    publish(port, "sdk", b"typed")
    until(lambda: last(app) == b"typed")
    assert app.send("keep", "!").status == 500


def test_send_runs_it_by_hand(app: App, port: int) -> None:
    app.add(keeping(port, channel="by-hand"))
    app.add(wat())
    assert app.send("keep", b"mine").status == 200
    assert last(app) == b"mine"
    failed = app.send("keep", "!")
    assert failed.status == 500
    assert "returned an error" in str(failed.error)
    with pytest.raises(OptionError, match="started by HTTP"):
        app.send("hello")


def test_several_triggers_and_http_in_one_app(app: App, port: int) -> None:
    app.add(wat())
    app.add(keeping(port, "one", "first"))
    app.add(keeping(port, "two", "second"))
    assert all(listener.wait(60) for listener in app.listeners)
    publish(port, "first", b"1")
    publish(port, "second", b"2")
    until(lambda: len(app.traces("one")) == len(app.traces("two")) == 1)
    assert app.get("/hello").status == 200


@pytest.mark.parametrize(
    ("triggers", "message"),
    [
        ({"redsi": ({"channel": "x"},)}, "no trigger of type 'redsi'"),
        ({"redis": ({},)}, "needs 'channel'"),
        ({"redis": ({"channel": ""},)}, "a channel has a name"),
        ({"redis": ({"channel": "x", "chanel": "y"},)}, "has no 'chanel'"),
        ({"redis": ({"channel": "x", "address": "http://localhost"},)}, "no address of a Redis"),
    ],
)
def test_bad_triggers_are_refused_before_anything_is_made(app: App, triggers: dict, message: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(OptionError, match=message):
        app.add(Function("keep", KEEPING, language="wat", triggers=triggers))
    assert "keep" not in app


def test_a_guest_of_another_world_is_refused(app: App) -> None:
    with pytest.raises(HandlerError, match="no handler for the redis trigger"):
        app.add(Function("hello", wat_source(), language="wat", triggers={"redis": ({"channel": "x"},)}))


def test_an_export_has_the_tables_and_loads_back(app: App, port: int, tmp_path: Path) -> None:
    app.add(keeping(port, channel="exported"))
    app.add(wat())
    project(app, tmp_path / "out")
    text = (tmp_path / "out" / "spin.toml").read_text()
    assert "[[trigger.redis]]" in text
    assert 'channel = "exported"' in text
    assert f'address = "redis://127.0.0.1:{port}"' in text
    app.close()
    again = load(tmp_path / "out", state_dir=None)
    try:
        assert again.get("/hello").status == 200
        assert again.listeners[0].wait(60)
        publish(port, "exported", b"back")
        until(lambda: last(again) == b"back")
        project(again, tmp_path / "twice")
        assert (tmp_path / "twice" / "spin.toml").read_text() == text
    finally:
        again.close()


def test_the_applications_address_and_variables_hold(port: int, tmp_path: Path) -> None:
    (tmp_path / "keep.wat").write_text(KEEPING)
    (tmp_path / "spin.toml").write_text(
        f"""spin_manifest_version = 2
[application]
name = "only-redis"
[application.trigger.redis]
address = "redis://{{{{ host }}}}:{port}"
[variables]
host = {{ default = "127.0.0.1" }}
channel = {{ default = "templated" }}
[[trigger.redis]]
channel = "{{{{ channel }}}}"
component = "keep"
[component.keep]
source = "keep.wat"
key_value_stores = ["default"]
"""
    )
    app = load(tmp_path, state_dir=None)
    try:
        assert app.listeners[0].wait(60)
        publish(port, "templated", b"found")
        until(lambda: last(app) == b"found")
    finally:
        app.close()
