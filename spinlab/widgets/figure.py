"""A plot with a text for those who can't see it: JupyterLab shows pictures of other kinds without their ``alt``."""

from __future__ import annotations

import base64
import io
import sys
from typing import Any

from spinlab.widgets.display import Display
from spinlab.widgets.markup import tag

DPI = 110


def figure(drawn: Any, alt: str) -> Display:
    """Show a plot of matplotlib.

    Parameters:
        drawn: The figure. It is closed, so that the notebook does not show it once more.
        alt: What is to be seen, in a sentence or two with the numbers that matter.
    """
    data = io.BytesIO()
    drawn.savefig(data, format="png", dpi=DPI, bbox_inches="tight", facecolor="white")
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.close(drawn)
    source = "data:image/png;base64," + base64.b64encode(data.getvalue()).decode()
    return Display(alt, tag("img", src=source, alt=alt, style="max-width:100%;background:white"))
