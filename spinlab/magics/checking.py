"""The card of an exercise that is not done yet, above the error that a check raises."""

from __future__ import annotations

from IPython.core.getipython import get_ipython
from IPython.display import display

from spinlab.testing.lessons.verdict import Verdict


def show(verdict: Verdict) -> None:
    """Show the card under the cell that runs; nothing where there is no cell."""
    if get_ipython() is not None:
        display(verdict)  # type: ignore[no-untyped-call]
