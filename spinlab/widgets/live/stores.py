"""The stores of an app as a live widget: keys and values, tables and rows, and statements."""

from __future__ import annotations

from typing import Final

import traitlets

from spinlab.state import kept
from spinlab.widgets import stored
from spinlab.widgets.display import Display
from spinlab.widgets.live.base import LiveWidget

KINDS: Final = ("key-value", "sqlite")


class Stores(LiveWidget):
    """Shows and edits what an app keeps.

    What its buttons do, `spinlab.App.kv` and `spinlab.App.sql` do as well.

    Parameters:
        app: The app; the notebook's current one when left out.
        **traits: Values of its traits.

    Attributes:
        kind: What is shown, one of `KINDS`.
        label: The store or database of that kind.
        prefix: Only keys that begin with this are listed.
        key: The key whose value is shown; null for none.
        table: The table whose rows are shown; empty for the first one.
    """

    script = "stores.js"
    styles = ("lists.css", "stores.css")

    kind = traitlets.Enum(KINDS, "key-value").tag(sync=True)
    label = traitlets.Unicode("default").tag(sync=True)
    prefix = traitlets.Unicode("").tag(sync=True)
    key = traitlets.Unicode(None, allow_none=True).tag(sync=True)
    table = traitlets.Unicode("").tag(sync=True)

    def twin(self) -> Display:
        """Where each store and database lives, how much is in it, and who may open it."""
        return stored.kept(kept(self.app))
