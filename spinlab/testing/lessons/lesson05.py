"""Lesson 05: cold starts, sizes, and the speed of code."""

from __future__ import annotations

from spinlab.testing.lessons import Ask, Exercise, Look, function, given, status, text

WITHIN = 5
"""Factor by which an estimate of a speed may be off."""

EXERCISES = (
    Exercise(
        "05.1",
        "Which one starts first?",
        (
            Ask("/hello-python", text("hello")),
            Ask("/hello-javascript", text("hello")),
            Ask("/hello-wat", text("hello")),
            Look(given("the name of the quickest", lambda name: name == "hello-wat")),
        ),
        "Think of what has to be there before the first line of each can run.",
    ),
    Exercise(
        "05.2",
        "In the time of one process",
        (Look(given("a number of instances, more than one", lambda number: number > 1)),),
        "Both times are in the dictionary, in the same unit. Which of them is the longer one?",
    ),
    Exercise(
        "05.3",
        "One more",
        (
            Ask("/again", text("hello again")),
            Look(given("what a second Python function adds", lambda size: size == "under 1 KB")),
        ),
        "Compare the digests of the two components, and the lengths of the two sources.",
    ),
    Exercise(
        "05.4",
        "Count primes",
        (
            Look(function("primes-python", language="python", route="/primes-python/:below")),
            Ask("/primes-python/10", status(200), text("4")),
            Ask("/primes-python/100", text("25")),
            Ask("/primes-python/2", text("0"), hint="The number itself is not below itself."),
            Ask("/primes-python/200000", text("17984"), hint="It is right for small numbers; this one needs a sieve."),
        ),
        "Begin with 2. What is not crossed out when you come to it is a prime; cross out its multiples.",
    ),
    Exercise(
        "05.5",
        "In one number",
        (
            Look(
                given(
                    f"your number and the measured one, one within {WITHIN} times the other",
                    lambda pair: max(pair) <= WITHIN * min(pair),
                )
            ),
        ),
        "Look at the bars: is it one, ten or a hundred times?",
    ),
)
