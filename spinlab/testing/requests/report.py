"""What came of tests: each with each place that was asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from spinlab.http import Response
from spinlab.testing.lessons.expecting import body
from spinlab.testing.lessons.verdict import Found
from spinlab.testing.requests.kept import RequestTest


@dataclass(frozen=True)
class Outcome:
    """One test at one place.

    Attributes:
        test: What was asked and expected.
        place: Who was asked, such as ``kernel`` or an address.
        found: Each expectation; empty when there was no answer.
        response: The answer; None when there was none.
        error: Why there was none.
        skipped: Why it was not asked; empty when it was.
    """

    test: RequestTest
    place: str
    found: tuple[Found, ...] = ()
    response: Response | None = None
    error: str = ""
    skipped: str = ""

    @property
    def passed(self) -> bool:
        """Whether there was an answer and all is as expected, or nothing was asked."""
        return bool(self.skipped) or (self.response is not None and all(one.holds for one in self.found))

    @property
    def seconds(self) -> float:
        """How long the answer took."""
        return self.response.elapsed if self.response is not None else 0.0

    @property
    def came(self) -> str:
        """What came back, in a line."""
        if self.response is None:
            return self.error
        kind = self.response.headers.get("content-type")
        return f"{self.response.status}, {body(self.response)}" + (f" as {kind}" if kind else "")

    @property
    def wrong(self) -> tuple[str, ...]:
        """Each expectation that does not hold, with what there is instead."""
        if self.response is None:
            return (self.error,)
        return tuple(f"expected {one.words}, found {one.came}" for one in self.found if not one.holds)


@dataclass(frozen=True)
class Report:
    """What came of tests; displays itself as a table, a column for each place.

    Attributes:
        app: Name of the app.
        places: Who was asked, in order.
        outcomes: Test by test, in the order of the places.
    """

    app: str
    places: tuple[str, ...]
    outcomes: tuple[Outcome, ...]

    @property
    def passed(self) -> bool:
        """Whether every test passed everywhere."""
        return all(one.passed for one in self.outcomes)

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """Those that did not pass."""
        return tuple(one for one in self.outcomes if not one.passed)

    @property
    def summary(self) -> str:
        """How many passed, in words."""
        tests = list(self.tests())
        bad = sum(1 for test in tests if not all(one.passed for one in test))
        count = f"{len(tests)} test{'' if len(tests) == 1 else 's'}"
        where = f" at {' and '.join(self.places)}"
        skipped = Counter(one.place for one in self.outcomes if one.skipped)
        where += "".join(f"; {number} not asked at {place}" for place, number in skipped.items())
        return f"{bad} of {count} failed{where}" if bad else f"{count} passed{where}"

    def tests(self) -> Iterator[tuple[Outcome, ...]]:
        """The outcomes of each test."""
        width = len(self.places)
        for at in range(0, len(self.outcomes), width):
            yield self.outcomes[at : at + width]

    def differing(self) -> tuple[tuple[Outcome, ...], ...]:
        """The tests that were not answered alike everywhere: status, content type or body differ."""
        return tuple(test for test in self.tests() if len({_answer(one) for one in test if not one.skipped}) > 1)

    def __repr__(self) -> str:
        return str(self._repr_mimebundle_()["text/plain"])

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        """The table in every form (IPython's protocol); displays stand above values, so it is looked up by name."""
        shown: dict[str, Any] = import_module("spinlab.widgets.report").report(self)._repr_mimebundle_()
        return shown


def _answer(outcome: Outcome) -> tuple[object, ...]:
    if outcome.response is None:
        return (outcome.error,)
    return outcome.response.status, outcome.response.headers.get("content-type"), outcome.response.body
