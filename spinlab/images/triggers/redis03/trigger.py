"""Messages of Redis, on WASI 0.3."""

from componentize_py_types import Err
from message import Message
from spin_sdk.wit import exports
from spin_sdk.wit.imports.spin_redis_redis_3_0_0 import Error_Other

HANDLER = "RedisHandler"
METHOD = "handle_message"
BASE = exports.RedisHandler


def message(payload):
    """What `handle` is called with."""
    return Message(payload)


def result(value):
    """What the export gives: nothing."""


def failure(error):
    """What the export raises."""
    return Err(Error_Other(f"{type(error).__name__}: {error}"))
