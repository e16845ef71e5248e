"""The first command of a front end: who it is, and whether both sides are of one version."""

from __future__ import annotations

from typing import Any

import spinlab
from spinlab.commands.command import Asked, Command
from spinlab.commands.room import Room
from spinlab.errors import OptionError

PROTOCOL = 1
"""Counts the changes of the envelope or of a command that an older front end would not survive."""


def hello(room: Room, asked: Asked) -> dict[str, Any]:
    """Say who we are.

    Raises:
        OptionError: The front end speaks another protocol.
    """
    same_protocol(asked)
    return {"version": spinlab.__version__, "protocol": PROTOCOL, "app": room.app.name}


def same_protocol(asked: Asked) -> None:
    """Let go on only who speaks as we do.

    Raises:
        OptionError: The front end speaks another protocol.
    """
    if asked.number("protocol", PROTOCOL) != PROTOCOL:
        theirs = asked.text("version", "of another version")
        raise OptionError(
            f"the front end of spinlab is {theirs}, the kernel's spinlab is {spinlab.__version__}",
            hint="install one version on both sides, reload the page and restart the kernel",
        )


COMMANDS: dict[str, Command] = {"hello": hello}
