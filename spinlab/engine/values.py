"""Strings and integers across the boundary: how a value of the bridge's flat interface looks in memory.

The bridge speaks strings and integers only. A string that carries bytes (`data`) is empty for none, ``=`` and then
ASCII, or ``*`` and then base64; both directions are done here, so that everybody else has plain bytes.

A type is written as one letter: ``b`` bool, ``u`` u32, ``l`` u64, ``s`` string, ``d`` data.
"""

from __future__ import annotations

import ctypes
import threading
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable
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
        return a2b_base64((ctypes.c_char * (size - 1)).from_address(address + 1))
    raise ValueError("a data string has no marker")


def read(letter: str, words: Any, at: int) -> Any:
    """The value of type `letter` whose words begin at index `at`."""
    if letter == "s":
        return string_at(words[at + 2], words[at + 1]).decode()
    if letter == "d":
        return _data_at(words[at + 1], words[at + 2])
    if letter == "u":
        return words[at + 1] & _U32
    if letter == "b":
        return bool(words[at + 1] & 1)
    return words[at + 1]


def _flatten(letter: str, value: Any) -> tuple[int, Any]:
    """Kind and what to write: an integer, or the bytes of a string. Raises before anything was written."""
    if letter == "s":
        return native.KIND_STRING, value.encode("utf-8", "surrogatepass") if isinstance(value, str) else bytes(value)
    if letter == "d":
        return native.KIND_STRING, encode(value)
    if letter == "b":
        return native.KIND_BOOL, 1 if value else 0
    return (native.KIND_U32, int(value) & _U32) if letter == "u" else (native.KIND_U64, int(value))


def _put(words: Any, at: int, address: int, kind: int, value: Any) -> None:
    words[at] = kind
    if kind == native.KIND_STRING:
        native.bytes_new(address + 8, len(value), value)
    else:
        words[at + 1] = value


Words = Callable[[int], Any]


def words_type(count: int) -> Any:
    """The ctypes array for `count` values."""
    return c_uint64 * (_W * max(count, 1))


def writer(letters: str) -> Callable[[int, Any], None]:
    """A function that writes a result to an address: nothing, one value, or a tuple of several."""
    if not letters:
        return lambda _address, _value: None
    one = words_type(1)
    if len(letters) == 1:

        def write_one(address: int, value: Any) -> None:
            _put(one.from_address(address), 0, address, *_flatten(letters, value))

        return write_one
    count, several = len(letters), words_type(len(letters))

    def write_tuple(address: int, values: Any) -> None:
        flat = [_flatten(letter, value) for letter, value in zip(letters, values, strict=True)]
        native.tuple_new(address + 8, count)
        head = one.from_address(address)
        head[0] = native.KIND_TUPLE
        base = head[2]
        words = several.from_address(base)
        for n, (kind, value) in enumerate(flat):
            _put(words, n * _W, base + n * native.VALUE_SIZE, kind, value)

    return write_tuple


def host_function(name: str, parameters: str, result: str, function: Callable[..., Any]) -> Any:
    """A C callback that calls `function` with the thread's current call and the decoded parameters.

    It catches everything: an exception goes to ``call.failed`` and the guest is trapped.
    """
    words = words_type(len(parameters))
    plan = tuple((letter, n * _W) for n, letter in enumerate(parameters))
    write = writer(result)

    def callback(_data: Any, _context: Any, _type: Any, args: Any, _n: int, results: Any, _m: int) -> int:
        call = local.call
        try:
            if plan:
                given = words.from_address(args)
                answer = function(call, *[read(letter, given, at) for letter, at in plan])
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
