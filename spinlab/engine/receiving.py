"""The glue for messages of several fields: MQTT's, with its topic, and SQS's, with its attributes.

MQTT: four bytes with the length of the topic, the topic, the payload. SQS: the message as it lies in the guest's
memory, 32 bytes of `message` and 32 for each attribute, its addresses counted from its beginning; then what they
lead to. All numbers have the low byte first.
"""

from __future__ import annotations

from typing import Final

from spinlab.engine.glue import BYTES, END, FAILED, START

MQTT: Final = f"""{START}
(core module $glue
  (import "" "memory" (memory 1))
  (import "" "handle" (func $handle (param i32 i32 i32 i32 i32)))
  (import "" "finish" (func $finish (param i32 i32)))
  (data (i32.const 0) "=text")
  {BYTES}
  (func (export "run") (param $at i32) (param $size i32) (param i32 i32) (result i32)
    (local $topic i32)
    (local.set $size (call $bytes (local.get $at) (local.get $size)))
    (local.set $topic (i32.load (local.get $at)))
    (local.set $at (i32.add (local.get $at) (i32.const 4)))
    (call $handle
      (i32.add (local.get $at) (local.get $topic))
      (i32.sub (local.get $size) (i32.add (local.get $topic) (i32.const 4)))
      (local.get $at) (local.get $topic) (i32.const 48))
    {FAILED}
    (i32.const 16)))
{END}"""

SQS: Final = f"""{START}
(core module $glue
  (import "" "memory" (memory 1))
  (import "" "handle" (func $handle (param i32 i32 i32 i32 i32 i32 i32 i32 i32)))
  (import "" "finish" (func $finish (param i32 i32)))
  (data (i32.const 0) "=text=leave")
  {BYTES}
  (func $move (param $address i32) (param $by i32)
    (i32.store (local.get $address) (i32.add (i32.load (local.get $address)) (local.get $by))))
  (func (export "run") (param $at i32) (param $size i32) (param i32 i32) (result i32)
    (local $next i32) (local $left i32)
    (drop (call $bytes (local.get $at) (local.get $size)))
    (local.set $next (i32.add (local.get $at) (i32.const 32)))
    (local.set $left (i32.load offset=16 (local.get $at)))
    (block $done
      (loop $attribute
        (br_if $done (i32.eqz (local.get $left)))
        (call $move (local.get $next) (local.get $at))
        (call $move (i32.add (local.get $next) (i32.const 24)) (local.get $at))
        (local.set $next (i32.add (local.get $next) (i32.const 32)))
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br $attribute)))
    (call $handle
      (i32.load (local.get $at))
      (i32.add (local.get $at) (i32.load offset=4 (local.get $at))) (i32.load offset=8 (local.get $at))
      (i32.add (local.get $at) (i32.load offset=12 (local.get $at))) (i32.load offset=16 (local.get $at))
      (i32.load offset=20 (local.get $at))
      (i32.add (local.get $at) (i32.load offset=24 (local.get $at))) (i32.load offset=28 (local.get $at))
      (i32.const 48))
    {FAILED}
    (if (i32.and (i32.eqz (i32.load8_u (i32.const 48))) (i32.load8_u (i32.const 52))) (then
      (i32.store (i32.const 24) (i32.const 5))
      (i32.store (i32.const 28) (i32.const 6))))
    (i32.const 16)))
{END}"""

MQTT_TYPES: Final = """
(type $error (variant (case "other" string))) (export "error" (type $error))
(type $qos (enum "at-most-once" "at-least-once" "exactly-once")) (export "qos" (type $qos))
(type $metadata (record (field "topic" string))) (export "metadata" (type $metadata))
(type $payload (list u8)) (export "payload" (type $payload))
"""

SQS_TYPES: Final = """
(type $value (variant (case "str" string) (case "binary" (list u8))))
(export $value-e "message-attribute-value" (type $value))
(type $attribute (record (field "name" string) (field "data-type" (option string)) (field "value" $value-e)))
(export $attribute-e "message-attribute" (type $attribute))
(type $message (record (field "id" (option string)) (field "message-attributes" (list $attribute-e))
  (field "body" (option string))))
(export "message" (type $message))
(type $error (variant (case "other" string))) (export "error" (type $error))
(type $action (enum "delete" "leave")) (export "message-action" (type $action))
"""
