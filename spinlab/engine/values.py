"""Strings and integers across the boundary: how a value of the bridge's flat interface looks in memory.

The bridge speaks strings and integers only. A string that carries bytes (`data`) is empty for none, ``=`` and then
ASCII, or ``*`` and then base64; both directions are done here, so that everybody else has plain bytes.

A type is written as one letter: ``b`` bool, ``u`` u32, ``l`` u64, ``s`` string, ``d`` data.
"""

from __future__ import annotations

import ctypes
import threading
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable, Mapping
from contextlib import suppress
from ctypes import c_uint8, c_uint64, string_at
from typing import Any, Final, Protocol

from spinlab.engine import native

_W: Final = native.VALUE_WORDS
_U32: Final = 0xFFFFFFFF


class Current(Protocol):
    """The call that runs on a thread, as the host functions see it."""

    def tick(self) -> int:
        """Called when the store's epoch deadline passed: how many ticks to go on for; 0 stops the guest."""
        ...

    def failed(self, error: BaseException) -> None:
        """A host function raised; the guest is trapped right after."""
        ...


class _Local(threading.local):
    call: Any = None


local: Final = _Local()
"""``local.call`` is the `Current` of the guest that runs on this thread."""


def encode(data: bytes) -> bytes:
    """Bytes as a `data` string."""
    if not data:
        return b""
    return b"=" + data if data.isascii() else b"*" + b2a_base64(data, newline=False)


def decode(text: bytes) -> bytes:
    """The bytes that a `data` string carries.

    Raises:
        ValueError: It carries none.
    """
    if not text:
        return b""
    if text[0] == 0x3D:
        return text[1:]
    if text[0] == 0x2A:
        return a2b_base64(memoryview(text)[1:])
    raise ValueError("a data string has no marker")


def _data_at(size: int, address: int) -> bytes:
    """The bytes that a `data` string in memory carries, copied once."""
    if size == 0:
        return b""
    marker = c_uint8.from_address(address).value
    if marker == 0x3D:
        return string_at(address + 1, size - 1)
    if marker == 0x2A:
        return a2b_base64(string_at(address + 1, size - 1))
    raise ValueError("a data string has no marker")


# string_at and decode in one step, without the wrapper
_text_at: Final = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.c_ssize_t, ctypes.c_char_p)(
    ("PyUnicode_DecodeUTF8", ctypes.pythonapi)
)

READERS: Final[Mapping[str, Callable[[Any, int], Any]]] = {
    "s": lambda words, at: _text_at(words[at + 2], words[at + 1], None),
    "d": lambda words, at: _data_at(words[at + 1], words[at + 2]),
    "u": lambda words, at: words[at + 1] & _U32,
    "l": lambda words, at: words[at + 1],
    "b": lambda words, at: bool(words[at + 1] & 1),
}
"""For each type: the value whose words begin at an index."""

_SCALARS: Final[Mapping[str, tuple[int, Callable[[Any], int]]]] = {
    "b": (native.KIND_BOOL, lambda value: 1 if value else 0),
    "u": (native.KIND_U32, lambda value: int(value) & _U32),
    "l": (native.KIND_U64, int),
}
# A lone surrogate has no UTF-8; wasmtime ends the process when a string is not UTF-8.
_STRINGS: Final[Mapping[str, Callable[[Any], bytes]]] = {
    "s": lambda value: value.encode("utf-8", "replace"),
    "d": encode,
}


def words_type(count: int) -> Any:
    """The ctypes array for `count` values."""
    return c_uint64 * (_W * max(count, 1))


_one: Final = words_type(1)


def put_string(words: Any, at: int, address: int, raw: bytes) -> None:
    """Write a string into the words that begin at index `at`, which is at `address`. wasmtime owns the copy."""
    words[at] = native.KIND_STRING
    native.bytes_new(address + 8, len(raw), raw)


def _writer(letters: str) -> Callable[[int, Any], None]:
    """A function that writes a result to an address: nothing, one value, or a tuple of several."""
    if not letters:
        return lambda _address, _value: None
    if len(letters) > 1:
        return _tuple_writer(letters)
    if letters in _SCALARS:
        kind, convert = _SCALARS[letters]

        def write_scalar(address: int, value: Any) -> None:
            words = _one.from_address(address)
            words[1] = convert(value)
            words[0] = kind

        return write_scalar
    to_bytes = _STRINGS[letters]

    def write_string(address: int, value: Any) -> None:
        put_string(_one.from_address(address), 0, address, to_bytes(value))

    return write_string


def _tuple_writer(letters: str) -> Callable[[int, Any], None]:
    count, several = len(letters), words_type(len(letters))
    scalars = [(n, n * _W, *_SCALARS[letter]) for n, letter in enumerate(letters) if letter in _SCALARS]
    strings = [(n, n * _W, _STRINGS[letter]) for n, letter in enumerate(letters) if letter in _STRINGS]

    def write(address: int, values: Any) -> None:
        if len(values) != count:
            raise ValueError(f"{count} values expected, got {len(values)}")
        # Everything that can fail comes before wasmtime hands out uninitialised memory.
        numbers = [(at, kind, convert(values[n])) for n, at, kind, convert in scalars]
        texts = [(n, at, to_bytes(values[n])) for n, at, to_bytes in strings]
        head = _one.from_address(address)
        native.tuple_new(address + 8, count)
        head[0] = native.KIND_TUPLE
        base = head[2]
        words = several.from_address(base)
        for at, kind, number in numbers:
            words[at] = kind
            words[at + 1] = number
        for n, at, raw in texts:
            put_string(words, at, base + n * native.VALUE_SIZE, raw)

    return write


def host_function(name: str, parameters: str, result: str, function: Callable[..., Any]) -> Any:
    """A C callback that calls `function` with the thread's current call and the decoded parameters.

    It catches everything: an exception goes to ``call.failed`` and the guest is trapped.
    """
    words = words_type(len(parameters))
    plan = tuple((READERS[letter], n * _W) for n, letter in enumerate(parameters))
    write = _writer(result)

    def callback(_data: Any, _context: Any, _type: Any, args: Any, _n: int, results: Any, _m: int) -> int:
        call = local.call
        try:
            if plan:
                given = words.from_address(args)
                answer = function(call, *[read(given, at) for read, at in plan])
            else:
                answer = function(call)
            write(results, answer)
        except BaseException as error:  # noqa: BLE001 (nothing may unwind through wasmtime)
            return _fail(call, name, error)
        return 0

    return native.host_callback(callback)


def _fail(call: Any, name: str, error: BaseException) -> int:
    with suppress(BaseException):
        call.failed(error)
    return native.error_new(HOST_FAILED.encode() + name.encode()) or 0


HOST_FAILED: Final = "spinlab: host function failed: "
STOPPED: Final = "spinlab: stopped"


def _on_epoch(_context: Any, _data: Any, delta: Any, kind: Any) -> int:
    try:
        ticks = local.call.tick()
    except BaseException:  # noqa: BLE001 (nothing may unwind through wasmtime)
        ticks = 0
    if ticks <= 0:
        return native.error_new(STOPPED.encode()) or 0
    delta[0] = ticks
    kind[0] = 0
    return 0


on_epoch: Final = native.epoch_callback(_on_epoch)
