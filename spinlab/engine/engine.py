"""Engine: from the bytes of a component to code that instances are made of.

``prepare`` validates, chooses the handler, nests guest and bridge, and has the result compiled or found in the cache.
Large components run as Winch's code first, which is ready in a quarter of the time, and as Cranelift's when that is
done; small ones are Cranelift's at once. Nothing starts before the first ``prepare``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from spinlab.engine import providers as bridge
from spinlab.engine.cache import Cache
from spinlab.engine.compiler import Compiler, Loaded, interruptibly
from spinlab.engine.cores import Memories
from spinlab.engine.ffi import Caps, Code
from spinlab.engine.nesting import nest
from spinlab.engine.program import Program
from spinlab.engine.refusal import explained
from spinlab.engine.runtimes import Runtimes
from spinlab.engine.shelf import Shelf
from spinlab.engine.threads import quieten
from spinlab.engine.tiering import Tiering
from spinlab.engine.wasm import Settings, WasmEngine
from spinlab.errors import ComponentError
from spinlab.function import Limits
from spinlab.languages import Progress, silent

_BRIDGE_MEMORIES: Final = 6  # one of each provider, the driver's and the glue's
_TABLES: Final = 1000
_LEAST: Final = 1 << 20


@dataclass(frozen=True)
class Sizes:
    """Bytes of a component.

    Attributes:
        component: As it is exported.
        compressed: About what a registry stores.
        compiled: As machine code.
    """

    component: int
    compressed: int
    compiled: int


@dataclass(frozen=True)
class Prepared:
    """A component that is ready to run: facts, and the way to its current code.

    Attributes:
        program: What it shares with every other function of the same component.
        compile_seconds: How long the compiler ran for this ``prepare``; 0 when the code was there.
        cached: Whether the code was there.
    """

    program: Program
    compile_seconds: float
    cached: bool

    @property
    def digest(self) -> str:
        """sha256 of the component, in hex."""
        return self.program.facts.digest

    @property
    def wasi(self) -> str:
        """``0.2`` or ``0.3``."""
        return self.program.facts.nested.handler.wasi

    @property
    def handler(self) -> str:
        """The export that answers requests."""
        return self.program.facts.nested.handler.export

    @property
    def command(self) -> bool:
        """Whether each request runs it as a command."""
        return self.program.facts.nested.handler.command

    @property
    def trigger(self) -> str:
        """Whose messages it takes, such as ``redis``; empty for HTTP."""
        return self.program.facts.nested.handler.trigger

    @property
    def imports(self) -> tuple[str, ...]:
        """What the component imports."""
        return self.program.facts.nested.imports

    @property
    def warms(self) -> bool:
        """Whether it has a warm-up of its own."""
        return self.program.facts.nested.warms

    @property
    def sizes(self) -> Sizes:
        """Sizes as of now: better code has another size."""
        program = self.program
        return Sizes(len(program.component), program.compressed, program.size)

    @property
    def tier(self) -> str:
        """Which compiler's code it runs as now: ``winch`` or ``cranelift``."""
        return self.program.tier

    @property
    def generation(self) -> int:
        """Changes whenever `code` gives something better than before."""
        return self.program.generation

    @property
    def memories(self) -> Memories:
        """The linear memories that it defines."""
        return self.program.facts.cores.memories

    def code(self, pooled: bool = True) -> Code:
        """What an instance is made of now. Ask for each instance; keep nothing."""
        return self.program.code(pooled)

    def caps(self, limits: Limits) -> Caps:
        """A function's limits in the terms of a store.

        wasmtime bounds each memory of a store, the limit is on all of them together: those that can't grow are
        subtracted, the rest is shared by those that can. Nearly every component has one that can. The bridge's own
        are small, and allowed on top.
        """
        memories = self.memories
        share = (limits.memory - memories.fixed_bytes) // max(memories.growable, 1)
        return Caps(
            memory=max(share, _LEAST),
            table_elements=limits.table_elements,
            instances=limits.instances,
            tables=_TABLES,
            memories=memories.growable + memories.fixed + _BRIDGE_MEMORIES,
        )

    def subscribe(self, callback: Callable[[], None]) -> None:
        """Have `callback` called, on any thread, after the code got better."""
        self.program.subscribe(callback)


class Engine:
    """Prepares components. One for a process is normal.

    Parameters:
        functions: The host functions by name; default those of `spinlab.engine.calls`.
        cache: Where compiled code is kept.
        settings: How code is compiled and instances live.
        providers: The bridge; default the one that spinlab ships.
    """

    def __init__(
        self,
        *,
        functions: Mapping[str, Callable[..., Any]] | None = None,
        cache: Cache | None = None,
        settings: Settings | None = None,
        providers: Mapping[str, bridge.Provider] | None = None,
    ) -> None:
        self.cache = cache or Cache()
        self.settings = settings or Settings()
        self._functions = functions
        self._providers = providers
        self._parts: tuple[Mapping[str, bridge.Provider], Compiler, Runtimes, Tiering] | None = None
        self._shelf = Shelf()
        self._lock = threading.Lock()
        self._making: dict[str, threading.Lock] = {}
        self._closed = False

    def prepare(
        self,
        component: bytes,
        *,
        name: str = "",
        command: bool = False,
        trigger: str = "",
        progress: Progress = silent,
    ) -> Prepared:
        """Make a component ready to run.

        Handing in the same bytes object again costs nothing, and a small component that is there already next to
        nothing. May be interrupted at any time.

        Parameters:
            component: Its bytes.
            name: What to call it in the progress display.
            command: Whether each request runs it as a command, in place of its HTTP handler.
            trigger: Whose messages it takes, in place of requests; empty for HTTP.
            progress: Told about anything that takes long.

        Raises:
            ComponentError: It is not a component, not valid, or too much for the compiler.
            HandlerError: It has no HTTP handler, or several; or it is no command.
            MissingImport: It imports what nobody provides.
        """
        if self._closed:
            raise ComponentError("the engine is closed")
        known = self._shelf.known(component, command, self.settings.small, trigger)
        if known is not None:
            return Prepared(known, 0.0, True)
        providers, compiler, runtimes, tiering = self._started()
        nested = nest(component, providers, command=command, trigger=trigger)
        program = Program(component, nested, compiler, runtimes, self._shelf.grown)
        with self._one_at_a_time(program.facts.digest):
            known = self._shelf.equal(program)
            if known is not None:
                return Prepared(known, 0.0, True)
            try:
                loaded = self._code(program, name, progress)
            except ComponentError as error:
                raise explained(error, nested.imports) from error
            self._shelf.add(program)
        if program.tier == "winch":
            tiering.add(program)
        return Prepared(program, loaded.seconds, loaded.cached)

    def _code(self, program: Program, name: str, progress: Progress) -> Loaded:
        """The best code that can be had now."""
        _, compiler, runtimes, _ = self._started()
        best = runtimes.engines_for("cranelift", pooled=True)
        small = program.source.size < self.settings.small
        for strategy in ("cranelift",) if small else ("cranelift", "winch"):
            found = compiler.load(program.source, runtimes.engines_for(strategy, pooled=True))
            if found is not None:
                program.become(strategy, found)
                return found
        progress(f"compiling {name}".rstrip(), None)
        if small:
            loaded = interruptibly(lambda: compiler.here(program.source, best))
            interruptibly(lambda: program.become("cranelift", loaded))
            return loaded
        strategy, loaded = self._first(program)
        interruptibly(lambda: program.become(strategy, loaded))
        return loaded

    def _first(self, program: Program) -> tuple[str, Loaded]:
        """Winch's code, or Cranelift's for what Winch can't do (tail calls, for one)."""
        _, compiler, runtimes, _ = self._started()
        quick = runtimes.engines_for("winch", pooled=True)
        nested = program.facts.nested

        def link() -> None:  # compiles the bridge's cores while the child is at work
            with suppress(ComponentError):
                runtimes.get("winch", True, nested.providers)

        threading.Thread(target=link, name="spinlab-link", daemon=True).start()
        best = runtimes.engines_for("cranelift", pooled=True)
        try:
            try:
                return "winch", compiler.aside(program.source, quick)
            except ComponentError:
                return "cranelift", compiler.aside(program.source, best)
        except OSError:  # no child process can be had here
            return "cranelift", interruptibly(lambda: compiler.here(program.source, best))

    def runtimes(self) -> tuple[WasmEngine, ...]:
        """The wasmtime engines that exist by now: whose epochs to advance."""
        return self._parts[2].engines() if self._parts else ()

    def settle(self, timeout: float | None = None) -> bool:
        """Wait until the background compiler has nothing to do; False when that took too long."""
        return self._parts[3].wait(timeout) if self._parts else True

    def close(self) -> None:
        """End what runs in the background. What was prepared goes on working."""
        self._closed = True
        self._shelf.close()
        quieten(self)
        if self._parts:
            self._parts[3].close()

    def _started(self) -> tuple[Mapping[str, bridge.Provider], Compiler, Runtimes, Tiering]:
        with self._lock:
            if self._parts is None:
                functions = self._functions
                if functions is None:
                    from spinlab.engine.calls import HOST_FUNCTIONS

                    functions = HOST_FUNCTIONS
                providers = bridge.providers() if self._providers is None else self._providers
                compiler = Compiler(self.settings, self.cache)
                runtimes = Runtimes(self.settings, providers, functions, compiler)
                self._parts = providers, compiler, runtimes, Tiering(compiler, runtimes)
            return self._parts

    def _one_at_a_time(self, digest: str) -> _Turn:
        with self._lock:
            return _Turn(self._making.setdefault(digest, threading.Lock()))


class _Turn:
    """A lock whose waiting can be interrupted on every platform."""

    def __init__(self, lock: threading.Lock) -> None:
        self._lock = lock

    def __enter__(self) -> None:
        while not self._lock.acquire(timeout=0.1):
            pass

    def __exit__(self, *_: object) -> None:
        self._lock.release()
