"""Lesson 08: an export, what is in it, and what takes it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from spinlab.export import project
from spinlab.testing.lessons import Ask, Exercise, Look, contains, file, function, given, status, that
from spinlab.testing.lessons.exercise import Seen

_COMPONENT = "components/add.wasm"


def _alone() -> bytes:
    return Path("alone", _COMPONENT).read_bytes()


def _is_whole(seen: Seen) -> bool:
    """Whether the one component has the image in it, and is what comes of the cell as it is now."""
    with tempfile.TemporaryDirectory() as folder:
        project(seen.app, folder, components="standalone", only=["add"])
        now = Path(folder, _COMPONENT).read_bytes()
    return bytes(seen.app.functions["add"].build.component) in now and _alone() == now


EXERCISES = (
    Exercise(
        "08.1",
        "Predict the change",
        (Look(given("how many files an edit of add changes", lambda number: int(number) == 1)),),
        "Look at the list of files: which of them depend on what is between the lines of that cell?",
    ),
    Exercise(
        "08.2",
        "One more function",
        (
            Look(function("mul")),
            Ask("/mul/6/7", status(200), contains("42")),
            Ask("/mul/10/11", status(200), contains("110")),
            Look(
                file("shipped/spin.toml", "[component.mul]"),
                hint="mul is live, and not in the folder yet: export into shipped again.",
            ),
        ),
        "add is a good beginning: a name, a route and an operator of its own.",
    ),
    Exercise(
        "08.3",
        "One single file",
        (
            Look(file("alone/spin.toml", _COMPONENT)),
            Look(
                that(
                    "the image and the present source of add in one component",
                    _is_whole,
                    lambda seen: f"another component of {len(_alone()):,} bytes",
                ),
                hint="add has been edited since; export it again.",
            ),
        ),
        "Two options of %spin export: one for the form, one for the function.",
    ),
    Exercise(
        "08.4",
        "Predict the push",
        (Look(given("the file that has to be sent", lambda name: Path(str(name)).parts[-2:] == ("add", "app.py"))),),
        "What the registry has already is not sent again. Which file did the edit of exercise 08.1 change?",
    ),
    Exercise(
        "08.5",
        "The one that is missing",
        (Look(given("one of the six traits", lambda name: "compat" in str(name).lower())),),
        "What did you do with a source before anything ran? A program for Linux has not been through that.",
    ),
)
