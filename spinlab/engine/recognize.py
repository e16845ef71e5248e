"""What a file is: a component, a core module, or something foreign, with the remedy for each."""

from __future__ import annotations

from spinlab.engine import binary
from spinlab.engine.modules import read_module
from spinlab.errors import ComponentError


def kind(data: binary.Buffer) -> str:
    """``component`` or ``core module``, by the header.

    Raises:
        ComponentError: It is neither; the message says what it looks like.
    """
    head = bytes(data[:8])
    if head == binary.COMPONENT_HEADER:
        return "component"
    if head == binary.MODULE_HEADER:
        return "core module"
    raise ComponentError(f"not a WebAssembly component: {_looks_like(head)}", hint=_FOREIGN)


_FOREIGN = "give the .wasm file that the language's build command leaves behind, such as `spin build` does"


def _looks_like(head: bytes) -> str:
    if head[:4] == binary.MAGIC:
        if len(head) < 8:
            return "the file is cut short"
        return f"an unknown WebAssembly version (0x{head[4:8].hex()})"
    if not head:
        return "the file is empty"
    known = {
        b"(": "it is text (the wat language takes that)",
        b"\x7fELF": "it is an ELF file: a native program, or code compiled by wasmtime",
        b"PK": "it is a zip archive",
        b"\x1f\x8b": "it is gzip data",
        b"<": "it is markup, perhaps an error page",
        b"version ": "it is a Git LFS pointer: run `git lfs pull`",
        b"#!": "it is a script",
    }
    stripped = head.lstrip()
    found = next((text for magic, text in known.items() if head.startswith(magic) or stripped.startswith(magic)), "")
    return found or f"it begins with {head[:4].hex(' ')}"


def require_component(data: binary.Buffer) -> None:
    """Refuse anything that is not a component, with the remedy for core modules.

    Raises:
        ComponentError: It is a core module, or foreign.
    """
    if kind(data) == "component":
        return
    module = read_module(data)
    if any(name.startswith("wasi_snapshot_preview1") for name in module.imports):
        what = "a core module for WASI preview 1, not a component"
        remedy = "wasm-tools component new IN.wasm --adapt wasi_snapshot_preview1.reactor.wasm -o OUT.wasm"
    else:
        what = "a core module, not a component"
        remedy = "wasm-tools component new IN.wasm -o OUT.wasm (with --adapt ADAPTER.wasm for modules that import WASI)"
    if module.is_program:
        hint = "run it as CGI: --executor wagi; or by itself: --command"
        raise ComponentError(f"the file is {what}, and a program (_start)", hint=hint)
    raise ComponentError(f"the file is {what}; it needs an adapter", hint=f"make it a component: {remedy}")
