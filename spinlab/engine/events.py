"""The exports that take a trigger's messages, and the glue that calls them.

The message crosses as the string ``head``, each byte as the character of that number, and is turned back in place. The
answer is ``done`` or ``failed``; where the guest says why, that text with the data ``text``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from spinlab.engine.glue import HEAP, RUN
from spinlab.engine.interfaces import Handler, Interface
from spinlab.errors import HandlerError


@dataclass(frozen=True)
class Event:
    """An export that takes messages.

    Attributes:
        export: Name of the interface, or of the function when the world has it by itself.
        wasi: ``0.2`` or ``0.3``: how it is called.
        glue: What stands between ``run`` and it.
        types: Name of an interface that has types only -> those, as text: what SDKs have guests import beside it.
    """

    export: str
    wasi: str
    glue: str
    types: Mapping[str, str] = field(default_factory=dict)


_BYTES: Final = """
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

_REDIS: Final = f"""\
(core func $handle (canon lower (func $handler "handle-message") (memory $memory)))
(core func $finish (canon lower (func $ctl "finish-command") (memory $memory) (realloc $realloc)))
(core module $glue
  (import "" "memory" (memory 1))
  (import "" "handle" (func $handle (param i32 i32 i32)))
  (import "" "finish" (func $finish (param i32 i32)))
  {_BYTES}
  (func (export "run") (param i32 i32 i32 i32) (result i32)
    (call $handle (local.get 0) (call $bytes (local.get 0) (local.get 1)) (i32.const 48))
    (call $finish (i32.load8_u (i32.const 48)) (i32.const 16))
    (i32.const 16)))
(core instance $glue-i (instantiate $glue (with "" (instance
  (export "memory" (memory $memory)) (export "handle" (func $handle)) (export "finish" (func $finish))))))
"""

_CRON: Final = """\
(core func $handle (canon lower (func $handler) (memory $memory) (realloc $realloc)))
(core func $finish (canon lower (func $ctl "finish-command") (memory $memory) (realloc $realloc)))
(core module $glue
  (import "" "memory" (memory 1))
  (import "" "handle" (func $handle (param i64 i32)))
  (import "" "finish" (func $finish (param i32 i32)))
  (data (i32.const 0) "=text")
  (func $number (param $at i32) (param $size i32) (result i64)
    (local $end i32) (local $number i64)
    (local.set $end (i32.add (local.get $at) (local.get $size)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $number (i64.add (i64.mul (local.get $number) (i64.const 10))
          (i64.sub (i64.load8_u (local.get $at)) (i64.const 48))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $next)))
    (local.get $number))
  (func (export "run") (param i32 i32 i32 i32) (result i32)
    (call $handle (call $number (local.get 0) (local.get 1)) (i32.const 48))
    (call $finish (i32.load8_u (i32.const 48)) (i32.const 16))
    (if (i32.load8_u (i32.const 48)) (then
      (i32.store (i32.const 16) (i32.load (i32.const 56)))
      (i32.store (i32.const 20) (i32.load (i32.const 60)))
      (i32.store (i32.const 24) (i32.const 0))
      (i32.store (i32.const 28) (i32.const 5))))
    (i32.const 16)))
(core instance $glue-i (instantiate $glue (with "" (instance
  (export "memory" (memory $memory)) (export "handle" (func $handle)) (export "finish" (func $finish))))))
"""

_CRON_TYPES: Final = """
(type $metadata (record (field "timestamp" u64))) (export "metadata" (type $metadata))
(type $error (variant (case "other" string))) (export "error" (type $error))
"""

_REDIS_TYPES: Final = """
(type $payload (list u8)) (export "payload" (type $payload))
(type $error (enum "success" "error")) (export "error" (type $error))
"""

EVENTS: Final[Mapping[str, tuple[Event, ...]]] = {
    "redis": (
        Event("fermyon:spin/inbound-redis", "0.2", HEAP + _REDIS + RUN, {"fermyon:spin/redis-types": _REDIS_TYPES}),
    ),
    "cron": (
        Event("handle-cron-event", "0.2", HEAP + _CRON + RUN, {"fermyon:spin-cron/cron-types@2.0.0": _CRON_TYPES}),
    ),
}
"""Trigger -> the exports that take its messages."""


def choose_event(trigger: str, exports: Sequence[str]) -> Handler:
    """The one export that takes messages of a trigger (Spin: ``crates/trigger-redis``).

    Raises:
        HandlerError: There is none, or more than one.
    """
    events = EVENTS[trigger]
    found = [
        Handler(name, event.wasi, trigger=trigger)
        for name in exports
        for event in events
        if Interface.parse(name).track == Interface.parse(event.export).track
    ]
    if len(found) == 1:
        return found[0]
    wanted = ", ".join(event.export for event in events)
    if found:
        raise HandlerError(
            f"the component exports several handlers of the {trigger} trigger",
            hint="build it for one world; it exports " + ", ".join(handler.export for handler in found),
        )
    there = ", ".join(exports[:5]) or "nothing"
    raise HandlerError(
        f"the component has no handler for the {trigger} trigger: no export {wanted}",
        hint=f"it exports {there}: build it for the world of that trigger",
    )


def event_of(handler: Handler) -> Event:
    """What was known of an export that `choose_event` has chosen."""
    track = Interface.parse(handler.export).track
    return next(e for e in EVENTS[handler.trigger] if Interface.parse(e.export).track == track)


def event_types(event: Event) -> str:
    """The instance ``$event``, which has the interfaces with the event's types."""
    inner = "\n".join(
        f'(component $c{n} {types}) (instance $i{n} (instantiate $c{n})) (export "{name}" (instance $i{n}))'
        for n, (name, types) in enumerate(event.types.items())
    )
    return f"(component $event-types {inner}) (instance $event (instantiate $event-types))"
