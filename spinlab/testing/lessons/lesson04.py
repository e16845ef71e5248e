"""Lesson 04: what a function may remember, and what it is told from outside."""

from __future__ import annotations

from spinlab.testing.lessons import (
    Ask,
    Exercise,
    Expectation,
    Look,
    Seen,
    asked,
    contains,
    function,
    given,
    granted,
    json,
    status,
    text,
    that,
)

SURVIVE = {"store", "database"}
EVERYBODY = "/born/x'%20or%20'1'='1"
"""A name that is true for each row when it is put into the statement."""


def stored(key: str, least: int = 1) -> Expectation:
    """The answer is a number, and the default store has the same under this key."""

    def came(seen: Seen) -> str:
        kept = seen.app.kv().get(key)
        return f"{seen.response.text.strip()!r}, and " + (
            f"nothing under {key!r} in the store" if kept is None else f"{kept.decode(errors='replace')!r} in the store"
        )

    return that(
        f"a number{f' of at least {least}' if least > 1 else ''}, and the same under {key!r} in the store",
        lambda seen: int(seen.app.kv()[key]) == int(seen.response.text) >= least,
        came,
    )


EXERCISES = (
    Exercise(
        "04.1",
        "What a function forgets",
        (
            Look(given("the number that the third request is answered", lambda number: int(number) == 1)),
            Ask("/counter", text("1")),
        ),
        "Each request gets an instance of its own. Run the cell that asks three times, and compare.",
    ),
    Exercise(
        "04.2",
        "Count votes",
        (
            Look(
                function("votes", route="/votes/:word"),
                granted("votes", "key_value_stores", "default"),
                hint="What a function may touch is said in the first line of its cell; visits, above, has such a line.",
            ),
            Ask("/votes/apples", status(200), stored("apples")),
            Ask("/votes/apples", stored("apples", 2)),
            Ask("/votes/pears", stored("pears"), hint="Each word has a count of its own."),
        ),
        "visits, above, does nearly the same. The key is the word, the value is bytes: a number becomes text first.",
    ),
    Exercise(
        "04.3",
        "Ask the database",
        (
            Ask("/born/ada", json({"name": "ada", "born": 1815})),
            Ask("/born/hedy", json({"name": "hedy", "born": 1914})),
            Ask("/born/nobody", status(404)),
            Ask(
                EVERYBODY,
                status(404),
                hint="The name still becomes part of the statement. The statement is a text that never changes.",
            ),
        ),
        "execute takes the statement and a list of values, one for each question mark.",
    ),
    Exercise(
        "04.4",
        "Change what it says",
        (
            Ask(
                "/greets/ada",
                status(200),
                contains("ada"),
                asked("variable", "greeting"),
                that(
                    "another word than Hello at the beginning",
                    lambda seen: not seen.response.text.startswith("Hello"),
                    lambda seen: seen.response.text.strip(),
                ),
            ),
        ),
        "The line that said Hello can be said once more.",
    ),
    Exercise(
        "04.5",
        "What survives a restart",
        (Look(given("the things that are still there, no more and no fewer", lambda names: set(names) == SURVIVE)),),
        "The other process shows it. What is in a file beside the notebook stays, what is in the kernel's memory goes.",
    ),
)
