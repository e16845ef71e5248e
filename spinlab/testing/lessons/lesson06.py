"""Lesson 06: thousands of functions, tenants, and a neighbour that runs wild."""

from __future__ import annotations

from spinlab.function import MIB
from spinlab.testing.lessons import Ask, Exercise, Expectation, Look, Seen, fails, given, status, text, that

FIRST, SECOND = "tenant-a", "tenant-b"
CLOSE = 0.01
"""How far a computed number may be from the exact one, as a part of it."""


def fits(given: tuple[float, float, float, float]) -> bool:
    """Whether a number of functions is what a node has room for."""
    fit, node, base, each = given
    exact = (node - base) / each
    return abs(fit - exact) <= CLOSE * exact


def bounded(name: str, *, seconds: float, memory: int) -> Expectation:
    """A request to the function may take just so much."""

    def came(seen: Seen) -> str:
        limits = seen.app[name].function.limits
        return f"{limits.timeout:g} s and {limits.memory / MIB:g} MiB"

    return that(
        f"{name} bounded to {seconds:g} s and {memory / MIB:g} MiB",
        lambda seen: (
            (seen.app[name].function.limits.timeout, seen.app[name].function.limits.memory) == (seconds, memory)
        ),
        came,
    )


EXERCISES = (
    Exercise(
        "06.1",
        "What does one more cost?",
        (Look(given("what a function takes that nobody asks", lambda size: size == "under 200 KB")),),
        "An image is loaded once for all. The last cell before this one prints what was measured.",
    ),
    Exercise(
        "06.2",
        "A whole node",
        (Look(given("a number of functions that fills the node, and not more", fits)),),
        "What the kernel takes without them is gone already; the rest is shared by the functions.",
    ),
    Exercise(
        "06.3",
        "Who sees what?",
        (
            Ask("/colour", text("red"), app=FIRST),
            Ask("/colour", text("nothing"), app=SECOND),
            Look(given("the answer of the second tenant", lambda answer: answer == "nothing")),
        ),
        "The printed list has the answers of both. A label is a name within one app.",
    ),
    Exercise(
        "06.4",
        "Bound it",
        (
            Look(
                bounded("greedy", seconds=1, memory=32 * MIB),
                app=SECOND,
                hint="Two options with their values belong into the first line of the cell; %%spin --help lists them.",
            ),
            Ask("/greedy/spin", status(504), fails("timeout limit of 1 s"), app=SECOND),
            Ask("/greedy/hog", status(500), fails("memory limit of 32 MiB"), app=SECOND),
        ),
        "Leave the code as it is: a limit holds whatever the code does.",
    ),
)
