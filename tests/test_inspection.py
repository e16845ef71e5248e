"""Components taken apart, from Python: what is in them, and what damaged bytes do."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spinlab
from spinlab import bridge, images
from spinlab.engine import wat_to_wasm
from spinlab.errors import ComponentError, OptionError, SpinError
from spinlab.inspection import Inspection
from spinlab.widgets import inspection

MODULE = wat_to_wasm("""
(module $sums
  (import "env" "log" (func $log (param i32)))
  (import "env" "table" (table 1 funcref))
  (import "env" "memory" (memory 1 2))
  (import "env" "g" (global i32))
  (func $double (export "double") (param $a i32) (result i32)
    (i32.add (local.get $a) (local.get $a)))
  (func $many (param $a i32) (result i32)
    (call $log (i32.const 300000))
    (if (result i32) (local.get $a) (then (call $double (local.get $a))) (else (i32.const 0))))
  (func $"odd name" (drop (i32.const 1)))
  (data (i32.const 0) "some data"))
""")
COMPONENT = bridge.read("static-files")


def text_of(found: Inspection) -> str:
    return str(found._repr_mimebundle_()["text/plain"])


def test_a_core_module_says_what_it_imports_and_exports() -> None:
    found = spinlab.inspect(MODULE)
    assert (found.kind, found.size, found.part.name) == ("core module", len(MODULE), "sums")
    assert [(x.name, x.kind) for x in found.imports] == [
        ("env log", "function"),
        ("env table", "table"),
        ("env memory", "memory"),
        ("env g", "global"),
    ]
    assert [(x.name, x.kind) for x in found.exports] == [("double", "function")]
    assert [body.title for body in found.code[0].bodies] == ["double", "many", "odd name"]
    with pytest.raises(ComponentError, match="has no world"):
        found.wit()


@pytest.mark.parametrize("name", ["double", "$double", "1", "sums:double", "0:double", "doub"])
def test_a_function_is_found_by_name_index_or_part_of_its_name(name: str) -> None:
    found = spinlab.inspect(MODULE).bytecode(name)
    assert found.name == "double"
    assert "i32.add" in found.text


def test_each_instruction_stands_beside_its_bytes() -> None:
    found = spinlab.inspect(MODULE).bytecode("many")
    assert b"".join(line.data for line in found.lines) == MODULE[found.lines[0].offset :][: found.size]
    shown = {line.text.strip(): line.data for line in found.lines}
    assert shown["i32.const 300000"] == bytes.fromhex("41 e0 a7 12")
    assert shown["call $log"] == b"\x10\x00"
    assert spinlab.inspect(MODULE).wat("odd name").startswith('(func $"odd name"')


def test_a_function_that_is_not_there_is_said_with_near_ones() -> None:
    with pytest.raises(OptionError) as caught:
        spinlab.inspect(MODULE).bytecode("dubble")
    assert "double" in caught.value.hint
    with pytest.raises(OptionError):
        spinlab.inspect(MODULE).bytecode("4000000")
    with pytest.raises(OptionError, match="no function"):
        spinlab.inspect(wat_to_wasm("(module)")).bytecode()


def test_a_component_has_parts_interfaces_and_a_world() -> None:
    found = spinlab.inspect(COMPONENT)
    assert found.kind == "component"
    assert any(x.name.startswith("wasi:http/types") for x in found.imports)
    assert [x.name.partition("@")[0] for x in found.exports] == ["wasi:http/incoming-handler"]
    assert re.search(r"export wasi:http/incoming-handler@", found.wit())
    assert sum(part.size for part in found.part.parts) < found.size
    shown = text_of(found)
    for word in ("imports", "exports", "parts", "and this is the bytecode", "core module"):
        assert word in shown
    assert "<script" not in found._repr_mimebundle_()["text/html"]


def test_an_image_of_many_megabytes_is_shown_in_a_few_lines() -> None:
    app = spinlab.App("test")
    live = app.add(spinlab.Function("hello", "def handle(request): return 'hi'", routes=("/hello",)))
    assert live is not None
    found = spinlab.inspect(live)
    assert found.image
    assert found.source == len("def handle(request): return 'hi'")
    assert found.size == images.python("0.2").size
    shown = text_of(found)
    assert "32 B of source" in shown
    assert "libpython" in shown
    assert len(shown.splitlines()) < 150
    listed = inspection.sections(found).text
    assert len(listed.splitlines()) <= inspection.LINES
    assert 'custom "name"' in listed
    assert "more" not in listed
    assert len(inspection.text(found, found.wit()).text.splitlines()) <= inspection.LINES + 1
    code = found.bytecode("_PyEval_EvalFrameDefault")
    assert code.more > 0
    assert code.module.startswith("libpython")
    assert len(inspection.code(found, code).text) < 100_000


def test_foreign_names_do_nothing_in_a_terminal_or_a_page() -> None:
    hostile = wat_to_wasm('(module (func (export "\\1b[2J<b>x</b>") (drop (i32.const 1))))')
    bundle = spinlab.inspect(hostile)._repr_mimebundle_()
    assert "\x1b" not in bundle["text/plain"]
    assert "<b>x" not in bundle["text/html"]


@pytest.mark.parametrize("data", [b"", b"\0asm", b"\0asm\x09\0\0\0", b"#!/bin/sh\n"])
def test_what_is_no_webassembly_is_said(data: bytes) -> None:
    with pytest.raises(ComponentError):
        spinlab.inspect(data)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_damaged_bytes_raise_our_errors_only(data: st.DataObject) -> None:
    base = bytearray(data.draw(st.sampled_from([MODULE, COMPONENT[:6000], COMPONENT])))
    for _ in range(data.draw(st.integers(1, 4))):
        base[data.draw(st.integers(8, len(base) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = spinlab.inspect(bytes(base[: data.draw(st.integers(8, len(base)))]))
        _ = [code.by_name for code in found.code]
        inspection.sections(found)
    except SpinError:
        pass
