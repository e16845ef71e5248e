"""Messages of SQS, on WASI 0.3."""

from componentize_py_types import Err
from message import Message
from wit_world import WitWorld
from wit_world.imports.sqs_types import Error_Other, MessageAction

HANDLER = "WitWorld"
METHOD = "handle_queue_message"
BASE = WitWorld
ACTIONS = {None: MessageAction.DELETE, "delete": MessageAction.DELETE, "leave": MessageAction.LEAVE}


def message(found):
    """What `handle` is called with; `id` is the message's, `attributes` are those that the trigger asks for."""
    attributes = {attribute.name: attribute.value.value for attribute in found.message_attributes}
    return Message((found.body or "").encode(), id=found.id, attributes=attributes)


def result(value):
    """What is to happen with the message: it is deleted, unless `handle` returns "leave"."""
    if isinstance(value, MessageAction):
        return value
    if value not in ACTIONS:
        raise TypeError(f'handle returns nothing, "delete" or "leave", not {value!r}')
    return ACTIONS[value]


def failure(error):
    """What the export raises."""
    return Err(Error_Other(f"{type(error).__name__}: {error}"))
