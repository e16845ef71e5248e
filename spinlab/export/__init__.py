"""Out of the notebook: an app as a Spin project. The way back is `spinlab.load`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spinlab import lazily

if TYPE_CHECKING:
    from spinlab.export.projects import Exported, describe, project
    from spinlab.export.standalone import bundle

__all__ = ["Exported", "bundle", "describe", "project"]

__getattr__ = lazily.names(
    __name__,
    {
        "Exported": ".projects",
        "bundle": ".standalone",
        "describe": ".projects",
        "project": ".projects",
    },
)
