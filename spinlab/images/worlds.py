"""The worlds of triggers: for each an image of its own, because a component's exports are fixed when it is made.

A world's own part is the folder ``triggers/TRIGGER`` with ``02`` or ``03`` for its WASI:

- ``trigger.py``, which runs in the sandbox: the export in Python's terms (``HANDLER`` and ``METHOD``), `message` of
  what the export is called with, `result` of what the cell's ``handle`` returned, and `failure` of an exception. On
  WASI 0.3 also ``BASE``, the generated class of the export, which knows how it is awaited.
- ``wit``, when the SDK lacks the world: the trigger's own WIT, as its official projects carry it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent / "triggers"
PLATFORM: Final = {"0.2": "spin-imports", "0.3": "spin:up/platform@4.1.0"}
"""The SDK's world with all imports and no export."""


@dataclass(frozen=True)
class World:
    """What a component exports that takes a trigger's messages.

    Attributes:
        name: As componentize-py selects it.
        handler: The class that it looks for.
        method: The one that takes a message.
        argument: What the method's argument is called in examples.
        has_wit: Whether its WIT is ours to bring; else the SDK has it.
    """

    name: str
    handler: str
    method: str
    argument: str
    has_wit: bool = False


WORLDS: Final[Mapping[tuple[str, str], World]] = {
    ("redis", "0.2"): World("spin-redis", "InboundRedis", "handle_message", "message"),
    ("redis", "0.3"): World("spin:up/redis-trigger@4.1.0", "RedisHandler", "handle_message", "message"),
    ("cron", "0.2"): World(
        "fermyon:spin-cron/spin-cron@2.0.0", "WitWorld", "handle_cron_event", "metadata", has_wit=True
    ),
    ("cron", "0.3"): World("spin:cron/spin-cron@3.0.0", "WitWorld", "handle_cron_event", "metadata", has_wit=True),
    ("mqtt", "0.2"): World(
        "spin:mqtt-trigger/spin-mqtt", "WitWorld", "handle_message", "message, metadata", has_wit=True
    ),
    ("mqtt", "0.3"): World(
        "spin:mqtt-trigger/spin-mqtt@3.0.0", "WitWorld", "handle_message", "message, metadata", has_wit=True
    ),
    ("sqs", "0.3"): World("spin:sqs/spin-sqs@3.0.0", "WitWorld", "handle_queue_message", "message", has_wit=True),
    ("command", "0.2"): World("spinlab:command/command@0.1.0", "Run", "run", "", has_wit=True),
    ("sqs", "0.2"): World(
        "fermyon:spin-sqs/spin-sqs@2.0.0", "WitWorld", "handle_queue_message", "message", has_wit=True
    ),
}
"""Trigger and WASI -> its world. A line and a folder is all that another one needs."""


def world_of(trigger: str, wasi: str) -> World | None:
    """The world of a trigger; None when Python has none for it."""
    return WORLDS.get((trigger, wasi))


@cache
def guests(trigger: str, wasi: str) -> Mapping[str, bytes]:
    """The modules that turn a cell into a handler of a trigger: path -> bytes. A project needs them beside the cell."""
    number = wasi.replace(".", "")
    folders = (HERE / "all", HERE / f"python{number}", HERE / f"{trigger}{number}")
    return {path.name: path.read_bytes() for folder in folders for path in sorted(folder.glob("*.py"))}


@cache
def wit(trigger: str, wasi: str) -> Mapping[str, bytes]:
    """The trigger's own WIT: file name -> bytes; none when the SDK has it."""
    folder = HERE / f"{trigger}{wasi.replace('.', '')}" / "wit"
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.wit"))}


_WARM: Final = """\
package spinlab:image@0.1.0;

interface warm-up {{
  prepare: func() -> string;
}}

world image {{
  include {world};
  export warm-up;
}}
"""


def image_wit(trigger: str, wasi: str) -> dict[str, bytes]:
    """The WIT of the image for a trigger that brings its own: path -> bytes; its world is ``image``."""
    world = WORLDS[trigger, wasi]
    found = {f"wit/deps/{trigger}/{name}": data for name, data in wit(trigger, wasi).items()}
    return {"wit/image.wit": _WARM.format(world=world.name).encode(), **found}
