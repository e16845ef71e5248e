"""Files that are no component, or not one that can run."""

from __future__ import annotations

from pathlib import Path

import pytest

from spinlab import App, Function
from spinlab.engine import wat_to_wasm
from spinlab.errors import ComponentError, HandlerError, MissingImport, SourceError, SpinError
from tests.bad_input.steps import Stage
from tests.conftest import wat_source

_COMPONENT = wat_to_wasm(wat_source())
_FOREIGN = '(component (import "acme:ledger/books@1.2.0" (instance (export "f" (func)))))'
_SECRET = '(component (import "spinlab:bridge/host@0.1.0" (instance (export "f" (func)))))'


def component(source: bytes | str) -> Function:
    return Function("ready", source, language="wasm", routes=("/ready",))


@pytest.mark.parametrize(
    ("source", "kind", "said"),
    [
        (b"", ComponentError, "not a WebAssembly component"),
        (b"\x7fELF" + bytes(60), ComponentError, "an ELF file"),
        (b"PK\x03\x04" + bytes(60), ComponentError, "not a WebAssembly component"),
        (b"<!DOCTYPE html><html></html>", ComponentError, "not a WebAssembly component"),
        (_COMPONENT[:8] + b"\xff" * 50, ComponentError, ""),
        (_COMPONENT[: len(_COMPONENT) // 2], ComponentError, ""),
        (_COMPONENT[:-1], ComponentError, ""),
        (_COMPONENT.replace(b"incoming-handler", b"outgoing-hanxler"), SpinError, ""),
        (wat_to_wasm("(module)"), ComponentError, "core module"),
        (wat_to_wasm("(component)"), HandlerError, "wasi:http/incoming-handler"),
        (wat_to_wasm(_FOREIGN), SpinError, ""),
        (wat_to_wasm(_SECRET), SpinError, ""),
        ("text", SourceError, "bytes, not text"),
    ],
)
def test_a_broken_or_foreign_file_is_refused_and_the_old_one_serves_on(
    app: App, source: bytes | str, kind: type[SpinError], said: str
) -> None:
    app.add(component(_COMPONENT))
    with pytest.raises(kind) as caught:
        app.add(component(source))
    assert said in caught.value.message
    assert caught.value.hint
    assert app["ready"].revision == 1
    assert app.get("/ready").text == "Hello from WAT\n"


def test_an_import_that_nobody_provides_is_named(app: App) -> None:
    handler = wat_source().replace("(component", '(component (import "acme:ledger/books@1.2.0" (instance))', 1)
    with pytest.raises(MissingImport) as caught:
        app.add(component(wat_to_wasm(handler)))
    assert "acme:ledger/books@1.2.0" in str(caught.value)


def test_a_file_that_is_no_component_is_refused_in_the_notebook(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "foreign.wasm").write_bytes(b"\x7fELF" + bytes(60))
    shown = stage.refused(f"%spin add hello --source {tmp_path / 'foreign.wasm'}", "ComponentError")
    assert "an ELF file" in shown
    assert "no file" in stage.refused(f"%spin add hello --source {tmp_path / 'none.wasm'}", "OptionError")
