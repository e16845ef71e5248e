"""What is read of a core module before a component is made of it."""

from __future__ import annotations

from spinlab.engine import wat_to_wasm
from spinlab.engine.modules import Module, read_module

TEXT = """(module
  (@custom "component-type:world" "x")
  (@producers (language "C11" "") (processed-by "clang" "18.1.2 (x)"))
  (import "env" "a" (func)) (import "wasi_snapshot_preview1" "b" (func)) (import "env" "c" (func))
  (memory (export "memory") 1)
  (func (export "_start")) (func (export "other")))"""


def test_imports_exports_and_notes_are_read() -> None:
    module = read_module(wat_to_wasm(TEXT))
    assert module.imports == ("env", "wasi_snapshot_preview1")
    assert module.functions == ("_start", "other")
    assert (module.is_program, module.has_world, module.clang) == (True, True, "18.1.2 (x)")
    assert set(module.notes) >= {"component-type:world", "producers"}


def test_a_damaged_module_is_read_as_far_as_it_goes() -> None:
    whole = wat_to_wasm(TEXT)
    for size in range(8, len(whole)):
        assert isinstance(read_module(whole[:size]), Module)
    assert read_module(wat_to_wasm("(module)")) == Module()
