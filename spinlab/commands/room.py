"""Where commands are asked: the app, its address, and what the notebook knows of its cells."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spinlab.app import App


def url_of(app: App) -> str:
    """What stands before a path of an app in the user's browser; empty without a listener."""
    module = sys.modules.get("spinlab.session")  # a value alone starts nothing
    return str(module.session.url(app)) if module is not None else ""


def no_cells() -> Mapping[str, str]:
    """For a room outside a notebook."""
    return {}


@dataclass
class Room:
    """What the commands of one front end work with.

    Attributes:
        find_app: Answers the app; the panel's changes with the notebook's current one.
        cells: Function -> id of the cell that defines it.
        commands: Further commands by name, of whoever made the room.
        kept: What a subject keeps between commands, by its name, such as bodies to be saved.
    """

    find_app: Callable[[], App]
    cells: Callable[[], Mapping[str, str]] = no_cells
    commands: Mapping[str, Any] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict)

    @property
    def app(self) -> App:
        """The app."""
        return self.find_app()

    @property
    def url(self) -> str:
        """What stands before a path of the app in the user's browser; empty without a listener."""
        return url_of(self.app)
