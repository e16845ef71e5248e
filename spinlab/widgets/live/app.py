"""The app as a live widget: its functions and routes, how it has been doing, and its manifest."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import traitlets

from spinlab.widgets import tables
from spinlab.widgets.display import Display
from spinlab.widgets.live.base import LiveWidget

if TYPE_CHECKING:
    from spinlab.app import App

TABS: Final = ("functions", "routes", "manifest")
ORDERS: Final = ("registered", "name", "requests", "errors", "latency", "size")


class AppView(LiveWidget):
    """Shows an app while it lives: what it is made of, requests, errors and latencies of the last minute.

    What its buttons do, `spinlab.App.undo` and `spinlab.App.remove` do as well.

    Parameters:
        app: The app; the notebook's current one when left out.
        orphans: Answers the functions whose cell has another name now.
        **traits: Values of its traits.

    Attributes:
        tab: What is shown, one of `TABS`.
        filter: Only functions and routes with this in their name, language or route are listed.
        order: How functions are ordered, one of `ORDERS`.
        selected: The function whose details are shown; empty for none.
    """

    script = "app.js"
    styles = ("lists.css", "app.css")

    tab = traitlets.Enum(TABS, "functions").tag(sync=True)
    filter = traitlets.Unicode("").tag(sync=True)
    order = traitlets.Enum(ORDERS, "registered").tag(sync=True)
    selected = traitlets.Unicode("").tag(sync=True)

    def __init__(
        self, app: App | None = None, *, orphans: Callable[[], frozenset[str]] = frozenset, **traits: Any
    ) -> None:
        super().__init__(app, **traits)
        self._orphans = orphans

    def twin(self) -> Display:
        """Every function as a table."""
        return tables.app(self.app, self._channel.room.url, self._orphans())
