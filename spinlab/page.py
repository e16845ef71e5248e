"""The notebook's page, as it says of itself: the only source that is right behind any proxy, hub or tunnel."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

_BASE = re.compile(r"/([\w.~@%:!$&'()*+,;=-]+/)*")
_HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[\w.~-]+)(:[0-9]{1,5})?", re.ASCII)


@dataclass(frozen=True)
class Page:
    """Where the user's browser has the notebook from.

    Attributes:
        base_url: The Jupyter server's base path, beginning and ending with ``/``.
        host: Its host as the browser knows it, lower case, with the port when it is not the scheme's own.
    """

    base_url: str
    host: str


def page_of(base_url: Any, host: Any) -> Page | None:
    """A page by what it told; None when that is not an address."""
    if not (isinstance(base_url, str) and isinstance(host, str)):
        return None
    slashed = base_url if base_url.endswith("/") else f"{base_url}/"
    if not (_BASE.fullmatch(slashed) and _HOST.fullmatch(host)):
        return None
    return Page(slashed, host.lower())
