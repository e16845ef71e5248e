"""Lesson 02: one app in many languages."""

from __future__ import annotations

from spinlab.testing.lessons import Ask, Exercise, Look, Seen, contains, function, given, header, status, text, that


def _times_larger(seen: Seen) -> float:
    return seen.app["add"].sizes.component / seen.app["answer"].sizes.component


def _near(seen: Seen) -> bool:
    return bool(_times_larger(seen) / 10 <= float(seen.given) <= _times_larger(seen) * 10)


def _how_far(seen: Seen) -> str:
    add, answer = seen.app["add"].sizes.component, seen.app["answer"].sizes.component
    return f"{seen.given}, but add has {add:,} bytes and answer {answer:,}: {_times_larger(seen):,.0f} times"


EXERCISES = (
    Exercise(
        "02.1",
        "The remainder, in JavaScript",
        (
            Look(
                function("mod", language="javascript", route="/mod/:a/:b"),
                hint="Run the cell that begins with %%spin javascript mod.",
            ),
            Ask("/mod/17/5", status(200), text("17 mod 5 = 2")),
            Ask("/mod/9/4", text("9 mod 4 = 1")),
            Ask("/mod/1/0", status(400), hint="Look at b before you divide."),
        ),
        "A text in backticks takes values: `${a} mod ${b} = ...`",
    ),
    Exercise(
        "02.2",
        "A button for mod",
        (
            Ask("/", status(200), header("content-type", "text/html"), contains("<button")),
            Ask("/", contains('value="mod"')),
        ),
        "A button's value is the first part of the path that its click asks for.",
    ),
    Exercise(
        "02.3",
        "Predict the sizes",
        (
            Look(given("a number", lambda value: isinstance(value, (int, float)))),
            Look(that("a guess that is not off by more than a factor of ten", _near, _how_far)),
        ),
        "An interpreter with its library has tens of megabytes; a few lines of WebAssembly have kilobytes.",
    ),
)
