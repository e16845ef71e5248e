"""Cron, on WASI 0.3: a message without a payload, with the time."""

from componentize_py_types import Err
from message import Message
from wit_world import WitWorld
from wit_world.imports.cron_types import Error_Other

HANDLER = "WitWorld"
METHOD = "handle_cron_event"
BASE = WitWorld


def message(metadata):
    """What `handle` is called with; `timestamp` is in seconds since the epoch."""
    return Message(timestamp=metadata.timestamp)


def result(value):
    """What the export gives: nothing."""


def failure(error):
    """What the export raises."""
    return Err(Error_Other(f"{type(error).__name__}: {error}"))
