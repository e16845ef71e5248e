"""Where spinlab keeps what it made and can make again."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from platformdirs import user_cache_path

VARIABLE: Final = "SPINLAB_CACHE_DIR"


def cache_dir() -> Path:
    """The folder of spinlab's cache: `SPINLAB_CACHE_DIR` when set, else the user's cache folder."""
    chosen = os.environ.get(VARIABLE)
    return Path(chosen).expanduser().absolute() if chosen else user_cache_path("spinlab", appauthor=False)
