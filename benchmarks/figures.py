"""Timing and the table. Medians, because machines are noisy; ratios against a baseline of the same run."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field


def median_ms(work: Callable[[], object], *, seconds: float = 1.5, warm: int = 10, least: int = 20) -> float:
    """Median milliseconds of one call, over about `seconds`."""
    for _ in range(warm):
        work()
    taken: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(taken) < least:
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return 1e3 * statistics.median(taken)


@dataclass
class Table:
    """Rows of figures under one heading, printed as they come."""

    title: str
    rows: list[tuple[str, ...]] = field(default_factory=list)

    def __post_init__(self) -> None:
        print(f"\n{self.title}\n{'-' * len(self.title)}", flush=True)

    def row(self, what: str, value: float, unit: str, baseline: str = "", base: float | None = None) -> None:
        """One figure, and its ratio to a baseline measured in this run."""
        text = f"{what:<58} {value:>10.3f} {unit:<6}"
        if base:
            text += f" {value / base:>6.2f} x {baseline} ({base:.3f} {unit})"
        self.rows.append((what, f"{value:.3f}", unit, baseline))
        print(text, flush=True)

    def note(self, text: str) -> None:
        """A line that is no figure."""
        print(text, flush=True)


@dataclass
class Grid:
    """Rows of figures under the same headings, printed as they come.

    Parameters:
        title: Above the table.
        heads: Of the columns, after that of the names.
    """

    title: str
    heads: Sequence[str]

    def __post_init__(self) -> None:
        heads = "".join(f"{head:>10}" for head in self.heads)
        print(f"\n{self.title}\n{'-' * len(self.title)}\n{'':<28}{heads}", flush=True)

    def row(self, name: str, values: Sequence[float | None]) -> None:
        """The figures of one name; None where there is none."""
        print(f"{name:<28}" + "".join(f"{_short(value):>10}" for value in values), flush=True)

    def note(self, text: str) -> None:
        """A line that is no figure."""
        print(text, flush=True)


def _short(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}" if value < 100 else f"{value:.0f}"
