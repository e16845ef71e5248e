"""WebAssembly's text form to its binary form."""

from __future__ import annotations

from wasmtime import WasmtimeError, wat2wasm

from spinlab.errors import ComponentError


def wat_to_wasm(text: str) -> bytes:
    """Assemble a module or a component.

    Raises:
        ComponentError: The text can't be assembled; the message has the place.
    """
    try:
        return bytes(wat2wasm(text))
    except WasmtimeError as error:
        raise ComponentError(str(error)) from None
