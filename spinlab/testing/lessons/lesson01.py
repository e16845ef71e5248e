"""Lesson 01: a first function."""

from __future__ import annotations

from spinlab.testing.lessons import Ask, Exercise, Look, contains, function, status

EXERCISES = (
    Exercise(
        "01.1",
        "A function of your own",
        (
            Look(function("greet", route="/greet/:name")),
            Ask("/greet/ada", status(200), contains("ada")),
            Ask("/greet/grace", contains("grace"), hint="The name comes with each request: request.params has it."),
        ),
        "The cell begins with %%spin greet and says which paths it answers.",
    ),
)
