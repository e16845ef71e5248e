"""What functions may touch as a live widget: used, unused, denied, and grants given or taken by a click."""

from __future__ import annotations

import traitlets

from spinlab.widgets import granted
from spinlab.widgets.display import Display
from spinlab.widgets.live.base import LiveWidget


class Capabilities(LiveWidget):
    """Shows what each function may touch, what it used and was denied.

    What its buttons do, `spinlab.App.grant` does as well.

    Parameters:
        app: The app; the notebook's current one when left out.
        **traits: Values of its traits.

    Attributes:
        filter: Only functions with this in their name, or in what they may touch or were denied, are listed.
        selected: The function whose capabilities are shown; empty for the first one that was denied something.
    """

    script = "capabilities.js"
    styles = ("lists.css", "capabilities.css")

    filter = traitlets.Unicode("").tag(sync=True)
    selected = traitlets.Unicode("").tag(sync=True)

    def twin(self) -> Display:
        """Every function with its grants and denials as a table."""
        return granted.capabilities(self.app)
