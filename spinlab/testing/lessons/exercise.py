"""What an exercise is: steps that are tried in order on the learner's app, each with what is expected of it."""

from __future__ import annotations

import json as _json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from spinlab.http import Response

if TYPE_CHECKING:
    from spinlab.app import App


@dataclass(frozen=True)
class Seen:
    """What an expectation is asked about.

    Attributes:
        app: The app that was asked.
        response: What came back; an empty one when nothing was sent.
        given: What the learner gave to `spinlab.check` beside the id: a prediction or a measurement.
    """

    app: App
    response: Response = field(default_factory=Response)
    given: Any = None


@dataclass(frozen=True)
class Expectation:
    """One thing that is expected.

    Attributes:
        words: What is expected, such as ``status 200``.
        holds: Whether it is so. A `LookupError`, `TypeError`, `ValueError`, `AttributeError`, `OSError` or `SpinError`
            counts as no.
        came: What there is instead, in the same terms, such as ``status 404``; errors of those kinds are told.
    """

    words: str
    holds: Callable[[Seen], bool]
    came: Callable[[Seen], str]


@dataclass(frozen=True, init=False)
class Ask:
    """A step that sends a request.

    Parameters:
        target: Path and query.
        *expected: What is expected of the answer and of the app after it.
        method: HTTP method.
        headers: Fields to send.
        body: The body; text goes as UTF-8.
        json: A value to send as JSON instead.
        app: Name of the app; the current one when left out.
        hint: What to say when this step fails, instead of the exercise's hint.
    """

    target: str
    expected: tuple[Expectation, ...]
    method: str
    headers: Mapping[str, str]
    body: bytes | str | None
    json: Any
    app: str
    hint: str

    def __init__(
        self,
        target: str,
        *expected: Expectation,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes | str | None = None,
        json: Any = None,
        app: str = "",
        hint: str = "",
    ) -> None:
        values = (target, expected, method, headers or {}, body, json, app, hint)
        for name, value in zip(self.__dataclass_fields__, values, strict=True):
            object.__setattr__(self, name, value)

    @property
    def words(self) -> str:
        """The request in a line, and what goes with it."""
        lines = [f"{self.method} {self.target}", *(f"{name}: {value}" for name, value in self.headers.items())]
        if self.json is not None:
            lines.append(_json.dumps(self.json))
        elif self.body is not None:
            lines.append(self.body if isinstance(self.body, str) else f"{len(self.body)} bytes")
        return "\n".join(lines)

    def seen(self, app: App, given: Any) -> Seen:
        """Send the request."""
        response = app.request(self.method, self.target, headers=self.headers, body=self.body, json_body=self.json)
        return Seen(app, response, given)


@dataclass(frozen=True, init=False)
class Look:
    """A step that sends nothing: it looks at the app, at files, or at what the learner gave.

    Parameters:
        *expected: What is expected.
        app: Name of the app; the current one when left out.
        hint: What to say when this step fails, instead of the exercise's hint.
    """

    expected: tuple[Expectation, ...]
    app: str
    hint: str

    def __init__(self, *expected: Expectation, app: str = "", hint: str = "") -> None:
        object.__setattr__(self, "expected", expected)
        object.__setattr__(self, "app", app)
        object.__setattr__(self, "hint", hint)

    @property
    def words(self) -> str:
        """Empty: nothing is sent."""
        return ""

    def seen(self, app: App, given: Any) -> Seen:
        """What there is."""
        return Seen(app, given=given)


Step = Ask | Look


@dataclass(frozen=True)
class Exercise:
    """One exercise of a lesson.

    Attributes:
        id: Lesson and number, such as ``02.1``.
        title: What is to be done, in a few words.
        steps: Tried in order up to the first that fails.
        hint: Where to look when it is not done yet. It never gives the solution away.
    """

    id: str
    title: str
    steps: tuple[Step, ...]
    hint: str
