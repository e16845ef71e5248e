"""The engines of this process and what is linked in each: made at first use, shared by all programs.

There are up to four wasmtime engines: for each compiler, one whose instances live in a pool and one that allocates on
demand. In each the bridge's cores are loaded once.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from typing import Any, Final

from spinlab.engine.compiler import Compiler, Source, digest
from spinlab.engine.ffi import Runtime
from spinlab.engine.providers import Provider
from spinlab.engine.wasm import CompiledCode, Settings, WasmEngine, make_engine

_STACK: Final = 4 << 20  # of a stack, with its guard
_SLOT: Final = (4 << 30) + (64 << 20)  # address space of a pooled memory: wasmtime's reservation and guards


@cache
def pool_fits(settings: Settings) -> bool:
    """Whether the pool's address space can be reserved here. wasmtime ends the process when it can't."""
    if os.name != "posix" or os.environ.get("SPINLAB_POOL") == "0":
        return False
    import mmap

    size = settings.slots * settings.memories * _SLOT + settings.stacks * _STACK
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | getattr(mmap, "MAP_NORESERVE", 0)
    with suppress(OSError, ValueError, OverflowError):
        mmap.mmap(-1, size, flags=flags, prot=0).close()
        return True
    return False


class Runtimes:
    """See the module.

    Parameters:
        settings: Of the engines.
        providers: The bridge.
        functions: The host functions.
        compiler: Compiles the bridge's cores.
    """

    def __init__(
        self,
        settings: Settings,
        providers: Mapping[str, Provider],
        functions: Mapping[str, Callable[..., Any]],
        compiler: Compiler,
    ) -> None:
        self.settings = settings
        self._providers = providers
        self._functions = functions
        self._compiler = compiler
        self._engines: dict[tuple[str, bool], WasmEngine] = {}
        self._cores: dict[tuple[str, bool, str], CompiledCode] = {}
        self._linked: dict[tuple[str, bool, tuple[str, ...]], Runtime] = {}
        self._lock = threading.RLock()

    def engines(self) -> tuple[WasmEngine, ...]:
        """Those that exist by now."""
        return tuple(self._engines.values())

    def engine(self, strategy: str, pooled: bool) -> WasmEngine:
        """The engine for a compiler and an allocator; without a pool where there is none."""
        pooled = pooled and pool_fits(self.settings)
        with self._lock:
            if (strategy, pooled) not in self._engines:
                made = make_engine(self.settings, strategy, pooled=pooled)
                self._engines = {**self._engines, (strategy, pooled): made}
            return self._engines[strategy, pooled]

    def engines_for(self, strategy: str, pooled: bool) -> tuple[WasmEngine, ...]:
        """The engines to load code in: the wanted one first, the one without a pool last."""
        wanted = self.engine(strategy, pooled)
        return (wanted, self.engine(strategy, False)) if wanted.pooled else (wanted,)

    def get(self, strategy: str, pooled: bool, providers: tuple[str, ...]) -> Runtime:
        """A runtime with the host and the cores of these providers linked in."""
        engine = self.engine(strategy, pooled)
        key = (strategy, engine.pooled, providers)
        with self._lock:
            if key not in self._linked:
                modules = {self._providers[n].core_name: self._core(engine, n) for n in providers}
                self._linked[key] = Runtime(engine, self._functions, modules)
            return self._linked[key]

    def _core(self, engine: WasmEngine, name: str) -> CompiledCode:
        key = (engine.strategy, engine.pooled, name)
        if key not in self._cores:
            core = self._providers[name].core
            source = Source(digest(core), len(core), True, lambda: core)
            engines = (engine,)
            loaded = self._compiler.load(source, engines) or self._compiler.here(source, engines)
            self._cores[key] = loaded.code
        return self._cores[key]
