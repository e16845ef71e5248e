"""Python cells that messages start: the short form and the SDK's own class."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from spinlab import App, Function, Limits, load
from spinlab.errors import OptionError, SourceError
from spinlab.export import project
from tests.servers.redis import redis
from tests.triggers.test_redis import publish, until

SHORT = """\
from spin_sdk import key_value


def handle(message):
    with key_value.open_default() as store:
        store.set("last", bytes(message))
    if message.text == "fail":
        raise ValueError("no such job")
    print("got", len(message.payload))
"""
OWN = """\
from spin_sdk.wit import exports


class InboundRedis(exports.InboundRedis):
    def handle_message(self, message: bytes):
        print("the SDK's", message.decode())
        if not message:
            raise RuntimeError("empty")
"""
CRON = """\
def handle(message):
    print("at", message.timestamp, message.metadata, message.payload)
    if message.timestamp == 13:
        raise ValueError("not thirteen")
"""
WORLD = """\
import wit_world
from wit_world.imports.cron_types import Error_Other
from wit_world.types import Err


class WitWorld(wit_world.WitWorld):
    def handle_cron_event(self, metadata):
        if metadata.timestamp == 13:
            raise Err(Error_Other("thirteen"))
        print("its time", metadata.timestamp)
"""
OWN3 = """\
from spin_sdk.wit import exports


class RedisHandler(exports.RedisHandler):
    async def handle_message(self, message: bytes):
        print("the SDK's", message.decode())
        if not message:
            raise RuntimeError("empty")
"""
WAITS = """\
import asyncio
from spin_sdk import key_value


async def handle(message):
    await asyncio.sleep(0.01)
    with await key_value.open_default() as store:
        await store.set("last", bytes(message))
    if message.text == "fail":
        raise ValueError("no such job")
    print("waited")
"""
FAILS = """\
def handle(message):
    print(message.text)
    while message.text == "for ever":
        pass
    1 / 0
"""
EVERY_YEAR = {"cron": ({"cron_expression": "0 0 0 1 1 *"},)}


def worker(source: str = SHORT, name: str = "worker", address: str = "redis://127.0.0.1:1") -> Function:
    triggers = {"redis": ({"channel": "jobs", "address": address},)}
    return Function(name, source, key_value_stores=("default",), triggers=triggers)


def said(app: App, name: str) -> str:
    return "\n".join(line.line.text for line in app.logs(name))


def test_a_python_cell_runs_for_each_message_and_an_edit_is_live_with_the_next(app: App, tmp_path: Path) -> None:
    with redis(tmp_path) as port:
        function = worker(address=f"redis://127.0.0.1:{port}")
        app.add(function)
        assert app.listeners[0].wait(60)
        publish(port, "jobs", b"\x00\xff\x80 bytes")
        until(lambda: len(app.traces("worker")) == 1)
        assert app.kv("default").get("last") == b"\x00\xff\x80 bytes"
        assert app.traces("worker")[0].status == 200
        image = app.functions["worker"].build.image
        app.add(replace(function, source=SHORT.replace('"got"', '"now got"')))
        publish(port, "jobs", b"two")
        until(lambda: "now got 3" in said(app, "worker"))
        assert app.functions["worker"].build.image == image  # nothing was built


def test_an_exception_is_the_failure_of_the_run_and_points_into_the_cell(app: App) -> None:
    app.add(worker())
    assert app.send("worker", "fail").status == 500
    told = said(app, "worker")
    assert 'File "worker.py", line 8, in handle' in told
    assert "ValueError: no such job" in told
    assert "message_handler" not in told
    assert app.send("worker", "fine").status == 200


@pytest.mark.parametrize("wasi", ["0.2", "0.3"])
def test_one_that_always_fails_or_never_ends_does_not_hold_up_the_next(app: App, tmp_path: Path, wasi: str) -> None:
    with redis(tmp_path) as port:
        function = worker(FAILS, address=f"redis://127.0.0.1:{port}")
        app.add(replace(function, wasi=wasi, limits=Limits(timeout=2.0)))
        assert app.listeners[0].wait(60)
        publish(port, "jobs", b"one", b"for ever", b"three")
        until(lambda: len(app.traces("worker")) == 3)
    assert [trace.status for trace in app.traces("worker")] == [500, 504, 500]
    assert "three" in said(app, "worker")
    assert said(app, "worker").count("ZeroDivisionError") == 2


def test_the_sdks_class_takes_the_messages(app: App) -> None:
    app.add(worker(OWN, "own"))
    assert app.send("own", "hello").status == 200
    assert "the SDK's hello" in said(app, "own")
    assert app.send("own", "").status == 500
    assert 'File "own.py", line 8, in handle_message' in said(app, "own")


def test_a_handler_may_wait(app: App) -> None:
    source = "import asyncio\n\n\nasync def handle(message):\n    await asyncio.sleep(0.01)\n    print('waited')\n"
    app.add(worker(source, "waits"))
    assert app.send("waits", "x").status == 200
    assert "waited" in said(app, "waits")


def test_a_cell_that_fails_at_import_is_not_taken(app: App) -> None:
    with pytest.raises(SourceError, match="ZeroDivisionError"):
        app.add(worker("1 / 0\n\n\ndef handle(message):\n    pass\n", "broken"))


def test_what_a_message_lacks_is_said_with_what_it_has(app: App) -> None:
    app.add(worker("def handle(request):\n    print(request.query)\n", "query"))
    assert app.send("query", "x").status == 500
    assert "this message has no 'query'; it has payload, text, json()" in said(app, "query")


def test_cron_gives_the_time_and_the_failure_its_text(app: App) -> None:
    app.add(Function("tick", CRON, triggers=EVERY_YEAR))
    assert app.send("tick", "1700000000").status == 200
    assert "at 1700000000 {'timestamp': 1700000000} b''" in said(app, "tick")
    answer = app.send("tick", "13")
    assert answer.status == 500
    assert answer.error is not None
    assert "ValueError: not thirteen" in answer.error.details


def test_a_cell_may_have_the_class_of_crons_world(app: App) -> None:
    app.add(Function("tick", WORLD, triggers=EVERY_YEAR))
    assert app.send("tick", "7").status == 200
    assert "its time 7" in said(app, "tick")
    answer = app.send("tick", "13")
    assert (answer.status, answer.error and answer.error.details) == (500, "thirteen")


def test_on_wasi_03_a_handler_waits_for_the_host(app: App) -> None:
    app.add(replace(worker(WAITS, "waits"), wasi="0.3"))
    assert app.send("waits", b"\x00\xff").status == 200
    assert app.kv("default").get("last") == b"\x00\xff"
    assert "waited" in said(app, "waits")
    answer = app.send("waits", "fail")
    assert (answer.status, answer.error and answer.error.details) == (500, "ValueError: no such job")
    assert 'File "waits.py", line 10, in handle' in said(app, "waits")


def test_on_wasi_03_the_sdks_class_takes_the_messages(app: App) -> None:
    app.add(replace(worker(OWN3, "own"), wasi="0.3"))
    assert app.send("own", "hello").status == 200
    assert "the SDK's hello" in said(app, "own")
    assert app.send("own", "").status == 500
    assert 'File "own.py", line 8, in handle_message' in said(app, "own")


def test_on_wasi_03_cron_runs_plain_functions_and_the_class_of_its_world(app: App) -> None:
    app.add(Function("tick", CRON, triggers=EVERY_YEAR, wasi="0.3"))
    assert app.send("tick", "7").status == 200
    assert "at 7 {'timestamp': 7} b''" in said(app, "tick")
    answer = app.send("tick", "13")
    assert (answer.status, answer.error and answer.error.details) == (500, "ValueError: not thirteen")
    world = WORLD.replace("def handle", "async def handle").replace(
        "wit_world.types import", "componentize_py_types import"
    )
    app.add(Function("tock", world, triggers=EVERY_YEAR, wasi="0.3"))
    assert app.send("tock", "7").status == 200
    answer = app.send("tock", "13")
    assert (answer.status, answer.error and answer.error.details) == (500, "thirteen")


@pytest.mark.parametrize(
    ("source", "triggers", "told", "line"),
    [
        ("x = 1\n\n\nclass IncomingHandler:\n    pass\n", "redis", "class IncomingHandler answers requests", 4),
        ("\ndef handle(a, b):\n    pass\n", "redis", "handle takes 2 arguments; it is called with one, the message", 2),
        ("\ndef work(message):\n    pass\n", "redis", "the cell defines no handler; is it work?", 2),
        (
            "\nclass InboundRedis:\n    def handle_message(self):\n        pass\n",
            "redis",
            "handle_message is called with self, message",
            3,
        ),
        ("\nclass WitWorld:\n    pass\n", "redis", "class WitWorld does not take the messages of --redis", 2),
        ("\nclass InboundRedis:\n    pass\n", "cron", "class InboundRedis does not take the messages of --cron", 2),
        ("\nclass InboundRedis:\n    pass\n", "", "class InboundRedis takes messages", 2),
        ("\nclass RedisHandler:\n    pass\n", "redis", "class RedisHandler does not take the messages of --redis", 2),
        ("def handle(m):\n    pass\n\n\nclass InboundRedis:\n    pass\n", "redis", "several handlers", 5),
    ],
)
def test_a_handler_that_does_not_fit_its_trigger_is_refused_with_its_line(
    app: App, source: str, triggers: str, told: str, line: int
) -> None:
    known = {"redis": {"redis": ({"channel": "jobs"},)}, "cron": EVERY_YEAR, "": {}}
    with pytest.raises(SourceError, match=told) as caught:
        app.add(Function("f", source, triggers=known[triggers]))
    assert caught.value.location is not None
    assert caught.value.location.line == line
    assert caught.value.hint
    assert not app.functions


def test_a_version_of_wasi_that_there_is_not_is_said(app: App) -> None:
    with pytest.raises(OptionError, match=r"no Python image for WASI 0\.9"):
        app.add(replace(worker(), wasi="0.9"))


@pytest.mark.parametrize("form", ["shared", "standalone"])
def test_an_export_takes_the_same_messages(app: App, tmp_path: Path, form: str) -> None:
    app.add(worker())
    app.add(Function("tick", CRON, triggers=EVERY_YEAR))
    project(app, tmp_path / "out", components=form)  # type: ignore[arg-type]
    if form == "shared":
        assert (tmp_path / "out/images/python-redis-wasi-0.2.wasm").exists()
        assert (tmp_path / "out/message.py").exists()
    loaded = load(tmp_path / "out")
    try:
        assert loaded.functions["worker"].function.language == ("python" if form == "shared" else "wasm")
        assert loaded.send("worker", "again").status == 200
        assert loaded.kv("default").get("last") == b"again"
        assert loaded.send("worker", "fail").status == 500
        answer = loaded.send("tick", "13")
        assert answer.error is not None
        assert "ValueError: not thirteen" in answer.error.details
    finally:
        loaded.close()


def test_functions_of_one_toolchain_share_the_pins_of_an_official_export(app: App, tmp_path: Path) -> None:
    app.add(worker())
    app.add(Function("hello", "def handle(request):\n    return 'hello'\n", routes=("/hello",)))
    project(app, tmp_path / "out", components="official")
    assert [path.name for path in (tmp_path / "out").glob("requirements*.txt")] == ["requirements.txt"]
    files = {path.name for path in (tmp_path / "out/functions/worker").iterdir()}
    assert files == {
        "app.py",
        "main.py",
        "message.py",
        "message_handler.py",
        "short.py",
        "short_handler.py",
        "trigger.py",
    }


def test_an_edit_takes_no_build(app: App) -> None:
    app.add(worker())
    app.send("worker", "x")
    before = time.perf_counter()
    app.add(worker(SHORT.replace("got", "took")))
    build = app.functions["worker"].build
    assert build.seconds < time.perf_counter() - before
    assert app.send("worker", "x").status == 200
    assert "took 1" in said(app, "worker")
