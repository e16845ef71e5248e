"""Lesson 03: what a function may touch."""

from __future__ import annotations

from typing import Any

from spinlab.testing.lessons import (
    Ask,
    Exercise,
    Look,
    asked,
    contains,
    denied,
    fails,
    function,
    given,
    granted,
    json,
    quiet,
    status,
    that,
)

ATTEMPTS = 11
"""How many the burglar makes when one was added."""


def _all_failed(answers: Any) -> bool:
    """a dictionary of attempts, none of which worked"""
    return bool(answers) and not any(str(answer).startswith("WORKED") for answer in answers.values())


def _one_more(answers: Any) -> bool:
    """one attempt more than there were"""
    return len(answers) >= ATTEMPTS


EXERCISES = (
    Exercise(
        "03.1",
        "Predict what a grant for https lets through",
        (
            Look(given("True or False", lambda value: isinstance(value, bool))),
            Ask(
                "/forecast",
                denied("http://127.0.0.1"),
                hint="Run the cell that takes the grant back and gives the other one, then this check again.",
            ),
            Look(given("what happened: it was denied", lambda value: value is False)),
        ),
        "A grant names a scheme, a host and a port. Which of the three is another one now?",
    ),
    Exercise(
        "03.2",
        "The grant that the counter needs",
        (
            Look(function("counter", route="/count")),
            Ask("/count", status(200), quiet(), contains("called"), asked("key-value store")),
            Look(
                granted("counter", "key_value_stores", "default"),
                granted("counter", "allowed_outbound_hosts"),
                hint="It needs the store and nothing else.",
            ),
        ),
        "%spin get /count names what was denied and the option that grants it.",
    ),
    Exercise(
        "03.3",
        "Break out",
        (
            Look(function("burglar"), hint="Run the cell that begins with %%spin burglar."),
            Ask("/burglar", status(200), json(_all_failed), json(_one_more)),
        ),
        "An attempt is a line like those above it: a name, a colon, a lambda, a comma. One that worked has found "
        "something that the sandbox has of its own: try something of this machine.",
    ),
    Exercise(
        "03.4",
        "Stop the miner",
        (
            Look(
                function("miner"),
                that(
                    "a limit of 2 seconds at most",
                    lambda seen: seen.app["miner"].function.limits.timeout <= 2,
                    lambda seen: f"{seen.app['miner'].function.limits.timeout:g} seconds",
                ),
            ),
            Ask("/miner", status(504), fails("timeout")),
        ),
        "The option is followed by a time with its unit, such as 500ms.",
    ),
)
