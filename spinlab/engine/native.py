"""The C functions of wasmtime that we call ourselves, checked by name and layout when this module is imported.

wasmtime-py reflects on types at every call and keeps a module-wide slot for exceptions; with the functions below a
call costs a fraction, and everything that its public classes do not offer (Winch, the pool, async calls, limits of a
store) is here as well. They are private to wasmtime, so this is the only module that touches them, and a release of
wasmtime that lacks one fails here, at once and by name.

Functions come in two kinds. `slow` ones release Python's lock while they run. `quick` ones keep it: a worker that gives
the lock up may wait a millisecond or more behind a busy cell until it has it again, which a call of a microsecond is
not worth.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from ctypes import POINTER, c_bool, c_char_p, c_int64, c_size_t, c_uint8, c_uint32, c_uint64, c_void_p
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

try:
    from wasmtime import _ffi
except ImportError as error:  # pragma: no cover - needs a platform without a wasmtime wheel
    raise ImportError(f"spinlab needs the Python package wasmtime, which can't be loaded here: {error}") from error


def _version() -> str:
    try:
        return version("wasmtime")
    except PackageNotFoundError:
        return "unknown"


VERSION: Final = _version()

_missing: list[str] = []
_slow: Any = getattr(_ffi, "dll", None)
_quick: Any = ctypes.PyDLL(_slow._name, handle=_slow._handle) if _slow is not None else None


def _bind(library: Any, name: str, result: Any, arguments: tuple[Any, ...]) -> Callable[..., Any]:
    try:
        function = library[name]  # a fresh object: wasmtime-py's own has its own argument types
    except (AttributeError, TypeError):
        _missing.append(name)
        return lambda *_: None
    function.restype = result
    function.argtypes = arguments
    return function  # type: ignore[no-any-return]


def _slowly(name: str, result: Any, *arguments: Any) -> Callable[..., Any]:
    return _bind(_slow, name, result, arguments)


def _quickly(name: str, result: Any, *arguments: Any) -> Callable[..., Any]:
    return _bind(_quick, name, result, arguments)


_P = c_void_p  # any pointer: integers, byref() and ctypes objects all pass

# Configuration and engines
config_new = _quickly("wasm_config_new", _P)
config_strategy = _quickly("wasmtime_config_strategy_set", None, _P, c_uint8)
config_epoch = _quickly("wasmtime_config_epoch_interruption_set", None, _P, c_bool)
config_async = _quickly("wasmtime_config_wasm_component_model_async_set", None, _P, c_bool)
config_parallel = _quickly("wasmtime_config_parallel_compilation_set", None, _P, c_bool)
config_shared_memory = _quickly("wasmtime_config_shared_memory_set", None, _P, c_bool)
config_target = _quickly("wasmtime_config_target_set", c_void_p, _P, c_char_p)
config_feature = _quickly("wasmtime_config_cranelift_flag_enable", None, _P, c_char_p)
config_pool = _quickly("wasmtime_pooling_allocation_strategy_set", None, _P, _P)
pool_new = _quickly("wasmtime_pooling_allocation_config_new", _P)
pool_delete = _quickly("wasmtime_pooling_allocation_config_delete", None, _P)
engine_new = _slowly("wasm_engine_new_with_config", _P, _P)
engine_delete = _slowly("wasm_engine_delete", None, _P)
increment_epoch = _quickly("wasmtime_engine_increment_epoch", None, _P)

POOL_OPTIONS: Final = {
    name: _quickly(f"wasmtime_pooling_allocation_config_{name}_set", None, _P, kind)
    for name, kind in {
        "total_component_instances": c_uint32,
        "total_core_instances": c_uint32,
        "total_memories": c_uint32,
        "total_tables": c_uint32,
        "total_stacks": c_uint32,
        "max_component_instance_size": c_size_t,
        "max_core_instance_size": c_size_t,
        "max_core_instances_per_component": c_uint32,
        "max_memories_per_component": c_uint32,
        "max_tables_per_component": c_uint32,
        "max_memory_size": c_size_t,
        "table_elements": c_size_t,
        "linear_memory_keep_resident": c_size_t,
        "table_keep_resident": c_size_t,
        "max_unused_warm_slots": c_uint32,
    }.items()
}

_AUTO: Final = 0
_POOL_TAIL: Final = ctypes.c_uint32 * 2  # what the warm slots are followed by: two choices of a byte each, both "no"
_POOL_TAIL_AT: Final = 128


def pool_scan_pages(pool: int) -> bool:
    """Let the pool ask the kernel which pages an instance wrote, and reset only those, where the kernel can tell.

    A Python instance writes a twentieth of its memory; resetting all of it costs more than running it. The C API has
    no function for this choice. So its byte is set in place, after a look that it lies where it has to: behind the
    warm slots, which are set to a mark and read back. Both bytes there are choices of the same kind ("auto", "yes",
    "no"), and "auto" is allowed for either.

    Returns:
        Whether it was set. When not, everything works as before, slower.
    """
    if sys.platform != "linux" or ctypes.sizeof(c_void_p) != 8:
        return False  # only Linux can tell, and only there has the place been seen
    mark = 0x5A17
    POOL_OPTIONS["max_unused_warm_slots"](pool, mark)
    tail = _POOL_TAIL.from_address(pool + _POOL_TAIL_AT)
    if tail[0] != mark or tail[1] & 0xFFFF != 0x0202:
        return False
    ctypes.c_uint8.from_address(pool + _POOL_TAIL_AT + 5).value = _AUTO
    return True


# Errors and byte vectors
error_new = _quickly("wasmtime_error_new", _P, c_char_p)
error_delete = _quickly("wasmtime_error_delete", None, _P)
error_message = _quickly("wasmtime_error_message", None, _P, _P)
bytes_new = _quickly("wasm_byte_vec_new", None, _P, c_size_t, c_char_p)
bytes_delete = _quickly("wasm_byte_vec_delete", None, _P)

# Components and modules
component_new = _slowly("wasmtime_component_new", _P, _P, c_char_p, c_size_t, _P)
component_serialize = _slowly("wasmtime_component_serialize", _P, _P, _P)
component_deserialize = _slowly("wasmtime_component_deserialize", _P, _P, _P, c_size_t, _P)
component_deserialize_file = _slowly("wasmtime_component_deserialize_file", _P, _P, c_char_p, _P)
component_delete = _slowly("wasmtime_component_delete", None, _P)
component_export = _quickly("wasmtime_component_get_export_index", _P, _P, _P, c_char_p, c_size_t)
export_delete = _quickly("wasmtime_component_export_index_delete", None, _P)
module_new = _slowly("wasmtime_module_new", _P, _P, c_char_p, c_size_t, _P)
module_serialize = _slowly("wasmtime_module_serialize", _P, _P, _P)
module_deserialize = _slowly("wasmtime_module_deserialize", _P, _P, _P, c_size_t, _P)
module_deserialize_file = _slowly("wasmtime_module_deserialize_file", _P, _P, c_char_p, _P)
module_delete = _slowly("wasmtime_module_delete", None, _P)

# Linkers and host functions
host_callback = ctypes.CFUNCTYPE(c_size_t, _P, _P, _P, _P, c_size_t, _P, c_size_t)
_finalizer = ctypes.CFUNCTYPE(None, _P)
no_finalizer = ctypes.cast(0, _finalizer)
linker_new = _quickly("wasmtime_component_linker_new", _P, _P)
linker_delete = _quickly("wasmtime_component_linker_delete", None, _P)
linker_root = _quickly("wasmtime_component_linker_root", _P, _P)
_name = (c_char_p, c_size_t)
linker_add_instance = _quickly("wasmtime_component_linker_instance_add_instance", _P, _P, *_name, _P)
linker_add_module = _quickly("wasmtime_component_linker_instance_add_module", _P, _P, *_name, _P)
linker_add_function = _quickly(
    "wasmtime_component_linker_instance_add_func", _P, _P, *_name, host_callback, _P, _finalizer
)
linker_instance_delete = _quickly("wasmtime_component_linker_instance_delete", None, _P)

# Stores, instances and calls
epoch_callback = ctypes.CFUNCTYPE(c_size_t, _P, _P, POINTER(c_uint64), POINTER(c_uint8))
store_new = _quickly("wasmtime_store_new", _P, _P, _P, _finalizer)
store_delete = _slowly("wasmtime_store_delete", None, _P)
store_delete_holding = _quickly("wasmtime_store_delete", None, _P)
store_context = _quickly("wasmtime_store_context", _P, _P)
store_limiter = _quickly("wasmtime_store_limiter", None, _P, *[c_int64] * 5)
store_on_epoch = _quickly("wasmtime_store_epoch_deadline_callback", None, _P, epoch_callback, _P, _finalizer)
set_deadline = _quickly("wasmtime_context_set_epoch_deadline", None, _P, c_uint64)
instantiate = _slowly("wasmtime_component_linker_instantiate", _P, _P, _P, _P, _P)
instantiate_holding = _quickly("wasmtime_component_linker_instantiate", _P, _P, _P, _P, _P)
instantiate_async = _quickly("wasmtime_component_linker_instantiate_async", _P, _P, _P, _P, _P, _P)
instance_function = _quickly("wasmtime_component_instance_get_func", c_bool, _P, _P, _P, _P)
function_type = _quickly("wasmtime_component_func_type", _P, _P, _P)
function_type_result = _quickly("wasmtime_component_func_type_result", c_bool, _P, _P)
function_type_delete = _quickly("wasmtime_component_func_type_delete", None, _P)
value_type_delete = _quickly("wasmtime_component_valtype_delete", None, _P)
function_call = _slowly("wasmtime_component_func_call", _P, _P, _P, _P, c_size_t, _P, c_size_t)
function_call_async = _quickly("wasmtime_component_func_call_async", _P, _P, _P, _P, c_size_t, _P, c_size_t, _P)
future_poll = _slowly("wasmtime_call_future_poll", c_bool, _P)
future_delete = _quickly("wasmtime_call_future_delete", None, _P)
tuple_new = _quickly("wasmtime_component_valtuple_new_uninit", None, _P, c_size_t)
value_delete = _quickly("wasmtime_component_val_delete", None, _P)


class ByteVec(ctypes.Structure):
    """``wasm_byte_vec_t``."""

    _fields_ = (("size", c_size_t), ("data", c_void_p))


def _constant(name: str) -> int:
    found = getattr(_ffi, name, None)
    if found is None:
        _missing.append(name)
        return -1
    return int(found.value)


def _structure(name: str) -> Any:
    found = getattr(_ffi, name, None)
    if found is None:
        _missing.append(name)
        return ctypes.c_uint64
    return found


KIND_BOOL: Final = _constant("WASMTIME_COMPONENT_BOOL")
KIND_U32: Final = _constant("WASMTIME_COMPONENT_U32")
KIND_U64: Final = _constant("WASMTIME_COMPONENT_U64")
KIND_STRING: Final = _constant("WASMTIME_COMPONENT_STRING")
KIND_TUPLE: Final = _constant("WASMTIME_COMPONENT_TUPLE")
STRATEGIES: Final = {"cranelift": 1, "winch": 2}

Instance: Final = _structure("wasmtime_component_instance_t")
Function: Final = _structure("wasmtime_component_func_t")

# A component value is a kind and a union of three words behind it; we read and write them as four 64-bit words.
VALUE_WORDS: Final = 4
VALUE_SIZE: Final = 8 * VALUE_WORDS


def _check() -> None:
    """Fail by name when this wasmtime is not the one that these declarations describe."""
    value = _structure("wasmtime_component_val_t")
    union = getattr(value, "of", None)
    laid_out = ctypes.sizeof(value) == VALUE_SIZE and getattr(union, "offset", -1) == 8
    if _missing or not laid_out:
        what = ", ".join(_missing) or "the layout of a component value"
        raise ImportError(
            f"wasmtime {VERSION} is not one that spinlab can use ({what} is missing or different); "
            "install the one that spinlab asks for: pip install 'wasmtime>=50,<51'"
        )


_check()


def message_of(error: int) -> str:
    """The text of a wasmtime error, which is deleted."""
    text = ByteVec()
    error_message(error, ctypes.byref(text))
    found = ctypes.string_at(text.data, text.size).decode("utf-8", "replace")
    bytes_delete(ctypes.byref(text))
    error_delete(error)
    return found
