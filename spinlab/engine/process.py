"""The one engine that a process normally has."""

from __future__ import annotations

import atexit
import threading

from spinlab.engine.engine import Engine

_lock = threading.Lock()
_engine: Engine | None = None


def default_engine() -> Engine:
    """The engine of this process, made at the first call and closed at its end."""
    global _engine
    with _lock:
        if _engine is None:
            _engine = Engine()
            atexit.register(_engine.close)
        return _engine
