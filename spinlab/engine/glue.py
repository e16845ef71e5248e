"""What stands between ``run`` of a nested component for WASI 0.2 and its guest, as text with the names of `nesting`.

A handler: begin, then the guest's handler with request and out-parameter, then finish. A command: begin, its ``run``,
finish. The glue owns one memory for the strings that pass; what is below 64 is finish's result, above it a heap that is
empty again when the call is over.
"""

from __future__ import annotations

from typing import Final

STORAGE: Final = """
(core module $heap
  (memory (export "memory") 1)
  (global $free (mut i32) (i32.const 64))
  (func (export "reset") (param i32) (global.set $free (i32.const 64)))
  (func (export "realloc") (param $old i32) (param $was i32) (param $align i32) (param $size i32) (result i32)
    (local $at i32) (local $pages i32)
    (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
    (global.set $free (i32.add (local.get $at) (local.get $size)))
    (local.set $pages (i32.sub
      (i32.add (i32.shr_u (i32.sub (global.get $free) (i32.const 1)) (i32.const 16)) (i32.const 1)) (memory.size)))
    (if (i32.gt_s (local.get $pages) (i32.const 0))
      (then (if (i32.eq (memory.grow (local.get $pages)) (i32.const -1)) (then unreachable))))
    (if (i32.gt_u (local.get $was) (i32.const 0))
      (then (memory.copy (local.get $at) (local.get $old) (local.get $was))))
    (local.get $at)))
(core instance $heap-i (instantiate $heap))
(alias core export $heap-i "memory" (core memory $memory))
(alias core export $heap-i "realloc" (core func $realloc))
(alias core export $heap-i "reset" (core func $reset))
"""

HEAP: Final = '\n(alias export $wasi2 "spinlab:bridge/ctl@0.1.0" (instance $ctl))' + STORAGE

_HANDLER: Final = """\
(core func $request (canon lower (func $ctl "take-request")))
(core func $outparam (canon lower (func $ctl "take-outparam")))
(core func $handle (canon lower (func $handler "handle")))
(core func $begin (canon lower (func $ctl "begin") (memory $memory)))
(core func $finish (canon lower (func $ctl "finish") (memory $memory) (realloc $realloc)))
(core module $glue
  (import "" "begin" (func $begin (param i32 i32 i32 i32)))
  (import "" "request" (func $request (result i32)))
  (import "" "outparam" (func $outparam (result i32)))
  (import "" "handle" (func $handle (param i32 i32)))
  (import "" "finish" (func $finish (param i32)))
  (func (export "run") (param i32 i32 i32 i32) (result i32)
    (call $begin (local.get 0) (local.get 1) (local.get 2) (local.get 3))
    (call $handle (call $request) (call $outparam))
    (call $finish (i32.const 16))
    (i32.const 16)))
(core instance $glue-i (instantiate $glue (with "" (instance
  (export "begin" (func $begin)) (export "request" (func $request)) (export "outparam" (func $outparam))
  (export "handle" (func $handle)) (export "finish" (func $finish))))))
"""

_COMMAND: Final = """\
(core func $main (canon lower (func $handler "run")))
(core func $begin (canon lower (func $ctl "begin-command") (memory $memory)))
(core func $finish (canon lower (func $ctl "finish-command") (memory $memory) (realloc $realloc)))
(core module $glue
  (import "" "begin" (func $begin (param i32 i32 i32 i32)))
  (import "" "main" (func $main (result i32)))
  (import "" "finish" (func $finish (param i32 i32)))
  (func (export "run") (param i32 i32 i32 i32) (result i32)
    (call $begin (local.get 0) (local.get 1) (local.get 2) (local.get 3))
    (call $finish (call $main) (i32.const 16))
    (i32.const 16)))
(core instance $glue-i (instantiate $glue (with "" (instance
  (export "begin" (func $begin)) (export "main" (func $main)) (export "finish" (func $finish))))))
"""

BYTES: Final = """
  (func $bytes (param $at i32) (param $size i32) (result i32)
    (local $from i32) (local $to i32) (local $end i32) (local $char i32)
    (local.set $from (local.get $at))
    (local.set $to (local.get $at))
    (local.set $end (i32.add (local.get $at) (local.get $size)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $from) (local.get $end)))
        (local.set $char (i32.load8_u (local.get $from)))
        (if (i32.ge_u (local.get $char) (i32.const 128))
          (then
            (local.set $char (i32.or (i32.shl (local.get $char) (i32.const 6))
              (i32.and (i32.load8_u offset=1 (local.get $from)) (i32.const 63))))
            (local.set $from (i32.add (local.get $from) (i32.const 1)))))
        (i32.store8 (local.get $to) (local.get $char))
        (local.set $from (i32.add (local.get $from) (i32.const 1)))
        (local.set $to (i32.add (local.get $to) (i32.const 1)))
        (br $next)))
    (i32.sub (local.get $to) (local.get $at)))
"""
"""A function that turns a text in place into the bytes that its characters stand for, and answers how many."""

RUN: Final = """\
(func $run (param "head" string) (param "data" string) (result (tuple string string))
  (canon lift (core func $glue-i "run") (memory $memory) (realloc $realloc) (post-return $reset)))
(export "run" (func $run))
"""

GLUE: Final = {False: HEAP + _HANDLER + RUN, True: HEAP + _COMMAND + RUN}
"""By whether the guest is a command."""

FINISH: Final = '(core func $finish (canon lower (func $ctl "finish-command") (memory $memory) (realloc $realloc)))\n'
"""How glue for WASI 0.2 gets what ends a run."""

START: Final = f"""\
(core func $handle (canon lower (func $handler) (memory $memory) (realloc $realloc)))
{FINISH}"""
"""What glue for a message begins with when the handler is a function of the world by itself."""

FAILED: Final = """
    (call $finish (i32.load8_u (i32.const 48)) (i32.const 16))
    (if (i32.load8_u (i32.const 48)) (then
      (i32.store (i32.const 16) (i32.load (i32.const 56)))
      (i32.store (i32.const 20) (i32.load (i32.const 60)))
      (i32.store (i32.const 24) (i32.const 0))
      (i32.store (i32.const 28) (i32.const 5))))
"""
"""Finish; a failure's answer is the guest's text at 56, with the data ``text`` that lies at 0."""

END: Final = """\
(core instance $glue-i (instantiate $glue (with "" (instance
  (export "memory" (memory $memory)) (export "handle" (func $handle)) (export "finish" (func $finish))))))
"""
"""What glue for a message ends with."""
