"""Lesson 01: a first function."""

from __future__ import annotations

from spinlab.testing.lessons import Ask, Exercise, Look, function, given, json, logged, status, text

EXERCISES = (
    Exercise(
        "01.1",
        "Predict the status of a path that nobody answers",
        (
            Look(given("the status of GET /helo/ada as a number", lambda value: isinstance(value, int))),
            Ask("/helo/ada", status(404), given("the status that came back", lambda value: value == 404)),
        ),
        "You have met it in every browser: the page that is not there.",
    ),
    Exercise(
        "01.2",
        "A function of your own",
        (
            Look(function("shout", route="/shout/:word"), hint="Run the cell that begins with %%spin shout."),
            Ask("/shout/hey", status(200), text("HEY!")),
            Ask("/shout/spin", text("SPIN!"), logged("spin"), hint="print works as everywhere in Python."),
        ),
        "A text has a method that makes it upper case; + joins two texts.",
    ),
    Exercise(
        "01.3",
        "The caller's mistake is a 400",
        (
            Ask("/add/2/3", status(200), json({"sum": 5})),
            Ask("/add/2/x", status(400), hint="int() raises ValueError when the text is no number: catch it."),
            Ask("/add/x/2", status(400), hint="The first of the two may be wrong as well."),
        ),
        "/add/2/3 has to answer as before: a dictionary with the sum.",
    ),
    Exercise(
        "01.4",
        "Back to the plain text",
        (Ask("/hello/ada", status(200), text("Hello, ada!")), Ask("/hello/grace", text("Hello, grace!"))),
        "%spin undo takes the name of a function. More than once is too far: run the cell you want again.",
    ),
)
