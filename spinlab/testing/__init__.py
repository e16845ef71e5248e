"""What checks functions: requests kept as tests, the exercises of the lessons, second processes that serve an app."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spinlab.testing.requests.kept import Expected, RequestTest

__all__ = ["Expected", "RequestTest"]

_HOME = "spinlab.testing.requests.kept"


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(_HOME), name)
    globals()[name] = found
    return found
