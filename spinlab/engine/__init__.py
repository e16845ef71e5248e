"""The only room that imports wasmtime: nesting guest and bridge, compiling, instances, limits, calls.

What others use is here by name. wasmtime itself is loaded when the first of these names is asked for, so that
importing `spinlab` stays quick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spinlab import lazily

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

__getattr__ = lazily.names(
    __name__,
    {
        "Answer": ".commands",
        "Cache": ".cache",
        "Call": ".calls",
        "Collector": ".calls",
        "Engine": ".engine",
        "Exited": ".commands",
        "Gateway": ".commands",
        "Outcome": ".calls",
        "Plain": ".commands",
        "Prepared": ".engine",
        "Sandbox": ".sandbox",
        "Sink": ".calls",
        "Sizes": ".engine",
        "cache_folder": ".cache:default_folder",
        "compressed": ".program",
        "default_engine": ".process",
        "failure": ".calls",
        "fault": ".wat",
        "wat_to_wasm": ".wat",
    },
)
