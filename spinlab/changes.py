"""Who wants to know when something of an app changes: its functions, or the requests that it answered."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

FUNCTIONS: Final = "functions"
"""A function was added, replaced, granted something or removed."""
REQUESTS: Final = "requests"
"""A request is over."""
STORES: Final = "stores"
"""What stands behind the grants is another one, or its user has written to it."""

Listener = Callable[[str], None]
"""Told what changed, from any thread, with locks of the app held: it must be quick and may not ask the app."""


class Changes:
    """The listeners of one app. Thread-safe; telling costs nothing while nobody listens."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: tuple[Listener, ...] = ()

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Tell `listener` from now on, until what is returned is called."""
        with self._lock:
            self._listeners = (*self._listeners, listener)
        return lambda: self._forget(listener)

    def _forget(self, listener: Listener) -> None:
        with self._lock:
            self._listeners = tuple(x for x in self._listeners if x is not listener)

    def tell(self, what: str) -> None:
        """Tell everybody that `what` changed."""
        for listener in self._listeners:
            listener(what)
