"""What starts functions beside HTTP. One module a trigger, all alike: each has a `Kind` of the name ``KIND``.

A trigger needs no more than its module, its line in `KINDS`, and the exports that take its messages in
`spinlab.engine.events`. Everything else is the same for all: `spinlab.triggers.listening` keeps a listener for each
trigger of a live function, `spinlab.export` and `spinlab.loading` write and read the tables by the kind's keys.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from importlib import import_module
from typing import Final

from spinlab.errors import OptionError
from spinlab.triggers.kind import Config, Kind, Place

__all__ = ["KINDS", "OPTIONS", "Config", "Kind", "Place", "kind", "kinds"]

KINDS: Final = {
    "redis": "spinlab.triggers.redis",
    "cron": "spinlab.triggers.cron",
    "mqtt": "spinlab.triggers.mqtt",
    "sqs": "spinlab.triggers.sqs",
    "command": "spinlab.triggers.command",
}
"""Type, as in ``[[trigger.TYPE]]`` -> the module that serves it."""

OPTIONS: Final = {
    "redis": ("CHANNEL", "A Redis channel whose messages start it; redis://HOST:PORT#CHANNEL for one elsewhere."),
    "cron": ("EXPRESSION", "When it runs, in UTC: seconds minutes hours day month weekday [year], in quotes."),
    "mqtt": ("TOPIC", "An MQTT topic whose messages start it; mqtt://HOST:PORT#TOPIC for a server elsewhere."),
    "sqs": ("URL", "The URL of an SQS queue whose messages start it."),
    "command": ("", "%spin run starts its main function, with arguments."),
}
"""Type -> what the value of its option of ``%%spin`` is called (nothing: it has none), and its line of help."""


def kind(name: str) -> Kind:
    """The trigger of that type.

    Raises:
        OptionError: There is none.
    """
    if name not in KINDS:
        near = difflib.get_close_matches(name, KINDS, n=1)
        hint = f"did you mean {near[0]}?" if near else "there are: " + ", ".join(KINDS)
        raise OptionError(f"there is no trigger of type {name!r}", hint=hint)
    found: Kind = import_module(KINDS[name]).KIND
    return found


def kinds() -> Iterator[Kind]:
    """All triggers."""
    return map(kind, KINDS)
