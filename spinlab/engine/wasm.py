"""wasmtime's engines and the code they compile: settings, strategies, serialized code."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from spinlab.engine import native, processor, values
from spinlab.errors import ComponentError

MIB: Final = 1 << 20
_TARGET: Final = b"x86_64-unknown-linux-gnu"  # the only one that there is a level for


@dataclass(frozen=True)
class Settings:
    """How code is compiled and where instances live.

    Attributes:
        slots: Instances that the pool holds at once.
        memories: Linear memories in the pool for each slot.
        stacks: Stacks of calls that may wait: guests that wait outside are not bounded by the slots, and each may hold
            several. Address space only.
        memory: Bytes that a pooled memory can grow to. Address space only: a function's own limit is on the store.
        keep_resident: Bytes of a pooled memory that are cleared instead of given back when an instance goes. More than
            what a Python image writes to.
        keep_tables: The same of a pooled table.
        warm_slots: Pooled memories that keep their pages while unused.
        table_elements: Entries of a pooled table.
        small: Bytes below which a component is compiled by Cranelift in this process, which is faster than a child.
    """

    slots: int = 32
    memories: int = 6
    stacks: int = 1024
    memory: int = 4 << 30
    keep_resident: int = 32 * MIB
    keep_tables: int = MIB
    warm_slots: int = 8
    table_elements: int = 100_000
    small: int = 300_000

    @property
    def fingerprint(self) -> str:
        """What of the settings shapes compiled code. The pool does not: both engines load the same code."""
        return "epoch async"

    def pool_options(self) -> dict[str, int]:
        """The pool in wasmtime's words. The smaller numbers are per component; Spin has the same 200."""
        return {
            "total_component_instances": self.slots,
            "total_core_instances": self.slots * 100,
            "total_memories": self.slots * self.memories,
            "total_tables": self.slots * 20,
            "total_stacks": self.stacks,
            "max_component_instance_size": 16 * MIB,
            "max_core_instance_size": 4 * MIB,
            "max_core_instances_per_component": 200,
            "max_memories_per_component": 20,
            "max_tables_per_component": 50,
            "max_memory_size": self.memory,
            "table_elements": self.table_elements,
            "linear_memory_keep_resident": self.keep_resident,
            "table_keep_resident": self.keep_tables,
            "max_unused_warm_slots": self.warm_slots,
        }


class Trap(Exception):
    """What wasmtime reports while a guest is instantiated or called.

    Attributes:
        message: One line.
        code: ``interrupt``, ``unreachable``, ``stack-overflow``, ``out-of-bounds``, ``deadlock``, ``limit``, ``host``,
            or empty.
        full: The pool has no free slot.
        details: The whole text with the guest's frames.
    """

    def __init__(self, text: str) -> None:
        self.details = text
        self.message, self.code = _read_trap(text)
        self.full = "maximum concurrent" in text
        if self.full:
            self.code = "limit"
        super().__init__(self.message)


_TRAPS: Final = (
    (values.STOPPED, "interrupt"),
    ("wasm trap: interrupt", "interrupt"),
    (values.HOST_FAILED, "host"),
    ("`unreachable` instruction", "unreachable"),
    ("call stack exhausted", "stack-overflow"),
    ("out of bounds", "out-of-bounds"),
    ("deadlock detected", "deadlock"),
    ("resource limit exceeded", "limit"),
    ("exceeds memory limits", "limit"),
    ("exceeds table limits", "limit"),
    ("maximum memory size", "limit"),
    ("count too high", "limit"),
)


def _read_trap(text: str) -> tuple[str, str]:
    code = next((code for words, code in _TRAPS if words in text), "")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    cause = next((line for line in reversed(lines) if "wasm trap:" in line), lines[0] if lines else "unknown error")
    return cause.split("wasm trap:")[-1].strip().rstrip(":"), code


def check(error: int | None) -> None:
    """Raise what wasmtime reported, if anything."""
    if error:
        raise Trap(native.message_of(error))


class CompiledCode:
    """Machine code of a component or a core module, in memory or mapped from a file."""

    __slots__ = ("_exports", "module", "pointer")

    def __init__(self, pointer: int, module: bool) -> None:
        self.pointer = pointer
        self.module = module
        self._exports: dict[str, int | None] = {}

    def export(self, name: str) -> int | None:
        """The index of an export, to look it up in an instance; None when there is none."""
        if name not in self._exports:
            raw = name.encode()
            self._exports[name] = native.component_export(self.pointer, None, raw, len(raw))
        return self._exports[name]

    @contextmanager
    def serialized(self) -> Iterator[memoryview]:
        """The code as bytes, valid inside the ``with`` block."""
        vec = native.ByteVec()
        serialize = native.module_serialize if self.module else native.component_serialize
        check(serialize(self.pointer, ctypes.byref(vec)))
        try:
            yield memoryview((ctypes.c_ubyte * vec.size).from_address(vec.data)).cast("B").toreadonly()
        finally:
            native.bytes_delete(ctypes.byref(vec))

    def __del__(self, slow: Any = native) -> None:
        for index in getattr(self, "_exports", {}).values():
            if index:
                slow.export_delete(index)
        if getattr(self, "pointer", None):
            (slow.module_delete if self.module else slow.component_delete)(self.pointer)


class WasmEngine:
    """A wasmtime engine: one compiler and one way of allocating instances."""

    def __init__(self, pointer: int, strategy: str, pooled: bool) -> None:
        self.pointer = pointer
        self.strategy = strategy
        self.pooled = pooled

    def compile(self, wasm: bytes, *, module: bool = False) -> CompiledCode:
        """Validate and compile. Releases Python's lock.

        Raises:
            ComponentError: It is not valid, or this compiler can't do it.
        """
        out = ctypes.c_void_p()
        new = native.module_new if module else native.component_new
        error = new(self.pointer, wasm, len(wasm), ctypes.byref(out))
        return self._take(error, out, module)

    def load_file(self, path: str, *, module: bool = False) -> CompiledCode:
        """Map code that was serialized by the same wasmtime with the same settings. The file must be trusted."""
        out = ctypes.c_void_p()
        load = native.module_deserialize_file if module else native.component_deserialize_file
        return self._take(load(self.pointer, path.encode(), ctypes.byref(out)), out, module)

    def load(self, code: Any, *, module: bool = False) -> CompiledCode:
        """Copy code from memory (any writable or bytes-like buffer). It must be trusted."""
        out = ctypes.c_void_p()
        buffer = code if isinstance(code, bytes) else (ctypes.c_char * len(code)).from_buffer_copy(code)
        load = native.module_deserialize if module else native.component_deserialize
        return self._take(load(self.pointer, buffer, len(code), ctypes.byref(out)), out, module)

    def _take(self, error: int | None, out: ctypes.c_void_p, module: bool) -> CompiledCode:
        if error or not out.value:
            raise ComponentError(native.message_of(error) if error else "wasmtime gave no code")
        return CompiledCode(out.value, module)

    def increment_epoch(self) -> None:
        """Advance the clock that bounds how long guests run before they are asked whether to go on."""
        native.increment_epoch(self.pointer)

    def __del__(self, delete: Callable[[int], None] = native.engine_delete) -> None:
        if getattr(self, "pointer", None):
            delete(self.pointer)


def make_engine(settings: Settings, strategy: str, *, pooled: bool = False, threads: bool = True) -> WasmEngine:
    """A wasmtime engine.

    Parameters:
        settings: How it is set up.
        strategy: ``winch`` (compiles five times faster) or ``cranelift`` (the code runs faster).
        pooled: Instances live in a pool that is reserved now; ask `pool_fits` first.
        threads: Compile on all cores.
    """
    config = native.config_new()
    native.config_strategy(config, native.STRATEGIES[strategy])
    native.config_epoch(config, True)
    native.config_async(config, True)
    native.config_shared_memory(config, False)  # its growth passes by the limits of a store
    native.config_parallel(config, threads)
    _aim(config)
    if pooled:
        pool = native.pool_new()
        native.pool_scan_pages(pool)
        for name, value in settings.pool_options().items():
            native.POOL_OPTIONS[name](pool, value)
        native.config_pool(config, pool)
        native.pool_delete(pool)
    return WasmEngine(native.engine_new(config), strategy, pooled)


def _aim(config: int) -> None:
    """Compile for the level of processors that was asked for; nothing to do for this very one."""
    wanted = processor.flags()
    if wanted:
        check(native.config_target(config, _TARGET))
    for feature in wanted:
        native.config_feature(config, feature.encode())
