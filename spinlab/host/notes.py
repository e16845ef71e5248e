"""Lines of ours for the user, each once in a request."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from spinlab.host.effect import Caller


class Notes:
    """What has been said in which request."""

    def __init__(self) -> None:
        self._said: WeakKeyDictionary[Caller, set[str]] = WeakKeyDictionary()

    def tell(self, call: Caller, line: str) -> None:
        """Write a line to the function's stderr, unless it is empty or stands there already."""
        said = self._said.setdefault(call, set())
        if line and line not in said:
            said.add(line)
            call.note(line)
