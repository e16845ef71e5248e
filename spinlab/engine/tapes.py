"""What may stand between one guest and the world: a tape that writes down what crosses, or answers in its place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from spinlab.errors import CallError
from spinlab.host import Caller, Effect, Host, Result


class Guest(Caller, Protocol):
    """A guest as a tape sees it."""

    def stop(self, error: CallError) -> None:
        """Make the guest stop, with `error` as the outcome."""
        ...


class Tape(Protocol):
    """Asked in place of the clocks, the random numbers and the host, on the guest's thread.

    Each method is told the guest; it is `loading` while its code is loaded, before the request.
    """

    def wall(self, guest: Guest) -> int:
        """Nanoseconds since the epoch."""
        ...

    def mono(self, guest: Guest) -> int:
        """Nanoseconds on the monotonic clock."""
        ...

    def random(self, count: int, guest: Guest) -> bytes:
        """Random bytes."""
        ...

    def start(self, op: str, args: str, data: bytes, guest: Guest, host: Host) -> Result | Effect:
        """Begin an operation; `host` is the one that would."""
        ...

    def look(self, effect: Effect, result: Result | None) -> Result | None:
        """The guest looks whether an effect has its result, at once or later."""
        ...

    def waits(self, effects: Sequence[Effect | None], until: int, guest: Guest) -> int:
        """The guest is about to wait for some effects; until when it waits in truth."""
        ...

    def woke(self) -> None:
        """It has waited."""
        ...

    def received(self, piece: bytes, *, last: bool = False) -> None:
        """A piece of the request's body has arrived."""
        ...
