"""What can be expected of a step. Each says in words what it wants, and what came instead."""

from __future__ import annotations

import json as _json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from spinlab.errors import SpinError
from spinlab.http import Response
from spinlab.testing.lessons.exercise import Expectation, Seen

SHOWN = 300
"""Characters of a body that are shown."""


def status(*codes: int) -> Expectation:
    """The answer has one of these statuses."""
    words = " or ".join(map(str, codes))
    return Expectation(
        f"status {words}",
        lambda seen: seen.response.status in codes,
        lambda seen: f"status {seen.response.status}" + _reason(seen.response),
    )


def text(wanted: str) -> Expectation:
    """The body is this text; blanks and line ends around it don't count."""
    return Expectation(
        f"the text {wanted.strip()!r}",
        lambda seen: seen.response.text.strip() == wanted.strip(),
        lambda seen: body(seen.response),
    )


def contains(*parts: str) -> Expectation:
    """The body has each of these parts, in any case of letters."""
    return Expectation(
        "a body with " + " and ".join(map(repr, parts)),
        lambda seen: all(part.lower() in seen.response.text.lower() for part in parts),
        lambda seen: body(seen.response),
    )


def json(wanted: Any) -> Expectation:
    """The body is JSON of this value; a predicate, which has its docstring as words, is asked instead of compared."""
    if callable(wanted):
        return Expectation(
            f"JSON: {wanted.__doc__}", lambda seen: bool(wanted(seen.response.json())), lambda seen: body(seen.response)
        )
    return Expectation(
        f"the JSON {_json.dumps(wanted)}",
        lambda seen: same(seen.response.json(), wanted),
        lambda seen: body(seen.response),
    )


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are one: 1 and 1.0 are, 1 and true are not, though Python says so."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def header(name: str, *parts: str) -> Expectation:
    """The answer has this field, and each part is in its value."""
    return Expectation(
        f"a header {name}" + (" with " + " and ".join(map(repr, parts)) if parts else ""),
        lambda seen: (
            name in seen.response.headers and all(part.lower() in seen.response.headers[name].lower() for part in parts)
        ),
        lambda seen: f"{name}: {seen.response.headers[name]}" if name in seen.response.headers else f"no header {name}",
    )


def logged(part: str) -> Expectation:
    """The function printed a line with this part during the request."""
    return Expectation(
        f"a printed line with {part!r}",
        lambda seen: any(part.lower() in line.text.lower() for line in seen.response.logs),
        lambda seen: "\n".join(line.text for line in seen.response.logs) or "nothing was printed",
    )


def denied(target: str) -> Expectation:
    """The request asked for something that was not granted, and its name has this part."""
    return Expectation(
        f"a denial of {target}",
        lambda seen: any(target in denial.target for denial in seen.response.denied),
        lambda seen: _denials(seen.response),
    )


def quiet() -> Expectation:
    """Nothing was denied."""
    return Expectation("nothing denied", lambda seen: not seen.response.denied, lambda seen: _denials(seen.response))


def asked(capability: str, target: str = "") -> Expectation:
    """The function called the host for this capability (`spinlab.http.HostCall`), and it was let through."""
    return Expectation(
        f"a call for {capability}" + (f" to {target}" if target else ""),
        lambda seen: any(
            call.capability == capability and target in call.target and call.denied is None
            for call in seen.response.calls
        ),
        lambda seen: (
            ", ".join(f"{c.capability} {c.operation} {c.target}: {c.outcome}" for c in seen.response.calls)
            or "nothing was asked of the host"
        ),
    )


def fails(part: str) -> Expectation:
    """The function was stopped or failed, and the reason has this part."""
    return Expectation(
        f"a failure with {part!r}",
        lambda seen: seen.response.error is not None and part.lower() in str(seen.response.error).lower(),
        lambda seen: str(seen.response.error or f"status {seen.response.status} without a failure"),
    )


def function(name: str, *, language: str = "", route: str = "", revision: int = 0) -> Expectation:
    """There is a function of this name, in this language, with this route, in this revision or a later one."""
    wanted = [f"a function {name}", f"in {language}" if language else "", f"with the route {route}" if route else ""]
    wanted.append(f"in revision {revision} or later" if revision else "")

    def holds(seen: Seen) -> bool:
        live = seen.app.functions[name]
        return (
            language in ("", live.function.language)
            and (not route or route in live.function.routes)
            and live.revision >= revision
        )

    def came(seen: Seen) -> str:
        live = seen.app.functions.get(name)
        if live is None:
            return "functions here: " + (", ".join(seen.app.functions) or "none")
        routes = ", ".join(live.function.routes) or "none"
        return f"{name} in {live.function.language}, routes: {routes}, revision {live.revision}"

    return Expectation(" ".join(filter(None, wanted)), holds, came)


def granted(name: str, grant: str, *values: str) -> Expectation:
    """A function has a grant (`spinlab.Function`'s attribute) of just these values; without values it has none."""
    words = f"{name} is granted {', '.join(values) or 'nothing'} ({grant})"

    def holds(seen: Seen) -> bool:
        return sorted(getattr(seen.app[name].function, grant)) == sorted(values)

    def came(seen: Seen) -> str:
        return f"{grant}: " + (", ".join(getattr(seen.app[name].function, grant)) or "nothing")

    return Expectation(words, holds, came)


def given(words: str, holds: Callable[[Any], bool]) -> Expectation:
    """What the learner gave to `spinlab.check` beside the id is so."""
    return Expectation(
        words,
        lambda seen: seen.given is not None and bool(holds(seen.given)),
        lambda seen: "no value was given" if seen.given is None else repr(seen.given)[:SHOWN],
    )


def file(path: str, *parts: str) -> Expectation:
    """There is a file beside the notebook, and each part is in it."""
    return Expectation(
        f"a file {path}" + (" with " + " and ".join(map(repr, parts)) if parts else ""),
        lambda seen: all(part in Path(path).read_text(encoding="utf-8", errors="replace") for part in parts),
        lambda seen: "it has no such part" if Path(path).is_file() else f"there is no file {path}",
    )


def that(words: str, holds: Callable[[Seen], bool], came: Callable[[Seen], str]) -> Expectation:
    """Anything else, in words of its own."""
    return Expectation(words, holds, came)


def body(response: Response) -> str:
    """A body as it is shown beside what was expected."""
    if not response.body:
        return "an empty body"
    if b"\0" in response.body:
        return f"{len(response.body)} bytes"
    shown = response.text.strip()
    return repr(shown) if len(shown) <= SHOWN else f"{shown[:SHOWN]!r} and {len(shown) - SHOWN} characters more"


def _reason(response: Response) -> str:
    if response.error is not None:
        reason = response.error.message if isinstance(response.error, SpinError) else str(response.error)
        return f": {reason}"
    return f": {response.advice}" if response.advice else ""


def _denials(response: Response) -> str:
    found = [f"{denial.capability} {denial.target} was denied" for denial in response.denied]
    return "\n".join(found) or "nothing was denied"
