"""Requests as tests: what a call says that it expects and keeps, and the verb that runs what is kept."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from spinlab.errors import CheckFailed, OptionError, SpinError
from spinlab.http import Headers, Response
from spinlab.magics.desk import Desk
from spinlab.magics.options import Arguments, Option, Positional
from spinlab.magics.quantities import header
from spinlab.magics.verbs.verb import verb

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from spinlab.client import Client
    from spinlab.testing.requests.kept import Expected
    from spinlab.testing.requests.report import Report
    from spinlab.widgets.display import Display


def _status(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 100 <= int(text) <= 599):
        raise ValueError("a status is a number from 100 to 599")
    return int(text)


def _json(text: str) -> str:
    try:
        json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"this is not JSON ({error}); quote it as one word: --expect-json '{{\"a\": 1}}'") from None
    return text


EXPECT = (
    Option(("--expect",), "The status that the answer must have.", "STATUS", convert=_status),
    Option(("--expect-json",), "The JSON that its body must be.", "JSON", convert=_json),
    Option(("--expect-header",), "A header and a part of its value.", "'NAME: VALUE'", many=True, convert=header),
    Option(("--expect-text",), "The text that its body must be.", "TEXT"),
    Option(("--expect-contains",), "A part of its body.", "TEXT", many=True),
    Option(("--keep",), "Keep request and expectations as a test, for %spin test and the export.", "NAME"),
)
"""What every call takes."""

_KEYS = ("expect", "expect_header", "expect_text", "expect_contains", "expect_json")
"""The options in the order of the expectations."""


def keep(desk: Desk, given: Arguments, method: str, headers: Headers, body: bytes | None, answer: Response) -> None:
    """Look at an answer as the call says, and keep the call when it says so; without expectations that of its status.

    Raises:
        CheckFailed: The answer is another; a test is kept all the same.
        OptionError: It can't be kept.
    """
    expected = _expected(given)
    if "keep" in given:
        _keep(desk, given, method, headers, body, expected or _as_it_came(answer))
    if not expected:
        return
    from spinlab.testing.requests.running import look

    wrong = [one for one in look(desk.app, expected, answer) if not one.holds]
    if wrong:
        desk.show(answer)
        word = given.word(next(key for key in _KEYS if key in given))
        told = "; ".join(f"expected {one.words}, found {one.came}" for one in wrong)
        raise CheckFailed(
            f"{method} {given['path']}: {told}",
            location=word.location if word and len(wrong) == 1 and sum(k in given for k in _KEYS) == 1 else None,
        )


def _expected(given: Arguments) -> Expected:
    from spinlab.testing.requests.kept import Expected

    return Expected(
        status=given["expect"],
        headers=given.each("expect_header"),
        text=given["expect_text"],
        contains=given.each("expect_contains"),
        json=given["expect_json"],
    )


def _as_it_came(answer: Response) -> Expected:
    from spinlab.testing.requests.kept import Expected

    return Expected(status=answer.status)


def _keep(desk: Desk, given: Arguments, method: str, headers: Headers, body: bytes | None, expected: Expected) -> None:
    from spinlab.testing.requests.kept import RequestTest

    name = given["keep"]
    try:
        desk.app.tests.keep(RequestTest(name, method, given["path"], tuple(headers), body or b"", expected))
    except OptionError as error:
        raise given.refuse("keep", error.message, error.hint) from None
    desk.say(f"kept as the test {name!r}; %spin test runs it")


def test(desk: Desk, given: Arguments) -> Report | Display:
    """Run tests: against the kernel, and whoever else is named."""
    tests, names = desk.app.tests, given.each("name")
    try:
        tests.chosen(names)
    except OptionError as error:
        index = next(index for index, name in enumerate(names) if name not in tests)
        raise given.refuse("name", error.message, error.hint, index) from None
    if given["list"] or given["forget"]:
        from spinlab.widgets.report import kept

        if given["forget"]:
            tests.forget(*(names or tuple(tests)))
            names = ()
        return kept(tests.chosen(names))
    others = {place: _there(desk, given, place, index) for index, place in enumerate(given.each("at"))}
    with desk.progress() as progress:
        progress("exporting, and starting spinlab up" if given["up"] else "testing", None)
        try:
            made = tests.run(
                *names,
                up=bool(given["up"]),
                urls=given.each("url"),
                others=others,
                insecure=bool(given["insecure"]),
            )
        except SpinError as error:
            wrong = [i for i, url in enumerate(given.each("url")) if error.message.startswith(repr(url))]
            if not wrong:
                raise
            raise given.refuse("url", error.message, error.hint, wrong[0]) from None
    return passed(desk, made)


def _there(desk: Desk, given: Arguments, place: str, index: int) -> AbstractContextManager[Client]:
    from spinlab.deploying.at import client
    from spinlab.magics.verbs.deploy import folder_of

    try:
        return client(place, desk.app.name, folder_of(desk), insecure=bool(given["insecure"]))
    except OptionError as error:
        raise given.refuse("at", error.message, error.hint, index) from None


def passed(desk: Desk, made: Report) -> Report:
    """A report without failures.

    Raises:
        CheckFailed: Some failed; the report is shown.
    """
    if made.passed:
        return made
    desk.show(made)
    names = ", ".join(dict.fromkeys(one.test.name for one in made.failed))
    raise CheckFailed(f"{made.summary}: {names}", hint="above is what was expected, and what came")


_OPTIONS: tuple[Option, ...] = (
    Option(("--url",), "An address that runs the app; it is asked as well.", "URL", many=True),
    Option(("--at",), "A deployment of the app (see %spin deploy); it is asked as well.", "PLACE|URL", many=True),
    Option(("--up",), "Export the app, and ask spinlab up of that as well."),
    Option(("--insecure", "-k"), "Take any certificate."),
    Option(("--list",), "Show the tests and run nothing."),
    Option(("--forget",), "Forget the named tests, or all."),
)

VERBS: tuple[Any, ...] = (
    verb(
        "test",
        "Run the requests that were kept as tests, here and elsewhere.",
        test,
        group="calls",
        takes=(Positional("NAME", "A test; all when left out.", required=False, many=True),),
        options=_OPTIONS,
        completes={"name": "test"},
        notes="--keep of a call keeps one, a %%spintest cell several; %spin export writes them to tests/requests.toml.",
    ),
)
