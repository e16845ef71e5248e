"""Code for a binary, from wherever it costs least: the cache, this process, or a child process.

Whatever compiles it, code is loaded from its serialized form, so that an engine with a pool and one without share it.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from spinlab.engine import cache as compiled_cache
from spinlab.engine.cache import Cache
from spinlab.engine.child import Stopped, compile_in_child
from spinlab.engine.wasm import CompiledCode, Settings, WasmEngine
from spinlab.errors import ComponentError

T = TypeVar("T")
Engines = Sequence[WasmEngine]
"""Engines of one strategy, the preferred one first, the one without a pool last."""


@dataclass(frozen=True)
class Source:
    """What is compiled.

    Attributes:
        digest: Of its content; with the cache's other ingredients it names the code.
        size: Bytes that the compiler has to work on.
        module: Whether it is a core module.
        wasm: Gives the binary.
    """

    digest: str
    size: int
    module: bool
    wasm: Callable[[], bytes]


@dataclass(frozen=True)
class Loaded:
    """Compiled code and how we came by it.

    Attributes:
        code: Loaded in the first engine that takes it.
        pooled: Whether that one has a pool.
        size: Bytes of the serialized code.
        cached: Whether it came from the disk.
        seconds: How long the compiler ran.
        kept: The serialized code when it could not be kept on disk.
    """

    code: CompiledCode
    pooled: bool
    size: int
    cached: bool = False
    seconds: float = 0.0
    kept: bytes | None = None


def interruptibly(work: Callable[[], T]) -> T:
    """Do `work` so that an interrupt reaches the main thread at once; the work itself goes on to its end unseen."""
    if threading.current_thread() is not threading.main_thread():
        return work()
    done = threading.Event()
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:  # noqa: BLE001 (raised again where it belongs)
            errors.append(error)
        finally:
            done.set()

    threading.Thread(target=run, name="spinlab-compile", daemon=True).start()
    while not done.wait(0.05):
        pass
    if errors:
        raise errors[0]
    return results[0]


class Compiler:
    """Compiles and loads, through a cache.

    Parameters:
        settings: Of the engines.
        cache: Where code is kept.
    """

    def __init__(self, settings: Settings, cache: Cache) -> None:
        self.settings = settings
        self.cache = cache

    def key(self, source: Source, strategy: str) -> str:
        """The cache's key for it."""
        kind = "module" if source.module else "component"
        return compiled_cache.key(source.digest, f"{strategy} {kind}", self.settings.fingerprint)

    def load(self, source: Source, engines: Engines) -> Loaded | None:
        """The code from the cache, or None."""
        return self.cache.load(self.key(source, engines[0].strategy), lambda code: load(code, source, engines))

    def here(self, source: Source, engines: Engines) -> Loaded:
        """Compile in this process. Python's lock is free meanwhile.

        Raises:
            ComponentError: It is not valid, or this compiler can't do it.
        """
        strategy = engines[0].strategy
        begun = time.perf_counter()
        compiled = engines[-1].compile(source.wasm(), module=source.module)
        seconds = time.perf_counter() - begun
        with compiled.serialized() as view:
            code = bytes(view)
        stored = self.cache.store(self.key(source, strategy), code)
        return replace(load(code, source, engines), cached=False, seconds=seconds, kept=None if stored else code)

    def aside(
        self,
        source: Source,
        engines: Engines,
        *,
        background: bool = False,
        stopped: Callable[[], bool] = lambda: False,
    ) -> Loaded:
        """Compile in a child process, unless another kernel has just done it.

        Raises:
            ComponentError: It is not valid, this compiler can't do it, or it needs too much memory.
            Stopped: `stopped` said so.
        """
        strategy = engines[0].strategy
        key = self.key(source, strategy)

        def loader(code: Path | bytes) -> Loaded:
            return load(code, source, engines)

        with self.cache.lock(key, stopped):
            if stopped():
                raise Stopped
            found = self.cache.load(key, loader)
            if found is not None:
                return found
            with self.cache.aside() as path:
                made = compile_in_child(
                    source.wasm(),
                    strategy,
                    module=source.module,
                    output=path,
                    background=background,
                    stopped=stopped,
                )
                loaded = self.cache.adopt(path, key, loader) if path and not made.disk else None
            if loaded is not None:
                return replace(loaded, cached=False, seconds=made.seconds)
            if made.disk:
                self.cache.warn(made.disk)
            if made.code is None:  # written, but the cache refused it
                return self.here(source, engines)
            return replace(loader(made.code), cached=False, seconds=made.seconds, kept=made.code)


def load(code: Path | bytes, source: Source, engines: Engines) -> Loaded:
    """Load serialized code into the first engine that takes it: what does not fit a pool runs on demand.

    Raises:
        ComponentError: None does: it was made by another wasmtime, or for another processor.
    """
    *preferred, last = engines
    for engine in preferred:
        with suppress(ComponentError):
            return _load(code, source, engine)
    return _load(code, source, last)


def _load(code: Path | bytes, source: Source, engine: WasmEngine) -> Loaded:
    if isinstance(code, bytes):
        return Loaded(engine.load(code, module=source.module), engine.pooled, len(code), cached=True)
    size = code.stat().st_size
    return Loaded(engine.load_file(str(code), module=source.module), engine.pooled, size, cached=True)


def digest(data: bytes) -> str:
    """The sha256 of bytes, in hex."""
    return hashlib.sha256(data).hexdigest()
