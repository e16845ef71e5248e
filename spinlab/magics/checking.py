"""The card of an exercise that is not done yet, above the error that a check raises."""

from __future__ import annotations

from IPython.core.getipython import get_ipython
from IPython.display import display

from spinlab.errors import CheckFailed
from spinlab.magics.reporting import render
from spinlab.testing.lessons.verdict import Verdict


def show(verdict: Verdict, failed: CheckFailed) -> None:
    """Show the card under the cell that runs, and let the error be the one line that the card does not have."""
    if get_ipython() is not None:
        display(verdict)  # type: ignore[no-untyped-call]
        failed._render_traceback_ = lambda: render(failed)[:1]  # type: ignore[attr-defined]
