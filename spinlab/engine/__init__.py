"""The only room that imports wasmtime: nesting guest and bridge, compiling, instances, limits, calls.

What others use is here by name. wasmtime itself is loaded when the first of these names is asked for, so that
importing `spinlab` stays quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spinlab.engine.cache import Cache
    from spinlab.engine.cache import default_folder as cache_folder
    from spinlab.engine.calls import Call, Collector, Outcome, Sink, failure
    from spinlab.engine.commands import Answer, Exited, Gateway, Plain
    from spinlab.engine.engine import Engine, Prepared, Sizes
    from spinlab.engine.process import default_engine
    from spinlab.engine.program import compressed
    from spinlab.engine.sandbox import Sandbox
    from spinlab.engine.wat import fault, wat_to_wasm

__all__ = [
    "Answer",
    "Cache",
    "Call",
    "Collector",
    "Engine",
    "Exited",
    "Gateway",
    "Outcome",
    "Plain",
    "Prepared",
    "Sandbox",
    "Sink",
    "Sizes",
    "cache_folder",
    "compressed",
    "default_engine",
    "failure",
    "fault",
    "wat_to_wasm",
]

_HOMES = {
    "Answer": ("commands", "Answer"),
    "Cache": ("cache", "Cache"),
    "Call": ("calls", "Call"),
    "Collector": ("calls", "Collector"),
    "Engine": ("engine", "Engine"),
    "Exited": ("commands", "Exited"),
    "Gateway": ("commands", "Gateway"),
    "Outcome": ("calls", "Outcome"),
    "Plain": ("commands", "Plain"),
    "Prepared": ("engine", "Prepared"),
    "Sandbox": ("sandbox", "Sandbox"),
    "Sink": ("calls", "Sink"),
    "Sizes": ("engine", "Sizes"),
    "cache_folder": ("cache", "default_folder"),
    "compressed": ("program", "compressed"),
    "default_engine": ("process", "default_engine"),
    "failure": ("calls", "failure"),
    "fault": ("wat", "fault"),
    "wat_to_wasm": ("wat", "wat_to_wasm"),
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _HOMES[name]
    found = getattr(import_module(f"{__name__}.{module}"), attribute)
    globals()[name] = found
    return found
