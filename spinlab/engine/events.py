"""The exports that take a trigger's messages, and the glue that calls them.

The message crosses as the string ``head``, each byte as the character of that number, and is turned back in place. The
answer is ``done`` or ``failed``; where the guest says why, that text with the data ``text``; a message that the guest
leaves in its queue is ``done`` with the data ``leave``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from spinlab.engine.glue import BYTES, END, FAILED, FINISH, HEAP, RUN, START, STORAGE
from spinlab.engine.interfaces import Handler, Interface
from spinlab.engine.receiving import MQTT, MQTT_TYPES, SQS, SQS_TYPES
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


_ENDING: Final = """\
(core module $ending
  (import "" "memory" (memory 1))
  (data (i32.const 32) "donefailed")
  (func (export "finish") (param $failed i32) (param $at i32)
    (i32.store (local.get $at) (select (i32.const 36) (i32.const 32) (local.get $failed)))
    (i32.store offset=4 (local.get $at) (select (i32.const 6) (i32.const 4) (local.get $failed)))
    (i64.store offset=8 (local.get $at) (i64.const 0))))
(core instance $ending-i (instantiate $ending (with "" (instance (export "memory" (memory $memory))))))
(alias core export $ending-i "finish" (core func $finish))
"""

_TAKE: Final = """\
(type $take-t (func async (param "head" string) (param "data" string) (result (tuple string string))))
(func $take (type $take-t)
  (canon lift (core func $glue-i "run") (memory $memory) (realloc $realloc) (post-return $reset)))
(instance $message (export "take" (func $take)))
"""


def waiting(glue: str) -> str:
    """The glue for an asynchronous handler, of that for a synchronous one with the same parameters.

    It waits for the handler, and the driver ``message3`` does the provider's work meanwhile.
    """
    assert FINISH in glue
    return STORAGE + glue.replace(FINISH, _ENDING) + _TAKE


_REDIS: Final = f"""\
(core func $handle (canon lower (func $handler "handle-message") (memory $memory)))
{FINISH}(core module $glue
  (import "" "memory" (memory 1))
  (import "" "handle" (func $handle (param i32 i32 i32)))
  (import "" "finish" (func $finish (param i32 i32)))
  {BYTES}
  (func (export "run") (param i32 i32 i32 i32) (result i32)
    (call $handle (local.get 0) (call $bytes (local.get 0) (local.get 1)) (i32.const 48))
    (call $finish (i32.load8_u (i32.const 48)) (i32.const 16))
    (i32.const 16)))
{END}"""

_CRON: Final = f"""{START}(core module $glue
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
    {FAILED}
    (i32.const 16)))
{END}"""

_REDIS3: Final = f"""\
(core func $handle (canon lower (func $handler "handle-message") (memory $memory) (realloc $realloc)))
{FINISH}(core module $glue
  (import "" "memory" (memory 1))
  (import "" "handle" (func $handle (param i32 i32 i32)))
  (import "" "finish" (func $finish (param i32 i32)))
  (data (i32.const 0) "=text")
  {BYTES}
  (func (export "run") (param i32 i32 i32 i32) (result i32)
    (call $handle (local.get 0) (call $bytes (local.get 0) (local.get 1)) (i32.const 48))
    (call $finish (i32.load8_u (i32.const 48)) (i32.const 16))
    (if (i32.and (i32.load8_u (i32.const 48)) (i32.eq (i32.load8_u (i32.const 52)) (i32.const 3))) (then
      (i32.store (i32.const 16) (i32.load (i32.const 56)))
      (i32.store (i32.const 20) (i32.load (i32.const 60)))
      (i32.store (i32.const 24) (i32.const 0))
      (i32.store (i32.const 28) (i32.const 5))))
    (i32.const 16)))
{END}"""

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
        Event("spin:redis/inbound-redis@3.0.0", "0.3", waiting(_REDIS3)),
    ),
    "cron": (
        Event("handle-cron-event", "0.2", HEAP + _CRON + RUN, {"fermyon:spin-cron/cron-types@2.0.0": _CRON_TYPES}),
        Event("handle-cron-event", "0.3", waiting(_CRON), {"spin:cron/cron-types@3.0.0": _CRON_TYPES}),
    ),
    "mqtt": (
        Event("handle-message", "0.2", HEAP + MQTT + RUN, {"spin:mqtt-trigger/spin-mqtt-types": MQTT_TYPES}),
        Event("handle-message", "0.3", waiting(MQTT), {"spin:mqtt-trigger/spin-mqtt-types@3.0.0": MQTT_TYPES}),
    ),
    "sqs": (
        Event("handle-queue-message", "0.2", HEAP + SQS + RUN, {"fermyon:spin-sqs/sqs-types@2.0.0": SQS_TYPES}),
        Event("handle-queue-message", "0.3", waiting(SQS), {"spin:sqs/sqs-types@3.0.0": SQS_TYPES}),
    ),
}
"""Trigger -> the exports that take its messages."""


def choose_event(trigger: str, exports: Sequence[str], imports: Collection[str] = ()) -> Handler:
    """The one export that takes messages of a trigger (Spin: ``crates/trigger-redis``).

    Parameters:
        imports: What the component imports: the types that it takes tell two versions of one function apart.

    Raises:
        HandlerError: There is none, or more than one.
    """
    events = EVENTS[trigger]
    taken = set(map(_track, imports))
    found = []
    for name in exports:
        same = [event for event in events if _track(event.export) == _track(name)]
        if same:
            chosen = next((event for event in same if taken.intersection(map(_track, event.types))), same[0])
            found.append(Handler(name, chosen.wasi, trigger=trigger))
    if len(found) == 1:
        return found[0]
    wanted = " or ".join(dict.fromkeys(event.export for event in events))
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


def starters(exports: Iterable[str]) -> tuple[str, ...]:
    """The triggers whose messages one of the exports takes."""
    taken = set(map(_track, exports))
    return tuple(trigger for trigger, events in EVENTS.items() if taken.intersection(_track(e.export) for e in events))


def _track(name: str) -> str:
    return Interface.parse(name).track


def event_of(handler: Handler) -> Event:
    """What was known of an export that `choose_event` has chosen."""
    track = _track(handler.export)
    return next(e for e in EVENTS[handler.trigger] if _track(e.export) == track and e.wasi == handler.wasi)


def event_types(event: Event) -> str:
    """The instance ``$event``, which has the interfaces with the event's types; nothing when there are none."""
    if not event.types:
        return ""  # an empty component is a place for a binary
    inner = "\n".join(
        f'(component $c{n} {types}) (instance $i{n} (instantiate $c{n})) (export "{name}" (instance $i{n}))'
        for n, (name, types) in enumerate(event.types.items())
    )
    return f"(component $event-types {inner}) (instance $event (instantiate $event-types))"
