"""Binaries as bytes: what they are, what they name, and that damaged ones are refused politely."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wasmtime import wat2wasm

from spinlab.engine import binary, cores, guest, recognize
from spinlab.errors import ComponentError

HELLO = bytes(wat2wasm((Path(__file__).parents[1] / "guests" / "hello.wat").read_text()))
NESTED = bytes(
    wat2wasm(
        """(component
          (core module (memory 2 2) (func $s) (start $s) (func))
          (component (core module (memory 1) (memory 3 3)) (component (core module (memory 1 9)))))"""
    )
)


def test_imports_and_exports_of_a_component_are_named_in_order() -> None:
    assert [x.name for x in binary.imports(HELLO)] == [
        "wasi:io/error@0.2.0",
        "wasi:io/streams@0.2.0",
        "wasi:http/types@0.2.0",
    ]
    assert {x.kind for x in binary.imports(HELLO)} == {"instance"}
    assert [(x.name, x.kind) for x in binary.exports(HELLO)] == [("wasi:http/incoming-handler@0.2.0", "instance")]


def test_a_component_is_told_from_a_core_module() -> None:
    assert recognize.kind(HELLO) == "component"
    assert recognize.kind(bytes(wat2wasm("(module)"))) == "core module"


def test_a_core_module_gets_the_command_that_makes_it_a_component() -> None:
    with pytest.raises(ComponentError, match="needs an adapter") as caught:
        recognize.require_component(bytes(wat2wasm("(module)")))
    assert "wasm-tools component new" in caught.value.hint


def test_a_preview_1_module_gets_its_own_adapter_named() -> None:
    module = wat2wasm(
        '(module (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32))))'
    )
    with pytest.raises(ComponentError, match="WASI preview 1") as caught:
        recognize.require_component(bytes(module))
    assert "--adapt wasi_snapshot_preview1.reactor.wasm" in caught.value.hint


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"(component)", "text"),
        (b"PK\x03\x04....", "zip"),
        (b"\x7fELF\x02\x01\x01\0", "ELF"),
        (b"<!doctype html>", "markup"),
        (b"version https://git-lfs", "git lfs pull"),
        (b"\0asm", "cut short"),
        (b"\0asm\x09\0\0\0", "unknown WebAssembly version"),
        (b"\x01\x02\x03\x04\x05\x06\x07\x08", "01 02 03 04"),
    ],
)
def test_a_foreign_file_is_said_to_be_what_it_looks_like(data: bytes, words: str) -> None:
    with pytest.raises(ComponentError, match=words):
        recognize.require_component(data)


def test_binaries_fill_placeholders_in_order() -> None:
    outer = bytes(wat2wasm("(component (component $a) (core module $m) (component $b))"))
    first, module, second = (bytes(wat2wasm(t)) for t in ("(component (component))", "(module (func))", "(component)"))
    filled = binary.splice(outer, (first, module, second))
    bodies = [filled[s.start : s.end] for s in binary.sections(filled)]
    assert bodies == [first, module, second]
    with pytest.raises(ValueError, match="placeholders"):
        binary.splice(outer, (first, module, second, second))


def test_stripping_removes_custom_sections_at_every_level_and_nothing_else() -> None:
    named = bytes(wat2wasm('(component $c (core module $m (func $f (export "f"))) (component $d (core module $n)))'))
    stripped = binary.strip_custom(named)
    assert b"$" not in stripped
    assert len(stripped) < len(named)
    assert binary.strip_custom(stripped) == stripped
    assert [s.id for s in binary.sections(stripped)] == [binary.CORE_MODULE, binary.COMPONENT]


def test_memories_and_start_functions_are_found_at_every_level() -> None:
    found = cores.scan_cores(NESTED)
    assert found.memories == cores.Memories(growable=2, fixed=2, fixed_bytes=(2 + 3) * 65536)
    assert found.starts
    assert not cores.scan_cores(HELLO).starts


@given(st.integers(0, 2**32 - 1))
def test_numbers_come_back_as_they_were_written(value: int) -> None:
    assert binary.Reader(binary.leb(value)).u32() == value


def test_a_number_that_is_too_long_or_too_large_is_refused() -> None:
    for raw in (b"\x80" * 5 + b"\0", b"\xff\xff\xff\xff\x7f"):
        with pytest.raises(ComponentError, match="too l"):
            binary.Reader(raw).u32()


def read_everything(data: bytes) -> None:
    """All that is read of a stranger's bytes before wasmtime sees them."""
    recognize.require_component(data)
    guest.read_guest(data)
    cores.scan_cores(data)
    binary.strip_custom(data)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([HELLO, NESTED]), st.data())
def test_truncated_bytes_raise_nothing_but_component_errors(whole: bytes, data: st.DataObject) -> None:
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    with suppress(ComponentError):
        read_everything(cut)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from([HELLO, NESTED]), st.data())
def test_mutated_bytes_raise_nothing_but_component_errors(whole: bytes, data: st.DataObject) -> None:
    bytes_ = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(8, len(bytes_) - 1))
        bytes_[at] = data.draw(st.integers(0, 255))
    with suppress(ComponentError):
        read_everything(bytes(bytes_))


@given(st.binary(max_size=200))
def test_bytes_behind_a_true_header_raise_nothing_but_component_errors(body: bytes) -> None:
    with suppress(ComponentError):
        read_everything(binary.COMPONENT_HEADER + body)


def test_a_file_of_zeros_is_refused_before_it_is_read_to_its_end() -> None:
    with pytest.raises(ComponentError, match="more than 100,000 sections"):
        list(binary.sections(b"\0asm\r\0\1\0" + bytes(1 << 20)))
