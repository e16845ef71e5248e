"""CGI programs in manifests: loaded, served, exported and loaded again, as Spin's own templates write them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import spinlab
from spinlab import App
from spinlab.errors import HandlerError, ManifestError
from spinlab.export import describe, project
from spinlab.function import ARGV
from spinlab.manifest import load, normalize
from tests.conftest import wat
from tests.loading.projects import SIMPLE, application
from tests.loading.upping import Up
from tests.wagi import programs
from tests.wagi.programs import program

TEMPLATE = """
[[trigger.http]]
route = "/c/..."
component = "main"
executor = { type = "wagi" }

[[trigger.http]]
route = "/arguments"
component = "arguments"
executor = { type = "wagi", argv = "prog ${ARGS} --route ${SCRIPT_NAME}" }

[[trigger.http]]
route = { private = true }
component = "hidden"
executor = { type = "wagi", argv = "" }

[component.main]
source = "main.wasm"
files = [{ source = "www", destination = "/" }]
allowed_outbound_hosts = []
[component.main.build]
command = "zig build-exe -O ReleaseSmall -target wasm32-wasi main.c -lc"
watch = ["**/*.c"]

[component.arguments]
source = "arguments.wasm"
environment = { MODE = "fast" }

[component.hidden]
source = "arguments.wasm"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    application(tmp_path / "app", TEMPLATE)
    (tmp_path / "app/www").mkdir()
    (tmp_path / "app/www/greeting.txt").write_text("hello from a file")
    (tmp_path / "app/main.wasm").write_bytes(programs.c_module(programs.C_PROGRAM))
    (tmp_path / "app/arguments.wasm").write_bytes(programs.module(programs.ARGUMENTS))
    return tmp_path / "app"


def test_a_manifest_with_programs_answers(folder: Path) -> None:
    with spinlab.load(folder) as app:
        assert "file: hello from a file" in app.get("/c/x").text
        assert app.get("/arguments?a&b").body == b"prog\0a\0b\0--route\0/arguments\0"
        assert (app["main"].function.argv, app["hidden"].function.argv) == (ARGV, "")


def test_it_is_exported_as_it_was(folder: Path, tmp_path: Path) -> None:
    with spinlab.load(folder) as app:
        project(app, tmp_path / "out")
    assert normalize(load(tmp_path / "out/spin.toml")) == normalize(load(folder / "spin.toml"))
    for name in ("main.wasm", "arguments.wasm"):
        assert (tmp_path / "out" / name).read_bytes() == (folder / name).read_bytes()
    with spinlab.load(tmp_path / "out") as again:
        assert again.get("/arguments?x").body == b"prog\0x\0--route\0/arguments\0"


@pytest.mark.parametrize(
    ("options", "executor"),
    [
        ({}, {"type": "wagi"}),
        ({"argv": "prog ${ARGS}"}, {"type": "wagi", "argv": "prog ${ARGS}"}),
        ({"argv": ""}, {"type": "wagi", "argv": ""}),
    ],
)
@pytest.mark.parametrize("form", ["shared", "standalone", "official"])
def test_a_program_of_a_notebook_is_exported_untouched(
    app: App, tmp_path: Path, form: str, options: dict[str, Any], executor: dict[str, str]
) -> None:
    app.add(program(programs.HELLO, "text", **options))
    app.add(program(programs.module(programs.ARGUMENTS), "module", routes=("/a", "/b"), **options))
    made = project(app, tmp_path, components=form)
    assert made.needs.text == "3.4"
    assert [trigger.config["executor"] for trigger in made.manifest.triggers["http"]] == [executor] * 3
    assert (tmp_path / "components/text.wasm").read_bytes() == programs.module(programs.HELLO)
    assert (tmp_path / "components/module.wasm").read_bytes() == programs.module(programs.ARGUMENTS)
    with spinlab.load(tmp_path) as again:
        assert again["text"].function.language == "wat"
        assert again["text"].function.argv == app["text"].function.argv
        for path in ("/text/x?a=1", "/a?a=1", "/b"):
            assert again.get(path).body == app.get(path).body
        assert describe(again).triggers == made.manifest.triggers


def test_a_function_without_one_has_no_executor(app: App) -> None:
    app.add(wat())
    assert "executor" not in describe(app).triggers["http"][0].config


def test_another_executor_than_the_loaded_one_is_exported(folder: Path) -> None:
    with spinlab.load(folder) as app:
        app.add(program(programs.module(programs.ARGUMENTS), "arguments", routes=("/arguments",), argv="new"))
        app.add(wat("main", "/c/..."))
        triggers = {str(trigger.component): trigger for trigger in describe(app).triggers["http"]}
    assert triggers["arguments"].config["executor"] == {"type": "wagi", "argv": "new"}
    assert "executor" not in triggers["main"].config


def test_an_executor_that_spin_refuses_is_refused(tmp_path: Path) -> None:
    for executor, told in (
        ('{ type = "wagi", entrypoint = "main" }', "cannot use deprecated 'entrypoint' field"),
        ('{ type = "wagi", args = "x" }', "args"),
        ('{ type = "http", argv = "x" }', "argv"),
        ('{ type = "cgi" }', "unknown variant `cgi`"),
    ):
        text = SIMPLE.replace('component = "hello"', f'component = "hello"\nexecutor = {executor}', 1)
        application(tmp_path, text, hello="hi")
        with pytest.raises(ManifestError, match=told):
            spinlab.load(tmp_path)


def test_the_spin_executor_is_the_http_one(tmp_path: Path) -> None:
    text = SIMPLE.replace('component = "hello"', 'component = "hello"\nexecutor = { type = "spin" }', 1)
    with spinlab.load(application(tmp_path, text, hello="hi")) as app:
        assert app.get("/hello").text.strip() == "hi"
        assert describe(app).triggers["http"][0].config["executor"] == {"type": "spin"}


def test_a_component_that_is_no_program_is_named(tmp_path: Path) -> None:
    text = SIMPLE.replace('component = "hello"', 'component = "hello"\nexecutor = { type = "wagi" }', 1)
    with pytest.raises(HandlerError, match="failed to find wasi command interface"):
        spinlab.load(application(tmp_path, text, hello="hi"))


def test_a_component_straight_away_is_told_the_whole_path(app: App) -> None:
    from spinlab.engine import Collector
    from spinlab.http import Headers, Request

    app.add(program(programs.ENVIRONMENT, private=True, routes=()))
    collector = Collector()
    call = app.submit(Request("GET", "/a/b?c", Headers()), collector, component="cgi")
    assert call is not None
    call.wait()
    entries = collector.response("cgi").body.split(b"\0")
    assert {b"SCRIPT_NAME=", b"QUERY_STRING=c", b"X_MATCHED_ROUTE=/..."} <= set(entries)
    assert any(entry.startswith(b"PATH_INFO=") and entry.endswith(b"a/b") for entry in entries)


def test_up_serves_programs_with_spins_warnings(folder: Path) -> None:
    with Up(folder) as up:
        assert up.get("/arguments?a").content == b"prog\0a\0--route\0/arguments\0"
        answer = up.post("/c/there?x=1", "the body")
        assert (answer.status_code, answer.headers["x-method"]) == (201, "POST")
        assert "8 bytes: the body" in answer.text
        large = up.post("/c", "x" * 1_000_000)
        assert "65536 bytes" in large.text
        assert up.stop() == 0
    assert up.says("HTTP route /c/... uses the WAGI executor.")
    assert up.says("HTTP private endpoint for hidden uses the WAGI executor.")
    assert up.stderr.count("WAGI will be deprecated in a future version of Spin.") == 1
