"""The bridge: WASI and Spin's own interfaces, implemented inside Wasm over one flat host interface.

The sources and the built components are here; ``README.md`` says what each is and how to rebuild it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent


def path(name: str) -> Path:
    """Where the component ``wasi2``, ``spin2``, ``wasi3``, ``spin3``, ``driver3`` or ``message3`` lies.

    ``SPINLAB_BRIDGE_DIR`` names another folder than this one, such as that of a rebuild.
    """
    return Path(os.environ.get("SPINLAB_BRIDGE_DIR") or HERE) / f"{name}.wasm"


def read(name: str) -> bytes:
    """The bytes of that component."""
    return path(name).read_bytes()
