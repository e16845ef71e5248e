"""The commands that change what is there, as the verbs of ``%spin`` do; and what a function was made of."""

from __future__ import annotations

import sys
from typing import Any

from spinlab.commands.command import Asked, Command
from spinlab.commands.room import Room
from spinlab.errors import OptionError
from spinlab.function import Function


def undo(room: Room, asked: Asked) -> dict[str, Any]:
    """Go back to the revision of ``name`` before the live one, or bring it back when it was removed.

    Raises:
        OptionError: There is no earlier revision.
        SpinError: Nothing stands behind a grant of it any more.
    """
    live = room.app.undo(asked.text("name"))
    return {"name": live.function.name, "revision": live.revision}


def remove(room: Room, asked: Asked) -> dict[str, Any]:
    """Take ``name`` away: a function, a module or a static response.

    Raises:
        OptionError: There is none of that name.
    """
    app, name = room.app, asked.text("name")
    app.remove(name)
    return {"name": name, "back": name in app.removed}


def stop(room: Room, asked: Asked) -> dict[str, bool]:
    """Stop the listener; functions stay and are reached from the notebook."""
    module = sys.modules.get("spinlab.session")
    running = module is not None and module.session.server is not None
    if module is not None:
        module.session.stop_server()
    return {"stopped": running}


def up(room: Room, asked: Asked) -> dict[str, str]:
    """Start the listener.

    Raises:
        ListenError: Its address is taken.
    """
    from spinlab.session import session

    session.ensure_server()
    return {"url": room.url}


def export(room: Room, asked: Asked) -> dict[str, Any]:
    """Write the app as a Spin project into ``directory``, seen from the kernel's working folder.

    Arguments: ``components`` for the form, ``force``.

    Raises:
        ExportError: It can't be written, or the app can't be exported.
    """
    from spinlab.export import project

    directory = asked.text("directory").strip()
    if not directory:
        raise OptionError("an export needs the name of a folder", hint="such as calculator")
    options: dict[str, Any] = {"components": form} if (form := asked.text("components", "")) else {}
    written = project(room.app, directory, force=asked.flag("force"), **options)
    scripts = "".join(f" --sqlite @{directory.rstrip('/')}/{script[1:]}" for script in written.scripts)
    return {
        "directory": directory,
        "files": len(written.files),
        "changed": len(written.changed),
        "needs": written.needs.text,
        "command": f"spin up -f {directory}{scripts}",
    }


def source(room: Room, asked: Asked) -> dict[str, Any]:
    """What ``name`` was made of, and which cell that was.

    Raises:
        OptionError: There is none of that name.
    """
    app, name = room.app, asked.text("name")
    function: Function = app.modules[name] if name in app.modules else app[name].function
    text = function.source if isinstance(function.source, str) else None
    return {
        "name": name,
        "language": function.language,
        "origin": function.origin,
        "cell": room.cells().get(name),
        "source": text,
        "size": function.source_size,
    }


def cells(room: Room, asked: Asked) -> dict[str, str]:
    """Function -> id of the cell that defines it."""
    return dict(room.cells())


COMMANDS: dict[str, Command] = {
    "undo": undo,
    "remove": remove,
    "stop": stop,
    "up": up,
    "export": export,
    "source": source,
    "cells": cells,
}
