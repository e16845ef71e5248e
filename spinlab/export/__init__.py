"""Out of the notebook: an app as a Spin project, and an exported project back to run it here."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spinlab.export.projects import Exported, describe, project
    from spinlab.export.reload import Project, load_project
    from spinlab.export.standalone import bundle

__all__ = ["Exported", "Project", "bundle", "describe", "load_project", "project"]

_HOMES = {
    "Exported": "projects",
    "Project": "reload",
    "bundle": "standalone",
    "describe": "projects",
    "load_project": "reload",
    "project": "projects",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found
