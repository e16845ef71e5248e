"""Core modules as components: what Spin does to them when it loads them (Spin 4: ``crates/componentize``).

A program for WASI preview 1 gets the adapter for commands, a module that names its world the one for libraries. What is
exported stays the module; the component that is made of it runs here and is kept in the user's cache.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

from spinlab.engine.binary import MODULE_HEADER
from spinlab.engine.modules import Module, read_module
from spinlab.errors import BuildError, ComponentError, HandlerError
from spinlab.toolchains import cache, component
from spinlab.toolchains.progress import Progress, silent

ROOM: Final = 1 << 28
"""Bytes that all kept components have together."""

SAFE_CLANG: Final = (15, 0, 7)
"""The first C compiler whose programs Spin takes: before it, their memory could be damaged (wasi-libc 377)."""

_CLANG = re.compile(r"(\d+)\.(\d+)\.(\d+)")


def component_of(data: bytes, *, program: bool, progress: Progress = silent) -> bytes:
    """The component that runs; `data` itself unless it is a core module that one can be made of.

    Parameters:
        data: A component or core module.
        program: Whether its main function is to run, by the executor wagi or as a command.
        progress: Told while tools are fetched and run.

    Raises:
        ComponentError: No component can be made of the module; says why.
        HandlerError: It is no program, and has to be one.
        ToolMissing: What makes it is not here and can't be had.
    """
    if data[:8] != MODULE_HEADER:
        return data
    module = read_module(data)
    if module.has_world:
        return _made(data, "reactor", progress)
    if program:
        _check_program(module)
        return _made(data, "command", progress)
    return data


def _check_program(module: Module) -> None:
    if not module.is_program:
        raise HandlerError(
            "failed to find wasi command interface: the core module has no _start",
            hint="build it as a program with a main function, not as a library",
        )
    others = [name for name in module.imports if name != component.PREVIEW1]
    if others:
        raise ComponentError(
            f"the core module imports from {', '.join(others[:5])}, which nobody provides",
            hint=f"a program imports nothing but {component.PREVIEW1}"
            + (": build it for wasm32-wasip1" if "env" in others else ""),
        )
    made_by = _CLANG.match(module.clang)
    if made_by and tuple(map(int, made_by.groups())) < SAFE_CLANG:
        raise ComponentError(
            "this Wasm module appears to have been compiled with wasi-sdk version <19, "
            "which contains a critical memory safety bug",
            hint=f"it says clang {module.clang}; build it again with a newer one, Spin refuses it as well",
        )


def _made(data: bytes, kind: str, progress: Progress) -> bytes:
    version = hashlib.sha256(f"{component.ADAPTERS} {kind}".encode()).hexdigest()[:8]
    place = cache.folder("adapted") / f"{hashlib.sha256(data).hexdigest()}-{version}.wasm"
    known = cache.kept(place)
    if known is not None:
        return known
    progress("making a component of the core module", None)
    try:
        made = component.new(data, {component.PREVIEW1: component.adapter(kind, progress)}, progress)
    except BuildError as error:
        raise ComponentError(
            error.message, hint="is the file damaged, or for another host?", details=error.details
        ) from error
    cache.keep(place, made, ROOM)
    return made
