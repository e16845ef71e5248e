"""Out of the notebook: an app as a Spin project. The way back is `spinlab.load`."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spinlab.export.projects import Exported, describe, project
    from spinlab.export.standalone import bundle

__all__ = ["Exported", "bundle", "describe", "project"]

_HOMES = {
    "Exported": "projects",
    "bundle": "standalone",
    "describe": "projects",
    "project": "projects",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found
