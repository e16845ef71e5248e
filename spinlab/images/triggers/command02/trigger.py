"""A command, on WASI 0.2: a message with the arguments; its payload is what there is to read."""

import sys

from message import Message
from wit_world.imports import environment
from wit_world.types import Err

HANDLER = "Run"
METHOD = "run"


def message():
    """What `handle` is called with; `arguments` are those behind the command's name."""
    sys.argv = list(environment.get_arguments())
    return Message(sys.stdin.buffer.read(), arguments=sys.argv[1:])


def result(value):
    """Success, unless `handle` returns a number that is not 0."""
    sys.stdout.flush()
    if value:
        raise Err(None)


def failure(error):
    """What the export raises."""
    return error if isinstance(error, Err) else Err(None)
