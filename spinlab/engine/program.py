"""Program: one nested component and the code that it runs as now.

Its code changes under those who use it: Winch's is replaced by Cranelift's when that is ready, and code that nobody
has asked for in a long time is unloaded, to be mapped again from the cache. Who holds a `Code` keeps it alive.
"""

from __future__ import annotations

import threading
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from spinlab.engine.compiler import Compiler, Loaded, Source, digest, load
from spinlab.engine.cores import Cores, scan_cores
from spinlab.engine.ffi import Code
from spinlab.engine.nesting import Nested
from spinlab.engine.runtimes import Runtimes

_HELD: Final = 1 << 20  # components below this are instantiated without giving up Python's lock
_SAMPLE: Final = 1 << 15


@dataclass(frozen=True)
class Facts:
    """What nesting found out about a component.

    Attributes:
        digest: sha256 of the component, in hex.
        nested: See `Nested`.
        cores: Its memories, and whether its modules start by themselves.
    """

    digest: str
    nested: Nested
    cores: Cores


def compressed(data: bytes) -> int:
    """About how many bytes are left of `data` when it is compressed: exact when small, sampled when large."""
    if len(data) <= 64 * _SAMPLE:
        return len(zlib.compress(data, 6))
    step = len(data) // 32
    samples = [data[at : at + _SAMPLE] for at in range(0, len(data) - _SAMPLE, step)]
    return len(data) * sum(len(zlib.compress(s, 6)) for s in samples) // (len(samples) * _SAMPLE)


class Program:
    """See the module.

    Parameters:
        component: The guest's bytes.
        nested: What nesting made of them.
        compiler: Compiles and loads.
        runtimes: Where the code runs.
        grown: Called after code was loaded again.
    """

    def __init__(
        self,
        component: bytes,
        nested: Nested,
        compiler: Compiler,
        runtimes: Runtimes,
        grown: Callable[[], None] = lambda: None,
    ) -> None:
        self.component = component
        self.facts = Facts(digest(component), nested, scan_cores(component))
        self.source = Source(nested.digest(self.facts.digest), len(component), False, lambda: nested.outer(component))
        self.tier = ""
        self.size = 0
        self.generation = 0
        self.used = time.monotonic()
        self._compiler = compiler
        self._runtimes = runtimes
        self._grown = grown
        self._codes: dict[bool, Code] = {}
        self._kept: bytes | None = None
        self._watchers: list[Callable[[], None]] = []
        self._lock = threading.RLock()

    @cached_property
    def compressed(self) -> int:
        """About how many bytes it has when it is compressed for transport: exact when small, sampled when large."""
        return compressed(self.component)

    def become(self, strategy: str, loaded: Loaded) -> None:
        """Run as this code from now on."""
        with self._lock:
            if self.tier == "cranelift" and strategy == "winch":
                return
            changed = self.tier != strategy
            self.tier = strategy
            self.size = loaded.size
            self._kept = loaded.kept
            if changed:
                self._codes.clear()
            self._codes[loaded.pooled] = self._code(loaded, strategy)
            self.generation += changed
            watchers = list(self._watchers)
        if changed:
            for watcher in watchers:
                watcher()

    def _code(self, loaded: Loaded, strategy: str) -> Code:
        nested = self.facts.nested
        runtime = self._runtimes.get(strategy, loaded.pooled, nested.providers)
        holds = len(self.component) < _HELD and not self.facts.cores.starts
        return Code(runtime, loaded.code, nested.handler.wasi == "0.3", nested.warms, holds)

    def code(self, pooled: bool) -> Code:
        """The code to make an instance of, loaded again if it was unloaded."""
        self.used = time.monotonic()
        found = self._codes.get(pooled)
        if found is not None:
            return found
        with self._lock:
            found = self._codes.get(pooled)
            if found is None:
                found = self._codes[pooled] = self._code(self._load(pooled), self.tier)
        self._grown()  # without the lock: it may unload other programs, which take theirs
        return found

    def _load(self, pooled: bool) -> Loaded:
        engines = self._runtimes.engines_for(self.tier, pooled)
        if self._kept is not None:
            return load(self._kept, self.source, engines)
        return self._compiler.load(self.source, engines) or self._compiler.here(self.source, engines)

    @property
    def loaded(self) -> bool:
        """Whether any code is in memory."""
        return bool(self._codes)

    def unload(self) -> None:
        """Let the code go. Instances that exist keep theirs."""
        with self._lock:
            if self._kept is None:
                self._codes.clear()

    def subscribe(self, watcher: Callable[[], None]) -> None:
        """Have `watcher` called, on any thread, after the code changed."""
        with self._lock:
            self._watchers.append(watcher)
