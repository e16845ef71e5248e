"""Core modules that name the world they are for become components, as Spin makes them."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

import spinlab
from spinlab import App, Function
from spinlab.adapting import component_of
from spinlab.engine import wat_to_wasm
from spinlab.errors import ComponentError, HandlerError
from spinlab.export import project
from spinlab.toolchains import cache as kept
from spinlab.toolchains import component
from tests.loading.projects import application

DEPS = Path(spinlab.__file__).parent / "bridge" / "wit" / "deps"
WORLD = "package test:test; world teapot { import wasi:http/types@0.2.12; export wasi:http/incoming-handler@0.2.12; }"

TEAPOT = """(module
  (import "wasi_snapshot_preview1" "fd_write" (func $log (param i32 i32 i32 i32) (result i32)))
  (import "wasi:http/types@0.2.12" "[constructor]fields" (func $fields (result i32)))
  (import "wasi:http/types@0.2.12" "[constructor]outgoing-response" (func $response (param i32) (result i32)))
  (import "wasi:http/types@0.2.12" "[method]outgoing-response.set-status-code"
    (func $status (param i32 i32) (result i32)))
  (import "wasi:http/types@0.2.12" "[static]response-outparam.set"
    (func $set (param i32 i32 i32 i32 i64 i32 i32 i32 i32)))
  (memory (export "memory") 16)
  (global $free (mut i32) (i32.const 65536))
  (data (i32.const 64) "short and stout\\n")
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)  ;; never moves anything
    (global.get $free)
    (global.set $free (i32.and (i32.const -16)
      (i32.add (i32.const 15) (i32.add (global.get $free) (local.get 3))))))
  (func (export "wasi:http/incoming-handler@0.2.12#handle") (param $request i32) (param $out i32) (local $r i32)
    (i32.store (i32.const 0) (i32.const 64))
    (i32.store (i32.const 4) (i32.const 16))
    (drop (call $log (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 16)))
    (local.set $r (call $response (call $fields)))
    (drop (call $status (local.get $r) (i32.const 418)))
    (call $set (local.get $out) (i32.const 0) (local.get $r) (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 0)
      (i32.const 0) (i32.const 0))))
"""


@cache
def teapot() -> bytes:
    with TemporaryDirectory() as folder:
        for package in DEPS.glob("wasi-*-0.2.12"):
            shutil.copytree(package, Path(folder, "deps", package.name))
        Path(folder, "world.wit").write_text(WORLD)
        return component.embed(wat_to_wasm(TEAPOT), Path(folder), "teapot")


def test_a_library_with_a_world_answers_http(app: App) -> None:
    live = app.add(Function("pot", teapot(), language="wasm", routes=("/pot",)))
    assert live is not None
    answer = app.get("/pot")
    assert (answer.status, [line.text for line in answer.logs]) == (418, ["short and stout"])
    assert (live.is_module, live.prepared.command) == (True, False)
    assert not [name for name in live.prepared.imports if name.startswith("spinlab:")]


def test_it_is_no_program(app: App) -> None:
    with pytest.raises(HandlerError, match="failed to find wasi command interface"):
        app.add(Function("pot", teapot(), language="wasm", routes=("/pot",), executor="wagi"))


def test_it_is_exported_and_loaded_as_the_module_that_it_is(app: App, tmp_path: Path) -> None:
    app.add(Function("pot", teapot(), language="wasm", routes=("/pot",)))
    project(app, tmp_path)
    assert (tmp_path / "components/pot.wasm").read_bytes() == teapot()
    with spinlab.load(tmp_path) as again:
        assert again.get("/pot").status == 418


def test_a_manifest_may_name_it(tmp_path: Path) -> None:
    text = '[[trigger.http]]\nroute = "/..."\ncomponent = "pot"\n[component.pot]\nsource = "pot.wasm"\n'
    application(tmp_path, text)
    (tmp_path / "pot.wasm").write_bytes(teapot())
    with spinlab.load(tmp_path) as app:
        assert app.get("/x").status == 418


def test_what_was_made_of_a_module_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = component_of(teapot(), program=False)
    monkeypatch.setattr(component, "new", None)  # would fail when it were called
    assert component_of(teapot(), program=False) == first
    assert kept.kept(tmp_path / "nothing.wasm") is None


def test_a_world_that_its_code_does_not_have_is_refused(app: App) -> None:
    broken = teapot().replace(b"incoming-handler@0.2.12#handle", b"incoming-handler@0.2.12#handla")
    assert broken != teapot()
    with pytest.raises(ComponentError, match="no component can be made of this module") as caught:
        app.add(Function("pot", broken, language="wasm", routes=("/pot",)))
    assert caught.value.hint
    assert caught.value.details
