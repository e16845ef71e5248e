"""The only room that imports wasmtime: nesting guest and bridge, compiling, instances, limits, calls.

What others use is here by name. wasmtime itself is loaded when the first of these names is asked for, so that
importing `spinlab` stays quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spinlab.engine.calls import Call, Outcome, Sink
    from spinlab.engine.engine import Engine, Prepared
    from spinlab.engine.sandbox import Sandbox

__all__ = ["Call", "Engine", "Outcome", "Prepared", "Sandbox", "Sink"]

_HOMES = {
    "Call": "calls",
    "Engine": "engine",
    "Outcome": "calls",
    "Prepared": "engine",
    "Sandbox": "sandbox",
    "Sink": "calls",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found
