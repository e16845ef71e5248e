"""Functions in WebAssembly text, which need no toolchain: each answers one status and no body."""

from __future__ import annotations

from pathlib import Path

from tests.magics.conftest import Kernel, Ran

TEAPOT = (Path(__file__).parent / "teapot.wat").read_text()
FOREVER = TEAPOT.replace("(call $drop (local.get $request))", "(loop $again (br $again))")


def answering(status: int) -> str:
    return TEAPOT.replace("418", str(status))


def cell(name: str, body: str = TEAPOT, options: str = "") -> str:
    return f"%%spin wat {name} {options}\n{body}"


def register(kernel: Kernel, name: str = "teapot", status: int = 418, options: str = "") -> Ran:
    return kernel.run(cell(name, answering(status), options)).ok()
