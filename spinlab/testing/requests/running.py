"""Sends the requests of tests and looks at the answers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import TYPE_CHECKING

from spinlab.client import Client
from spinlab.errors import OptionError, SpinError
from spinlab.http import Response
from spinlab.testing.lessons import expecting
from spinlab.testing.lessons.exercise import Expectation, Seen
from spinlab.testing.lessons.verdict import Found, found
from spinlab.testing.requests.kept import Expected, RequestTest
from spinlab.testing.requests.report import Outcome, Report

if TYPE_CHECKING:
    from spinlab.app import App

KERNEL = "kernel"
UP = "spinlab up"


def run(
    app: App,
    tests: Sequence[RequestTest],
    *,
    kernel: bool = True,
    up: AbstractContextManager[str] | None = None,
    urls: Sequence[str] = (),
    others: Mapping[str, AbstractContextManager[Client]] | None = None,
    insecure: bool = False,
    here: str = KERNEL,
) -> Report:
    """Ask each place each test; see `Tests.run`.

    Parameters:
        app: The app that is tested.
        tests: The tests.
        kernel: Ask the app itself.
        up: Ask ``spinlab up``, which this starts.
        urls: Addresses to ask.
        others: Others to ask: what they are called, and what sends requests to them while a block runs.
        insecure: Take any certificate.
        here: What the app itself is called.
    """
    with ExitStack() as stack:
        places: dict[str, Client] = {here: app} if kernel else {}
        if up is not None or urls:
            from spinlab.testing.requests.places import Remote

            for url in urls:  # first: a wrong one is told at once
                places[url] = stack.enter_context(Remote(url, insecure=insecure))
            if up is not None:
                remote = Remote(stack.enter_context(up))
                places = {**({here: app} if kernel else {}), UP: stack.enter_context(remote), **places}
        for name, other in (others or {}).items():
            places[name] = stack.enter_context(other)
        if not places:
            raise OptionError("nobody is asked", hint="the kernel, spinlab up, or an address")
        return ask(app, tests, places)


def ask(app: App, tests: Sequence[RequestTest], places: Mapping[str, Client]) -> Report:
    """Ask each of some places each test, one after the other."""
    outcomes = tuple(_outcome(app, test, name, place) for test in tests for name, place in places.items())
    return Report(app.name, tuple(places), outcomes)


def look(app: App, expected: Expected, response: Response) -> tuple[Found, ...]:
    """Each expectation and what there is."""
    seen = Seen(app, response)
    return tuple(found(one, seen) for one in expectations(expected))


def expectations(expected: Expected) -> tuple[Expectation, ...]:
    """What is expected, as the lessons' checks have it."""
    made = [] if expected.status is None else [expecting.status(expected.status)]
    made += [expecting.header(name, *([value] if value else [])) for name, value in expected.headers]
    made += [] if expected.text is None else [expecting.text(expected.text)]
    made += [expecting.contains(*expected.contains)] if expected.contains else []
    made += [] if expected.json is None else [expecting.json(json.loads(expected.json))]
    return tuple(made)


def _outcome(app: App, test: RequestTest, name: str, place: Client) -> Outcome:
    try:
        if test.recording is None:
            response = test.send(place)
        elif place is not app:
            return Outcome(test, name, skipped="a recording is replayed in this process only")
        else:
            made = app.replay(test.recording)
            if made.diverged is not None:
                raise made.diverged
            response = made.response
    except SpinError as error:
        return Outcome(test, name, error=error.message)
    return Outcome(test, name, look(app, test.expected, response), response)
