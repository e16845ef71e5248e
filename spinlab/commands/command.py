"""What a command is: a function of the room it is asked in and of what was asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from spinlab.commands.room import Room
from spinlab.errors import OptionError

T = TypeVar("T")


@dataclass(frozen=True)
class Reply:
    """An answer with bytes beside it.

    Attributes:
        value: What JSON can hold.
        buffers: Bytes that go as they are.
    """

    value: Any
    buffers: Sequence[bytes] = ()


@dataclass(frozen=True)
class Asked:
    """One command as it was asked. Its arguments come from a web page: the getters refuse what is of another kind.

    Attributes:
        arguments: By name.
        buffers: Bytes beside them.
        deadline: Until when it is answered, on the monotonic clock.
        given_up: Set when the deadline has passed, or the front end is gone: nobody waits for the answer any more.
    """

    arguments: Mapping[str, Any] = field(default_factory=dict)
    buffers: Sequence[bytes] = ()
    deadline: float = float("inf")
    given_up: threading.Event = field(default_factory=threading.Event)

    @property
    def seconds(self) -> float:
        """How long there is until the deadline."""
        return max(0.0, self.deadline - time.monotonic())

    def text(self, name: str, default: str | None = None) -> str:
        """A text; one that has to be there when there is no default.

        Raises:
            OptionError: It is not there, or no text.
        """
        return self._of(str, "a text", name, default)

    def number(self, name: str, default: int | None = None, *, least: int = 0, most: int = 1 << 53) -> int:
        """A whole number from `least` to `most`.

        Raises:
            OptionError: It is not there, no whole number, or out of its bounds.
        """
        found = self._of(int, "a whole number", name, default)
        if isinstance(found, bool) or not least <= found <= most:
            raise OptionError(f"{name} is a whole number from {least} to {most}, not {found!r}")
        return found

    def flag(self, name: str, default: bool = False) -> bool:
        """A truth value.

        Raises:
            OptionError: It is something else.
        """
        return self._of(bool, "true or false", name, default)

    def pairs(self, name: str) -> list[tuple[str, str]]:
        """A list of pairs of texts, such as headers; empty when it is not there.

        Raises:
            OptionError: It is something else.
        """
        found = self._of(list, "a list of pairs", name, [])
        for pair in found:
            if not (isinstance(pair, list) and len(pair) == 2 and all(isinstance(x, str) for x in pair)):
                raise OptionError(f"{name} is a list of pairs of texts, and one of them is {pair!r}")
        return [(first, second) for first, second in found]

    def texts(self, name: str) -> list[str]:
        """A list of texts; empty when it is not there.

        Raises:
            OptionError: It is something else.
        """
        found = self._of(list, "a list of texts", name, [])
        for one in found:
            if not isinstance(one, str):
                raise OptionError(f"{name} is a list of texts, and one of them is {one!r:.100}")
        return found

    def _of(self, kind: type[T], words: str, name: str, default: T | None) -> T:
        found = self.arguments.get(name, default)
        if not isinstance(found, kind):
            what = "is missing" if found is None else f"is {words}, not {found!r:.100}"
            raise OptionError(f"{name} {what}")
        return found


Command = Callable[[Room, Asked], Any]
"""Answers what JSON can hold, or a `Reply`. Raises a `SpinError` that the front end shows."""
