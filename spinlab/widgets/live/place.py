"""Who draws a live widget here: our own renderer, the front end's widget manager, or nobody.

A saved notebook that holds a view of a widget says "Error displaying widget" when it is opened again. So a result holds
one only where it must: where our JupyterLab extension is, its renderer takes the widget by another name, and shows the
static twin when the widget is gone.
"""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path
from typing import Literal

How = Literal["renderer", "manager", ""]

_ELSEWHERE = ("VSCODE_PID", "VSCODE_CWD", "COLAB_RELEASE_TAG")
"""Variables of kernels whose front end is not JupyterLab's."""


class Place:
    """What is known of the front end of this process.

    Attributes:
        mode: ``auto``; ``live`` to always use the front end's widget manager; ``static`` to draw none.
        connected: Whether our JupyterLab extension has said hello.
    """

    def __init__(self) -> None:
        self.mode: Literal["auto", "live", "static"] = "auto"
        self.connected = False


place = Place()


def draws_widgets() -> How:
    """Who draws the widget of the cell that runs."""
    if place.mode != "auto":
        return "manager" if place.mode == "live" else ""
    if place.connected:
        return "renderer"
    at_jupyter = "JPY_PARENT_PID" in os.environ and not any(name in os.environ for name in _ELSEWHERE)
    return "renderer" if at_jupyter and extension_is_here() else "manager"


@cache
def extension_is_here() -> bool:
    """Whether our extension is installed beside this Python, as in the environment of most servers."""
    return (Path(sys.prefix) / "share" / "jupyter" / "labextensions" / "spinlab" / "package.json").is_file()
