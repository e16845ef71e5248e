"""Exercises of the lessons: what is sent to the learner's app, what is expected, and a hint.

`exercise` holds the values, `expecting` the things that can be expected, `checking` tries them; each ``lessonNN`` is
the list of one lesson. `spinlab.check` is what a notebook calls.
"""

from spinlab.testing.lessons.exercise import Ask, Exercise, Expectation, Look, Seen
from spinlab.testing.lessons.expecting import (
    asked,
    contains,
    denied,
    fails,
    file,
    function,
    given,
    granted,
    header,
    json,
    logged,
    quiet,
    status,
    text,
    that,
)
from spinlab.widgets.figure import figure

__all__ = [
    "Ask",
    "Exercise",
    "Expectation",
    "Look",
    "Seen",
    "asked",
    "contains",
    "denied",
    "fails",
    "figure",
    "file",
    "function",
    "given",
    "granted",
    "header",
    "json",
    "logged",
    "quiet",
    "status",
    "text",
    "that",
]
