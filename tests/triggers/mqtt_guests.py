"""Guests that take messages of MQTT and SQS, made of the one that keeps Redis' messages."""

from __future__ import annotations

from tests.triggers.guests import KEEPING

_BEFORE_CORE, _REST = KEEPING.split("  (core module $libc\n", 1)
_CORE, _ = _REST.split('  (type $failed (enum "success" "error"))\n', 1)

TOPICS = (
    _BEFORE_CORE.replace(
        "(component\n",
        """(component
  (import "spin:mqtt-trigger/spin-mqtt-types" (instance $types
    (type $cases (variant (case "other" string))) (export "error" (type (eq $cases)))
    (type $fields (record (field "topic" string))) (export "metadata" (type (eq $fields)))
    (type $bytes (list u8)) (export "payload" (type (eq $bytes)))))
  (alias export $types "error" (type $error-there))
  (import "error" (type $failed (eq $error-there)))
  (alias export $types "metadata" (type $metadata-there))
  (import "metadata" (type $metadata (eq $metadata-there)))
""",
        1,
    )
    + "  (core module $libc\n"
    + _CORE.replace(
        '(func (export "handle") (param $at i32) (param $size i32) (result i32)',
        '(func (export "handle") (param $at i32) (param $size i32) (param $topic i32) (param $long i32) (result i32)',
    )
    .replace(
        "      (i32.store8 (i32.const 128)",
        """      (call $set (i32.load (i32.const 68)) (local.get $topic) (local.get $long) (local.get $at)
        (local.get $size) (i32.const 96))
      (i32.store8 (i32.const 128)""",
    )
    .replace(
        "      (i32.store8 (i32.const 129) (i32.const 1))\n",
        """      (i32.store8 (i32.const 132) (i32.const 0))
      (i32.store (i32.const 136) (local.get $topic))
      (i32.store (i32.const 140) (local.get $long))
""",
    )
    + """  (func $handle (param "message" (list u8)) (param "metadata" $metadata) (result (result (error $failed)))
    (canon lift (core func $main-i "handle") (memory $memory) (realloc $realloc)))
  (export "handle-message" (func $handle)))
"""
)
"""Keeps each message under the key ``last`` and under its topic; one that begins with ``!`` fails with the topic as the
reason, one with ``@`` never ends."""

TOPICS3 = TOPICS.replace('"spin:mqtt-trigger/spin-mqtt-types"', '"spin:mqtt-trigger/spin-mqtt-types@3.0.0"').replace(
    "(func $handle (param", "(func $handle async (param"
)
"""The same for the world of WASI 0.3."""
