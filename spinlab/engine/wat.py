"""WebAssembly's text form to its binary form."""

from __future__ import annotations

import re
from functools import lru_cache

from wasmtime import Engine, Module, WasmtimeError, wat2wasm

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


def fault(module: bytes) -> tuple[str, int] | None:
    """What is wrong with a core module that was assembled, and at which offset; None when nothing is."""
    try:
        Module.validate(_engine(), module)
    except WasmtimeError as error:
        text = str(error).strip()
        at = re.search(r"\(at offset 0x([0-9a-f]+)\)", text)
        return re.sub(r"\s*\(at offset 0x[0-9a-f]+\)", "", text), int(at[1], 16) if at else 0
    return None


@lru_cache(maxsize=1)
def _engine() -> Engine:
    return Engine()
