"""Lesson 08: requests kept as tests, an artifact, resources of a cluster, and a deployment."""

from __future__ import annotations

from pathlib import Path

from spinlab.deploying.at import client
from spinlab.http import Response
from spinlab.session import session
from spinlab.testing.lessons import Ask, Exercise, Look, contains, file, function, given, status, that
from spinlab.testing.lessons.exercise import Seen

_HEALTH = "/.well-known/spin/health"


def _keeps_a_refusal(seen: Seen) -> bool:
    """Whether a kept request is one of words to add, expects the refusal with its text, and gets it."""
    kept = [
        name
        for name, test in seen.app.tests.items()
        if test.path.startswith("/add/") and test.expected.status == 400 and test.expected.text is not None
    ]
    return bool(kept) and seen.app.tests.run(*kept).passed


def _kept(seen: Seen) -> str:
    told = [f"{name}: {test.path}, {test.expected.status}" for name, test in seen.app.tests.items()]
    return "kept: " + ("; ".join(told) or "nothing")


def _deployed(seen: Seen, path: str) -> Response:
    """What the deployment on this machine answers."""
    place = Path(session.notebook)
    folder = place if session.notebook.endswith("/") else place.parent
    with client("local", seen.app.name, folder) as there:
        return there.get(path)


def _answers(seen: Seen) -> str:
    there = _deployed(seen, "/mul/6/7")
    return f"status {there.status}, {there.text.strip()!r}"


EXERCISES = (
    Exercise(
        "08.1",
        "What must not go well",
        (Look(that("a kept request to add that is refused, with its status and text", _keeps_a_refusal, _kept)),),
        "As the request above it: --expect, --expect-text and --keep. Ask without them first, and see what comes.",
    ),
    Exercise(
        "08.2",
        "Predict the push",
        (Look(given("how many layers will be sent", lambda number: int(number) == 2)),),
        "What the registry has already is not sent again. Where is the line that changes, and which layer names it?",
    ),
    Exercise(
        "08.3",
        "Three of them",
        (
            Look(file("cluster.yaml", "kind: SpinApp", "registry.example.com/team/calculator:1.1")),
            Look(file("cluster.yaml", "replicas: 3"), hint="How many pods? An option of its own says so."),
            Look(file("cluster.yaml", _HEALTH), hint="Nobody asks these pods for their health yet."),
            Look(file("cluster.yaml", "kind: Secret"), hint="The variable is missing: key asks for it."),
        ),
        "The line that you have seen, with three options more: for the number, for the health, for the file.",
    ),
    Exercise(
        "08.4",
        "One more function",
        (
            Look(function("mul")),
            Ask("/mul/6/7", status(200), contains("42")),
            Ask("/mul/10/11", status(200), contains("110")),
            Look(
                that("42 of /mul/6/7 at local", lambda seen: "42" in _deployed(seen, "/mul/6/7").text, _answers),
                hint="mul is live in the kernel, and not in the deployment yet: deploy once more.",
            ),
        ),
        "add is a good beginning: a name, a route and an operator of its own.",
    ),
    Exercise(
        "08.5",
        "The one that is missing",
        (Look(given("one of the six traits", lambda name: "compat" in str(name).lower())),),
        "What did you do with a source before anything ran? A program for Linux has not been through that.",
    ),
)
