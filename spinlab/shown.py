"""How a value of spinlab shows itself in a front end: by IPython's protocol, without IPython.

The displays stand above the values (`spinlab.widgets`), so they are looked up by name, when a front end asks for one.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


class Shown:
    """A value that `spinlab.widgets.showing` knows a display for."""

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        """The display in every form: text, HTML, and data where there is some."""
        bundle: dict[str, Any] = import_module("spinlab.widgets.showing").show(self)
        return bundle

    def _repr_html_(self) -> str:
        """The display as HTML, for front ends that ask for nothing else."""
        return str(self._repr_mimebundle_()["text/html"])
