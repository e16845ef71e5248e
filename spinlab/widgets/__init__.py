"""What a notebook shows: static cards as HTML and text, and live widgets that a front end draws.

Each module makes `Display` values of plain values; nothing here imports IPython. The live widgets bring ipywidgets and
anywidget with them, so they are imported when they are first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spinlab import lazily

if TYPE_CHECKING:
    from spinlab.widgets.live.app import AppView
    from spinlab.widgets.live.capabilities import Capabilities
    from spinlab.widgets.live.console import Console
    from spinlab.widgets.live.preview import Preview
    from spinlab.widgets.live.stores import Stores

__all__ = ["AppView", "Capabilities", "Console", "Preview", "Stores"]

__getattr__ = lazily.names(
    __name__,
    {
        "AppView": ".live.app",
        "Capabilities": ".live.capabilities",
        "Console": ".live.console",
        "Preview": ".live.preview",
        "Stores": ".live.stores",
    },
)
