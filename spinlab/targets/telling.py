"""Verdicts as lines and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from spinlab.targets.judging import Verdict


def lines(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """One for each target, and below it why not, what makes it run, and what to know."""
    width = max((len(verdict.target.title) for verdict in verdicts), default=0)
    for verdict in verdicts:
        yield f"{verdict.target.title:<{width}}  {'yes' if verdict.runs else 'no'}"
        for reason in verdict.reasons:
            yield f"    {reason.text}"
            if reason.remedy:
                yield f"      -> {reason.remedy}"
        yield from (f"    note: {note}" for note in verdict.notes)


def as_json(verdict: Verdict) -> dict[str, Any]:
    """For programs."""
    return {
        "target": verdict.target.name,
        "title": verdict.target.title,
        "runs": verdict.runs,
        "reasons": [{"text": reason.text, "remedy": reason.remedy} for reason in verdict.reasons],
        "notes": list(verdict.notes),
    }
