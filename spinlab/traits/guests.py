"""The functions that are measured, in WebAssembly text: they need no tool, and hold only what is said here."""

from __future__ import annotations

from typing import Final

from spinlab.function import Function

CHECKED: Final = 1 << 19
"""Bytes that `checksum` goes over, once for each round."""

_NUMBERED = """\
(func $handle (call $respond (i32.const 200) (call $text (i32.const {number}))))
"""

_CHECKSUM = """\
(data (i32.const 0) "rounds")

(func $step (param $crc i32) (result i32)
  (if (result i32) (i32.and (local.get $crc) (i32.const 0x8000))
    (then (i32.xor (i32.shl (local.get $crc) (i32.const 1)) (i32.const 0x1021)))
    (else (i32.shl (local.get $crc) (i32.const 1)))))

(func $fill-table (local $n i32) (local $bit i32) (local $crc i32)
  (loop $each
    (local.set $crc (i32.shl (local.get $n) (i32.const 8)))
    (local.set $bit (i32.const 0))
    (loop $bits
      (local.set $crc (call $step (local.get $crc)))
      (local.set $bit (i32.add (local.get $bit) (i32.const 1)))
      (br_if $bits (i32.lt_u (local.get $bit) (i32.const 8))))
    (i32.store16 offset=1024 (i32.shl (local.get $n) (i32.const 1)) (local.get $crc))
    (local.set $n (i32.add (local.get $n) (i32.const 1)))
    (br_if $each (i32.lt_u (local.get $n) (i32.const 256)))))

(func $fill-bytes (local $n i32)
  (loop $each
    (i32.store8 offset=4096 (local.get $n) (i32.mul (local.get $n) (i32.const 31)))
    (local.set $n (i32.add (local.get $n) (i32.const 1)))
    (br_if $each (i32.lt_u (local.get $n) (i32.const {size})))))

(func $over (param $crc i32) (result i32) (local $n i32)
  (loop $each
    (local.set $crc (i32.xor
      (i32.and (i32.shl (local.get $crc) (i32.const 8)) (i32.const 0xff00))
      (i32.load16_u offset=1024 (i32.shl
        (i32.xor (i32.shr_u (local.get $crc) (i32.const 8)) (i32.load8_u offset=4096 (local.get $n)))
        (i32.const 1)))))
    (local.set $n (i32.add (local.get $n) (i32.const 1)))
    (br_if $each (i32.lt_u (local.get $n) (i32.const {size}))))
  (local.get $crc))

(func $handle (local $left i32) (local $crc i32)
  (call $fill-table)
  (call $fill-bytes)
  (local.set $left (call $number (call $param (i32.const 0) (i32.const 6))))
  (block $done
    (loop $round
      (br_if $done (i32.eqz (local.get $left)))
      (local.set $crc (call $over (local.get $crc)))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br $round)))
  (call $respond (i32.const 200) (call $text (local.get $crc))))
"""

_HOLDS = """\
(func $handle (local $at i32)
  (if (i32.const {pages})
    (then
      (local.set $at (i32.shl (memory.grow (i32.const {pages})) (i32.const 16)))
      (memory.fill (local.get $at) (i32.const 1) (i32.shl (i32.const {pages}) (i32.const 16)))))
  (call $respond (i32.const 200) (call $body)))
"""


def numbered(number: int) -> Function:
    """A function that answers its own number; each is another binary."""
    return _wat(f"number{number}", _NUMBERED.format(number=number))


def checksum() -> Function:
    """CRC-16 with the polynomial 0x1021 over `CHECKED` bytes (each 31 times its place), ``/checksum/ROUNDS`` times.

    The table and the loop are those of `binascii.crc_hqx`, which is compiled to machine code with every CPython.
    """
    return _wat("checksum", _CHECKSUM.format(size=CHECKED), "/checksum/:rounds")


def holds(mebibytes: int) -> Function:
    """A function that fills so much memory and then waits for the body of its request."""
    return _wat(f"holds{mebibytes}", _HOLDS.format(pages=mebibytes * 16))


def _wat(name: str, source: str, route: str = "") -> Function:
    return Function(name, source, language="wat", routes=(route or f"/{name}",))
