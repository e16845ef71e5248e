"""What a notebook shows: static cards as HTML and text, and live widgets that a front end draws.

Each module makes `Display` values of plain values; nothing here imports IPython. The live widgets bring ipywidgets and
anywidget with them, so they are imported when they are first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spinlab.widgets.live.app import AppView
    from spinlab.widgets.live.capabilities import Capabilities
    from spinlab.widgets.live.console import Console
    from spinlab.widgets.live.preview import Preview
    from spinlab.widgets.live.stores import Stores

__all__ = ["AppView", "Capabilities", "Console", "Preview", "Stores"]

_HOMES = {
    "AppView": "app",
    "Capabilities": "capabilities",
    "Console": "console",
    "Preview": "preview",
    "Stores": "stores",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.live.{_HOMES[name]}"), name)
    globals()[name] = found
    return found
