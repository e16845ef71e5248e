"""Messages of Redis, on WASI 0.2."""

from message import Message
from spin_sdk.wit.imports.redis_types import Error
from spin_sdk.wit.types import Err

HANDLER = "InboundRedis"
METHOD = "handle_message"


def message(payload):
    """What `handle` is called with."""
    return Message(payload)


def result(value):
    """What the export gives: nothing."""


def failure(error):
    """What the export raises; Redis takes no text."""
    return Err(Error.ERROR)
