"""The six traits of a serverless unit, as a scorecard: four are measured in this process, two are told in words.

The list is that of the Firecracker paper (Agache et al., NSDI 2020), which says what a unit that runs other people's
functions has to be: isolated, without overhead and dense, fast, compatible, quick to switch, softly allocated.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from spinlab.shown import Shown
from spinlab.traits import measuring

__all__ = ["TRAITS", "Scorecard", "Trait", "scorecard"]

TRAITS: Final[Mapping[str, Callable[[], dict[str, float]] | None]] = {
    "isolation": None,
    "overhead and density": measuring.density,
    "performance": measuring.performance,
    "compatibility": None,
    "fast switching": measuring.switching,
    "soft allocation": measuring.soft_allocation,
}
"""Trait -> what measures it, in the order of the paper."""


@dataclass(frozen=True)
class Trait:
    """One of the six.

    Attributes:
        name: As the paper calls it.
        figures: What was measured, in bytes and seconds, by name; empty for a trait that can only be told.
    """

    name: str
    figures: Mapping[str, float] = field(default_factory=dict)

    @property
    def measured(self) -> bool:
        """Whether there are figures."""
        return bool(self.figures)


@dataclass(frozen=True)
class Scorecard(Shown):
    """All six; shows itself with what each figure is compared with and what it does not say.

    Attributes:
        traits: In the order of the paper.
        seconds: What measuring took.
    """

    traits: tuple[Trait, ...]
    seconds: float

    def __getitem__(self, name: str) -> Trait:
        """The trait of that name."""
        found = next((trait for trait in self.traits if trait.name == name), None)
        if found is None:
            raise KeyError(name)
        return found


def scorecard() -> Scorecard:
    """Measure what can be measured, in a few seconds; the functions of the notebook are not touched.

    Returns:
        A display. `Trait.figures` has the numbers, for a plot of one's own.
    """
    began = time.perf_counter()
    traits = tuple(Trait(name, measure() if measure is not None else {}) for name, measure in TRAITS.items())
    return Scorecard(traits, time.perf_counter() - began)
