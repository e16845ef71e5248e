"""The values that cross between a guest's operation and the capability that serves it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Protocol

from spinlab.host.files import Files
from spinlab.http import Denied

PENDING, DONE, END, ERROR = 0, 1, 2, 3
"""What became of an effect, as it crosses to the guest."""


@dataclass(frozen=True)
class Result:
    """The answer to an operation.

    Attributes:
        status: `DONE`, `END` (of a stream) or `ERROR`.
        head: Text of the answer; the name of the error, as the WIT interface calls it.
        data: Bytes of the answer; the message of an error.
    """

    status: int = DONE
    head: str = ""
    data: bytes = b""

    @classmethod
    def error(cls, name: str, message: str = "") -> Result:
        """A failure called `name` in the guest's interface."""
        return cls(ERROR, name, message.encode())


class Effect:
    """An operation that is under way; any thread may finish it, the guest's thread takes the result.

    Parameters:
        stream: True when the guest goes on using the effect's id after it took the result.
    """

    def __init__(self, *, stream: bool = False) -> None:
        self.stream = stream
        self._lock = Lock()
        self._result: Result | None = None
        self._on_finished: Callable[[], None] | None = None

    def finish(self, result: Result) -> None:
        """Set the result; a second one is ignored."""
        with self._lock:
            if self._result is not None:
                return
            self._result = result
            call = self._on_finished
        if call:
            call()

    def peek(self) -> Result | None:
        """The result, or None while there is none."""
        return self._result

    def watch(self, on_finished: Callable[[], None]) -> None:
        """Call `on_finished` (from any thread, without a lock held) when the result is there; now if it already is."""
        with self._lock:
            if self._result is None:
                self._on_finished = on_finished
                return
        on_finished()

    def cancel(self) -> None:
        """Nobody wants the result any more. Capabilities that hold something override this."""


class Caller(Protocol):
    """The request on whose behalf a guest asks, as a capability sees it."""

    @property
    def name(self) -> str:
        """The function's name."""
        ...

    @property
    def files(self) -> Files:
        """What is mounted for it."""
        ...

    @property
    def loading(self) -> bool:
        """True while the function's code is being loaded, before there is a request."""
        ...

    def deny(self, denied: Denied, hint: str) -> None:
        """Remember a denial and write `hint` to the function's stderr."""
        ...

    def note(self, text: str) -> None:
        """Write lines of ours to the function's stderr."""
        ...

    def effect(self, number: int) -> Effect | None:
        """The effect with that number, for operations on a stream."""
        ...


Capability = Callable[[str, str, bytes, Caller], Result | Effect]
"""Serves one family of operations: ``(operation, arguments, data, caller)``. Must not block."""
