"""What a front end may ask of a live app: the same commands for widgets and for the panel, by one envelope.

::

    front end -> kernel   {"id": 7, "command": "request", "arguments": {...}, "deadline": 30}   + buffers
    kernel -> front end   {"id": 7, "ok": true, "value": ...}                                   + buffers
                          {"id": 7, "ok": false, "error": {"kind": "OptionError", "message": ..., "hint": ...}}
    kernel -> front end   {"event": "changed", "value": {"what": ["functions", "requests"]}}

Every command is answered, errors too, at its deadline at the latest. Commands run on threads of their own, so they are
answered while a cell runs. One module a subject; each has its commands in ``COMMANDS``.
"""

from __future__ import annotations

from spinlab.commands.channel import Channel
from spinlab.commands.command import Asked, Command, Reply
from spinlab.commands.room import Room

__all__ = ["Asked", "Channel", "Command", "Reply", "Room"]
