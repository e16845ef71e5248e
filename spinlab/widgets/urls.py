"""Addresses as displays show them: of a route, as a link."""

from __future__ import annotations

import re
from typing import Any


def example_path(pattern: str) -> str:
    """A path that a route pattern matches, to click on: ``/hello/:name`` gives ``/hello/name``."""
    path = re.sub(r"/?(\.\.\.|\*)$", "", pattern)
    path = re.sub(r":([A-Za-z_][A-Za-z0-9_-]*)", r"\1", path)
    return path if path.startswith("/") else f"/{path}"


class Address(str):
    """A URL that shows itself as a link."""

    __slots__ = ()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        from spinlab.widgets.style import link

        return {"text/plain": str(self), "text/html": str(link(str(self), str(self)))}
