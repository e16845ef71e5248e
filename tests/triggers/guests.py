"""Guests that take messages, written by hand: what they do with one depends on how it begins."""

from __future__ import annotations

KEEPING = """
(component
  (import "fermyon:spin/key-value@2.0.0" (instance $kv
    (export "store" (type $store (sub resource)))
    (type $cases (variant
      (case "store-table-full") (case "no-such-store") (case "access-denied") (case "other" string)))
    (export "error" (type $error (eq $cases)))
    (export "[static]store.open" (func (param "label" string) (result (result (own $store) (error $error)))))
    (export "[method]store.set" (func
      (param "self" (borrow $store)) (param "key" string) (param "value" (list u8))
      (result (result (error $error)))))))
  (core module $libc
    (memory (export "memory") 4)
    (global $free (mut i32) (i32.const 1024))
    (data (i32.const 0) "defaultlast")
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (local $at i32)
      (local.set $at (global.get $free))
      (global.set $free (i32.add (local.get $at)
        (i32.and (i32.add (local.get 3) (i32.const 7)) (i32.const -8))))
      (local.get $at)))
  (core instance $libc-i (instantiate $libc))
  (alias core export $libc-i "memory" (core memory $memory))
  (alias core export $libc-i "realloc" (core func $realloc))
  (core func $open (canon lower (func $kv "[static]store.open") (memory $memory) (realloc $realloc)))
  (core func $set (canon lower (func $kv "[method]store.set") (memory $memory) (realloc $realloc)))
  (core module $main
    (import "" "memory" (memory 4))
    (import "" "open" (func $open (param i32 i32 i32)))
    (import "" "set" (func $set (param i32 i32 i32 i32 i32 i32)))
    (func (export "handle") (param $at i32) (param $size i32) (result i32)
      (local $first i32)
      (local.set $first (i32.load8_u (local.get $at)))
      (if (i32.and (i32.gt_u (local.get $size) (i32.const 0)) (i32.eq (local.get $first) (i32.const 64)))
        (then (loop $for-ever (br $for-ever))))
      (call $open (i32.const 0) (i32.const 7) (i32.const 64))
      (if (i32.load8_u (i32.const 64)) (then unreachable))
      (call $set (i32.load (i32.const 68)) (i32.const 7) (i32.const 4) (local.get $at) (local.get $size)
        (i32.const 96))
      (i32.store8 (i32.const 128) (i32.and
        (i32.gt_u (local.get $size) (i32.const 0)) (i32.eq (local.get $first) (i32.const 33))))
      (i32.store8 (i32.const 129) (i32.const 1))
      (i32.const 128)))
  (core instance $main-i (instantiate $main (with "" (instance
    (export "memory" (memory $memory)) (export "open" (func $open)) (export "set" (func $set))))))
  (type $failed (enum "success" "error"))
  (func $handle (param "message" (list u8)) (result (result (error $failed)))
    (canon lift (core func $main-i "handle") (memory $memory) (realloc $realloc)))
  (component $named
    (type $cases (enum "success" "error"))
    (import "error" (type $error (eq $cases)))
    (import "handle-message" (func $handle (param "message" (list u8)) (result (result (error $error)))))
    (export $shown "error" (type $error))
    (export "handle-message" (func $handle) (func (param "message" (list u8)) (result (result (error $shown))))))
  (instance $named-i (instantiate $named (with "error" (type $failed)) (with "handle-message" (func $handle))))
  (export "fermyon:spin/inbound-redis" (instance $named-i)))
"""
"""Keeps each message under the key ``last``; one that begins with ``!`` fails, one with ``@`` never ends."""

AS_AN_SDK_MAKES_IT = KEEPING.replace(
    "(component\n",
    """(component
  (import "fermyon:spin/redis-types" (instance $types
    (type $bytes (list u8)) (export "payload" (type (eq $bytes)))
    (type $cases (enum "success" "error")) (export "error" (type (eq $cases)))))
  (alias export $types "error" (type $failed))
""",
    1,
).replace('  (type $failed (enum "success" "error"))\n', "")
"""The same, with its types from Spin's own interface, as bindings that are generated have them."""

CLOCK = """
(component
  (import "fermyon:spin-cron/cron-types@2.0.0" (instance $types
    (type $fields (record (field "timestamp" u64))) (export "metadata" (type (eq $fields)))
    (type $cases (variant (case "other" string))) (export "error" (type (eq $cases)))))
  (alias export $types "metadata" (type $metadata-there))
  (import "metadata" (type $metadata (eq $metadata-there)))
  (alias export $types "error" (type $error-there))
  (import "error" (type $error (eq $error-there)))
  (core module $main
    (memory (export "memory") 1)
    (data (i32.const 0) "it is seven")
    (func (export "handle") (param $time i64) (result i32)
      (i32.store8 (i32.const 64) (i64.eq (local.get $time) (i64.const 7)))
      (i32.store (i32.const 72) (i32.const 0))
      (i32.store (i32.const 76) (i32.const 11))
      (i32.const 64)))
  (core instance $main-i (instantiate $main))
  (alias core export $main-i "memory" (core memory $memory))
  (func $handle (param "metadata" $metadata) (result (result (error $error)))
    (canon lift (core func $main-i "handle") (memory $memory)))
  (export "handle-cron-event" (func $handle)))
"""
"""Is content with every time but 7 seconds after the epoch."""
