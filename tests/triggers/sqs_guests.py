"""A guest that takes messages of SQS, made of the one that keeps Redis' messages."""

from __future__ import annotations

from tests.triggers.guests import KEEPING

_BEFORE_CORE, _REST = KEEPING.split("  (core module $libc\n", 1)
_CORE, _ = _REST.split('  (type $failed (enum "success" "error"))\n', 1)
_LIBC, _ = _CORE.split("  (core module $main\n", 1)

QUEUE = (
    _BEFORE_CORE.replace(
        "(component\n",
        """(component
  (import "fermyon:spin-sqs/sqs-types@2.0.0" (instance $types
    (type $value-s (variant (case "str" string) (case "binary" (list u8))))
    (export "message-attribute-value" (type $value (eq $value-s)))
    (type $attribute-s (record (field "name" string) (field "data-type" (option string)) (field "value" $value)))
    (export "message-attribute" (type $attribute (eq $attribute-s)))
    (type $message-s (record (field "id" (option string)) (field "message-attributes" (list $attribute))
      (field "body" (option string))))
    (export "message" (type (eq $message-s)))
    (type $cases (variant (case "other" string))) (export "error" (type (eq $cases)))
    (type $actions (enum "delete" "leave")) (export "message-action" (type (eq $actions)))))
  (alias export $types "error" (type $error-there))
  (import "error" (type $failed (eq $error-there)))
  (alias export $types "message" (type $message-there))
  (import "message" (type $message (eq $message-there)))
  (alias export $types "message-action" (type $action-there))
  (import "message-action" (type $action (eq $action-there)))
""",
        1,
    )
    + "  (core module $libc\n"
    + _LIBC
    + """  (core module $main
    (import "" "memory" (memory 4))
    (import "" "open" (func $open (param i32 i32 i32)))
    (import "" "set" (func $set (param i32 i32 i32 i32 i32 i32)))
    (func $keep (param i32 i32 i32 i32)
      (call $set (i32.load (i32.const 68)) (local.get 0) (local.get 1) (local.get 2) (local.get 3) (i32.const 96)))
    (func (export "handle") (param $has-id i32) (param $id i32) (param $id-size i32)
      (param $attributes i32) (param $count i32) (param $has-body i32) (param $at i32) (param $size i32) (result i32)
      (local $first i32)
      (local.set $first (i32.load8_u (local.get $at)))
      (if (i32.eq (local.get $first) (i32.const 64)) (then (loop $for-ever (br $for-ever))))
      (call $open (i32.const 0) (i32.const 7) (i32.const 64))
      (if (i32.load8_u (i32.const 64)) (then unreachable))
      (call $keep (i32.const 7) (i32.const 4) (local.get $at) (local.get $size))
      (call $keep (local.get $at) (local.get $size) (local.get $id) (local.get $id-size))
      (loop $next
        (if (local.get $count) (then
          (call $keep
            (i32.load (local.get $attributes)) (i32.load offset=4 (local.get $attributes))
            (i32.load offset=24 (local.get $attributes)) (i32.load offset=28 (local.get $attributes)))
          (local.set $attributes (i32.add (local.get $attributes) (i32.const 32)))
          (local.set $count (i32.sub (local.get $count) (i32.const 1)))
          (br $next))))
      (i32.store8 (i32.const 128) (i32.eq (local.get $first) (i32.const 33)))
      (i32.store8 (i32.const 132) (i32.eq (local.get $first) (i32.const 63)))
      (if (i32.load8_u (i32.const 128)) (then
        (i32.store (i32.const 136) (local.get $at))
        (i32.store (i32.const 140) (local.get $size))))
      (i32.const 128)))
  (core instance $main-i (instantiate $main (with "" (instance
    (export "memory" (memory $memory)) (export "open" (func $open)) (export "set" (func $set))))))
  (func $handle (param "message" $message) (result (result $action (error $failed)))
    (canon lift (core func $main-i "handle") (memory $memory) (realloc $realloc)))
  (export "handle-queue-message" (func $handle)))
"""
)
"""Keeps each message's body under the key ``last``, its id under the body, and attributes under their names.

A body that begins with ``!`` fails with itself as the reason, one with ``?`` is left, one with ``@`` never ends.
"""

QUEUE3 = QUEUE.replace('"fermyon:spin-sqs/sqs-types@2.0.0"', '"spin:sqs/sqs-types@3.0.0"').replace(
    "(func $handle (param", "(func $handle async (param"
)
"""The same for the world of WASI 0.3."""
