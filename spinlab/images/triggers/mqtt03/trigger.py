"""Messages of MQTT, on WASI 0.3."""

from componentize_py_types import Err
from message import Message
from wit_world import WitWorld
from wit_world.imports.spin_mqtt_types import Error_Other

HANDLER = "WitWorld"
METHOD = "handle_message"
BASE = WitWorld


def message(payload, metadata):
    """What `handle` is called with; `topic` is where it was published."""
    return Message(payload, topic=metadata.topic)


def result(value):
    """What the export gives: nothing."""


def failure(error):
    """What the export raises."""
    return Err(Error_Other(f"{type(error).__name__}: {error}"))
