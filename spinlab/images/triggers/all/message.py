"""What starts a function beside a request: `def handle(message)`.

This file is plain Python without dependencies. It belongs beside the source.
"""

import json


class Message:
    """A message that a trigger passes on.

    What the trigger says beside the payload is in `metadata`, and each of its names is an attribute as well: the
    `timestamp` of cron, the `topic` of MQTT.

    Attributes:
        payload: What was sent, as bytes; empty where a trigger sends none.
        metadata: Name -> value.
    """

    def __init__(self, payload=b"", **metadata):
        self.payload = payload
        self.metadata = metadata

    @property
    def text(self):
        """The payload as text, in UTF-8; bad bytes are replaced."""
        return self.payload.decode("utf-8", "replace")

    def json(self):
        """The payload read as JSON; a `ValueError` when it is not."""
        return json.loads(self.payload)

    def __bytes__(self):
        return self.payload

    def __getattr__(self, name):
        try:
            return self.__dict__["metadata"][name]
        except KeyError:
            there = ", ".join(("payload", "text", "json()", *self.__dict__.get("metadata", ())))
            raise AttributeError(f"this message has no {name!r}; it has {there}") from None

    def __repr__(self):
        more = "".join(f" {name}={value!r}" for name, value in self.metadata.items())
        return f"<Message {len(self.payload)} bytes{more}>"
