"""What came of trying an exercise."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from spinlab.errors import SpinError
from spinlab.testing.lessons.exercise import Exercise, Expectation, Seen

_NOT_SO = (LookupError, TypeError, ValueError, AttributeError, OSError, SpinError)


@dataclass(frozen=True)
class Found:
    """One expectation and what there was.

    Attributes:
        words: What was expected.
        holds: Whether it was so.
        came: What there was instead; empty when it was so.
    """

    words: str
    holds: bool
    came: str = ""


def found(expectation: Expectation, seen: Seen) -> Found:
    """Whether an expectation holds, and what there is instead."""
    try:
        if expectation.holds(seen):
            return Found(expectation.words, True)
    except _NOT_SO:
        pass  # `came` says what there is instead
    try:
        return Found(expectation.words, False, expectation.came(seen))
    except _NOT_SO as error:
        return Found(expectation.words, False, str(error) or type(error).__name__)


@dataclass(frozen=True)
class Tried:
    """One step that was tried.

    Attributes:
        sent: The request; empty when nothing was sent.
        came: What came back; empty when nothing was sent.
        found: Each expectation.
    """

    sent: str
    came: str
    found: tuple[Found, ...]

    @property
    def holds(self) -> bool:
        """Whether all was as expected."""
        return all(one.holds for one in self.found)


@dataclass(frozen=True)
class Verdict:
    """An exercise that was tried; displays itself as a card.

    Attributes:
        exercise: What was tried.
        tried: Its steps up to the first that failed.
        hint: What to look at; empty when all was as expected.
    """

    exercise: Exercise
    tried: tuple[Tried, ...]
    hint: str = ""

    @property
    def passed(self) -> bool:
        """Whether all steps were as expected."""
        return not self.hint

    def __repr__(self) -> str:
        return str(self._repr_mimebundle_()["text/plain"])

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        """The card in every form (IPython's protocol); displays stand above values, so it is looked up by name."""
        bundle: dict[str, Any] = import_module("spinlab.widgets.verdict").verdict(self)._repr_mimebundle_()
        return bundle
