"""`spinlab.check`: tries an exercise on the current app and says what was sent, what came back, what was expected."""

from __future__ import annotations

import difflib
import pkgutil
import re
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from spinlab.errors import CheckFailed, OptionError, SpinError
from spinlab.session import current_app, session
from spinlab.testing import lessons
from spinlab.testing.lessons.exercise import Exercise, Step
from spinlab.testing.lessons.expecting import body
from spinlab.testing.lessons.verdict import Tried, Verdict, found

if TYPE_CHECKING:
    from spinlab.app import App

FOUND = 100
"""Characters of what was found that the error shows."""


def check(exercise: str, given: Any = None) -> Verdict:
    """Try an exercise of a lesson on the current app.

    Parameters:
        exercise: Its id, such as ``02.1``.
        given: What the exercise asks the learner for: a prediction, a measurement.

    Returns:
        What was sent, what came back and what was expected, as a card.

    Raises:
        OptionError: There is no such exercise.
        CheckFailed: It is not done yet; a notebook shows the card as well.
    """
    try:
        verdict = judge(find(exercise), given)
    except SpinError as error:
        raise _short(error) from None
    if verdict.passed:
        return verdict
    tried = verdict.tried[-1]
    wrong = next(one for one in tried.found if not one.holds)
    where = tried.sent.splitlines()[0] + ": " if tried.sent else ""
    failed = CheckFailed(
        f"{verdict.exercise.id} is not done yet: {where}expected {wrong.words}, found {_cut(wrong.came)}",
        hint=verdict.hint,
    )
    if "IPython" in sys.modules:
        from spinlab.magics.checking import show

        show(verdict, failed)
    raise failed


def _cut(came: str) -> str:
    """The error is one line; the card has all of it."""
    line = came.partition("\n")[0]
    return line if line == came and len(line) <= FOUND else f"{line[:FOUND]}..."


def judge(exercise: Exercise, given: Any = None) -> Verdict:
    """Try an exercise, up to the first step that is not as expected."""
    tried: list[Tried] = []
    for step in exercise.steps:
        tried.append(_try(step, given))
        if not tried[-1].holds:
            return Verdict(exercise, tuple(tried), step.hint or exercise.hint)
    return Verdict(exercise, tuple(tried))


def find(exercise: str) -> Exercise:
    """The exercise of an id.

    Raises:
        OptionError: There is none; the nearest ids are named.
    """
    wanted = str(exercise).strip()
    known = {one.id: one for lesson in _lessons(wanted) for one in lesson}
    if wanted in known:
        return known[wanted]
    known = {one.id: one for lesson in _lessons() for one in lesson}
    near = difflib.get_close_matches(wanted, known, n=3, cutoff=0.5) or list(known)[:3]
    raise OptionError(
        f"there is no exercise {wanted!r}",
        hint="; ".join(f'spinlab.check("{one}") is: {known[one].title}' for one in near),
    )


def _lessons(exercise: str = "") -> list[tuple[Exercise, ...]]:
    """The exercises of each lesson, or of that lesson alone that an id names."""
    names = [one.name for one in pkgutil.iter_modules(lessons.__path__) if re.fullmatch(r"lesson\d\d", one.name)]
    if exercise:
        names = [name for name in names if name == f"lesson{exercise[:2]}"]
    return [import_module(f"{lessons.__name__}.{name}").EXERCISES for name in sorted(names)]


def _try(step: Step, given: Any) -> Tried:
    app = _app(step.app)
    seen = step.seen(app, given)
    came = f"{seen.response.status}, {body(seen.response)}" if step.words else ""
    return Tried(step.words, came, tuple(found(one, seen) for one in step.expected))


def _app(name: str) -> App:
    if not name:
        return current_app()
    if name not in session.apps:
        raise CheckFailed(f"there is no app {name} yet", hint=f"%spin app {name}")
    return session.apps[name]


def _short(error: SpinError) -> SpinError:
    """The error in the short form that magics show, where there is a notebook to show it."""
    if "IPython" in sys.modules:
        from spinlab.magics.reporting import attach

        attach(error)
    return error
