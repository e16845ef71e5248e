"""wasmtime as the run half uses it: linked runtimes and instances, typed and small.

::

    engine = make_engine(Settings(), "cranelift", pooled=False)
    code = engine.compile(outer)                    # or engine.load(...)
    runtime = Runtime(engine, functions, modules)   # host functions and the bridge's cores, linked once
    instance = Instance(Code(runtime, code, asynchronous=False), call)
    head, body = instance.run(call, "GET /\\nhttp localhost\\nwhole", b"")

Engines and their code are in `wasm`, the C functions in `native`, how strings cross in `values`.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from spinlab.engine import native, values
from spinlab.engine.values import Current
from spinlab.engine.wasm import CompiledCode, Settings, Trap, WasmEngine, check, make_engine

__all__ = [
    "Caps",
    "Code",
    "CompiledCode",
    "Current",
    "Instance",
    "Runtime",
    "Settings",
    "Trap",
    "WasmEngine",
    "make_engine",
]

HOST_INTERFACE: Final = "spinlab:bridge/host@0.1.0"
HOST_SIGNATURES: Final[Mapping[str, tuple[str, str]]] = {
    "log": ("us", "b"),
    "wall": ("", "l"),
    "mono": ("", "l"),
    "random": ("u", "d"),
    "environment": ("", "s"),
    "exit": ("u", ""),
    "start": ("ssd", "uusd"),
    "take": ("u", "usd"),
    "cancel": ("u", ""),
    "wait": ("sl", "b"),
}
"""Parameters and result of each function of the bridge's host interface, in the letters of `values`."""


class Runtime:
    """An engine with the host functions and the bridge's cores linked in. Made once, used by every instance.

    Parameters:
        engine: Where the code runs.
        functions: Host function by name, as in `HOST_SIGNATURES`; each gets the current call first.
        modules: Import name -> compiled core module.
    """

    def __init__(
        self,
        engine: WasmEngine,
        functions: Mapping[str, Callable[..., Any]],
        modules: Mapping[str, CompiledCode],
    ) -> None:
        self.engine = engine
        self.linker = native.linker_new(engine.pointer)
        self._kept: list[Any] = list(modules.values())  # callbacks and modules live as long as the linker
        root = native.linker_root(self.linker)
        try:
            for name, module in modules.items():
                raw = name.encode()
                check(native.linker_add_module(root, raw, len(raw), module.pointer))
            self._define_host(root, functions)
        finally:
            native.linker_instance_delete(root)

    def _define_host(self, root: int, functions: Mapping[str, Callable[..., Any]]) -> None:
        out = ctypes.c_void_p()
        raw = HOST_INTERFACE.encode()
        check(native.linker_add_instance(root, raw, len(raw), ctypes.byref(out)))
        try:
            for name, (parameters, result) in HOST_SIGNATURES.items():
                callback = values.host_function(name, parameters, result, functions[name])
                self._kept.append(callback)
                raw = name.encode()
                check(native.linker_add_function(out, raw, len(raw), callback, None, native.no_finalizer))
        finally:
            native.linker_instance_delete(out)

    def increment_epoch(self) -> None:
        """See `WasmEngine.increment_epoch`."""
        self.engine.increment_epoch()

    def __del__(self, delete: Callable[[int], None] = native.linker_delete) -> None:
        if getattr(self, "linker", None):
            delete(self.linker)


@dataclass(frozen=True)
class Code:
    """Compiled code in the runtime that it belongs to: all that an instance is made of.

    Attributes:
        runtime: Engine and linker.
        compiled: The machine code.
        asynchronous: Whether it is called as WASI 0.3 is.
        warms: Whether it has a ``prepare`` export.
        holds: Whether making and closing an instance may keep Python's lock: it is small, and none of its code runs
            then. Giving the lock up for microseconds costs a millisecond or more when a cell is busy.
    """

    runtime: Runtime
    compiled: CompiledCode
    asynchronous: bool
    warms: bool = False
    holds: bool = False

    @property
    def tier(self) -> str:
        """``winch`` or ``cranelift``."""
        return self.runtime.engine.strategy

    @property
    def pooled(self) -> bool:
        """Whether its instances live in the pool."""
        return self.runtime.engine.pooled


@dataclass(frozen=True)
class Caps:
    """What one store may hold; -1 for no bound.

    Attributes:
        memory: Bytes of each linear memory. Growing beyond it fails inside the guest.
        table_elements: Entries of each table.
        instances, tables, memories: How many.
    """

    memory: int = -1
    table_elements: int = -1
    instances: int = -1
    tables: int = -1
    memories: int = -1


_ARGUMENTS: Final = values.words_type(2)
_RESULT: Final = values.words_type(1)


class Instance:
    """A store with one instance in it. Used by one thread at a time; dead after a `Trap`.

    Parameters:
        code: What to instantiate.
        current: Whose call this is, for host functions and the epoch.
        caps: What the store may hold.
        ticks: Epochs until ``current.tick()`` is asked for the first time.

    Raises:
        Trap: It could not be made.
    """

    __slots__ = ("_context", "_instance", "_run", "_store", "code")

    def __init__(self, code: Code, current: Current, caps: Caps = Caps(), ticks: int = 1) -> None:
        self.code = code
        self._run: Any = None
        self._store = native.store_new(code.runtime.engine.pointer, None, native.no_finalizer)
        self._context = native.store_context(self._store)
        native.store_limiter(self._store, caps.memory, caps.table_elements, caps.instances, caps.tables, caps.memories)
        native.store_on_epoch(self._store, values.on_epoch, None, native.no_finalizer)
        native.set_deadline(self._context, ticks)
        self._instance = native.Instance()
        try:
            self._entered(current, self._instantiate)
        except BaseException:
            self.close()
            raise

    def _entered(self, current: Current, action: Callable[[], int | None]) -> None:
        local = values.local
        before, local.call = local.call, current
        try:
            error = action()
        finally:
            local.call = before
        if error:
            raise Trap(native.message_of(error))

    def _instantiate(self) -> int | None:
        code = self.code
        where = ctypes.byref(self._instance)
        linker, component = code.runtime.linker, code.compiled.pointer
        if code.asynchronous:
            error = ctypes.c_void_p()
            future = native.instantiate_async(linker, self._context, component, where, ctypes.byref(error))
            return _finish(future, error)
        make = native.instantiate_holding if code.holds else native.instantiate
        return make(linker, self._context, component, where)  # type: ignore[no-any-return]

    def _function(self, name: str) -> Any:
        function = native.Function()
        index = self.code.compiled.export(name)
        where = ctypes.byref(self._instance)
        if not index or not native.instance_function(where, self._context, index, ctypes.byref(function)):
            raise Trap(f"the component has no function {name}")
        return function

    def run(self, current: Current, head: str, data: bytes, ticks: int = 1) -> tuple[str, bytes]:
        """Answer one request: its head and body in, head and body of the response out.

        Raises:
            Trap: The guest failed or was stopped.
        """
        if self._run is None:
            self._run = self._function("run")
        arguments, result = _ARGUMENTS(), _RESULT()
        first = ctypes.addressof(arguments)
        second = first + native.VALUE_SIZE
        values.put_string(arguments, 0, first, head.encode("utf-8", "replace"))
        values.put_string(arguments, native.VALUE_WORDS, second, values.encode(data))
        try:
            self._call(current, self._run, arguments, 2, result, 1, ticks)
            pair = _ARGUMENTS.from_address(result[2])
            return values.READERS["s"](pair, 0), values.READERS["d"](pair, native.VALUE_WORDS)
        finally:
            for value in (first, second, result):
                native.value_delete(value)

    def prepare(self, current: Current, ticks: int = 1) -> str:
        """Warm the instance up, when ``code.warms``. Returns what failed, such as a traceback; empty when nothing did.

        Raises:
            Trap: The guest failed or was stopped.
        """
        function = self._function("prepare")
        if not self._gives(function):
            self._call(current, function, None, 0, None, 0, ticks)
            return ""
        result = _RESULT()
        try:
            self._call(current, function, None, 0, result, 1, ticks)
            return str(values.READERS["s"](result, 0))
        finally:
            native.value_delete(result)

    def _gives(self, function: Any) -> bool:
        """Whether a function has a result."""
        kind = native.function_type(ctypes.byref(function), self._context)
        result = _RESULT()  # as large as a type, and larger
        try:
            gives = bool(native.function_type_result(kind, result))
            if gives:
                native.value_type_delete(result)
            return gives
        finally:
            native.function_type_delete(kind)

    def _call(self, current: Current, function: Any, args: Any, n: int, results: Any, m: int, ticks: int) -> None:
        native.set_deadline(self._context, ticks)
        where, context = ctypes.byref(function), self._context
        if not self.code.asynchronous:
            self._entered(current, lambda: native.function_call(where, context, args, n, results, m))
            return
        error = ctypes.c_void_p()

        def action() -> int | None:
            out = ctypes.byref(error)
            return _finish(native.function_call_async(where, context, args, n, results, m, out), error)

        self._entered(current, action)

    def close(self) -> None:
        """Give everything back. Again is harmless."""
        store, self._store = self._store, None
        if store:
            (native.store_delete_holding if self.code.holds else native.store_delete)(store)

    def __del__(self) -> None:
        if getattr(self, "_store", None):
            self.close()


def _finish(future: int, error: ctypes.c_void_p) -> int | None:
    """Drive an asynchronous call to its end on this thread: all host functions answer at once or block."""
    try:
        while not native.future_poll(future):
            pass
    finally:
        native.future_delete(future)
    return error.value
