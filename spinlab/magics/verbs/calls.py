"""The verbs that send a request: get, post, put, patch, delete, head, options, bench."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

from spinlab.bench import bench
from spinlab.errors import CallError
from spinlab.http import Headers, Response
from spinlab.magics.desk import Desk
from spinlab.magics.options import Arguments, Option, Positional, closest
from spinlab.magics.quantities import count, header
from spinlab.magics.verbs.deploy import asked
from spinlab.magics.verbs.recordings import RECORD, recorded
from spinlab.magics.verbs.tests import EXPECT, keep
from spinlab.magics.verbs.verb import Verb, verb
from spinlab.widgets import tables
from spinlab.widgets.display import Display
from spinlab.widgets.response import failure, status_line

METHODS = ("get", "post", "put", "patch", "delete", "head", "options")


_PATH = Positional("PATH", "Path and query of the request, such as /hello?x=1.")
_HEADER = Option(("--header", "-H"), "A header.", "'NAME: VALUE'", many=True, convert=header)
_BODY = (
    Option(("--data", "-d"), "The body, or @FILE. No content type is assumed.", "DATA"),
    Option(("--json",), "The body as JSON, or @FILE; sets the content type.", "JSON"),
)
_FAIL = Option(("--fail",), "Raise when the status is not 2xx.")
_AT = (
    Option(("--at",), "Send it to a deployment instead (see %spin deploy), or to an address.", "PLACE|URL"),
    Option(("--insecure", "-k"), "For --at: take any certificate."),
)
_HOW_OFTEN = (
    Option(("--requests", "-n"), "Requests in all; 200 when left out.", "N", convert=count),
    Option(("--concurrency", "-c"), "Requests at once; 1 when left out.", "N", convert=count),
)


def call(method: str, desk: Desk, given: Arguments) -> Response:
    """Send one request; the response is the cell's result."""
    path = path_of(desk, given, method)
    headers, body = _message(given)
    if given["record"] and given["at"]:
        raise given.refuse("record", "what runs elsewhere can't be recorded", "leave out --record, or --at")
    if given["record"]:
        answer = recorded(desk, method.upper(), path, headers, body)
    else:
        with asked(desk, given) as somebody:
            answer = somebody.request(method.upper(), path, headers=headers, body=body)
    keep(desk, given, method.upper(), headers, body, answer)
    if given["fail"] and not answer.ok:
        desk.show(answer)
        why = failure(answer.error, desk.functions) if answer.error is not None else ""
        raise CallError(f"{method.upper()} {path} answered {status_line(answer.status)}", details=why)
    return answer


def send(desk: Desk, given: Arguments) -> Response:
    """Run a function with a message, as its trigger would; the response is the cell's result."""
    payload: str = given["payload"] or ""
    data = content(given, "payload") if payload else b""
    keys = {"topic": given["topic"]} if given["topic"] is not None else {}
    answer = desk.app.send(given["name"], data, **keys)
    if given["fail"] and not answer.ok:
        desk.show(answer)
        raise CallError(f"{given['name']} failed", details=str(answer.error or ""))
    return answer


def measure(desk: Desk, given: Arguments) -> Display:
    """Send the same request many times and show how long it took."""
    path = path_of(desk, given, "bench")
    headers, body = _message(given)
    with desk.progress() as progress:
        result = bench(
            desk.app,
            path,
            count=given["requests"] or 200,
            concurrency=given["concurrency"] or 1,
            method=(given["method"] or "GET").upper(),
            headers=headers,
            body=body,
            progress=progress,
        )
    return tables.bench(result)


def path_of(desk: Desk, given: Arguments, verb_name: str) -> str:
    """The path that was given.

    Raises:
        OptionError: It does not start with ``/``; the hint is what was most likely meant.
    """
    path: str = given["path"]
    if path.startswith("/"):
        return path
    hint = f"did you mean %spin {verb_name} /{path.lstrip('./')}?"
    if path.startswith(("http://", "https://")):
        hint = f"leave out scheme and host: %spin {verb_name} /{path.split('/', 3)[3] if path.count('/') > 2 else ''}"
    elif path in desk.functions or (verb_name == "delete" and closest(path, list(desk.functions))):
        name = path if path in desk.functions else closest(path, list(desk.functions))
        if verb_name == "delete":
            raise given.refuse("path", "a path starts with /", f"to remove the function: %spin remove {name}")
        hint = f"to call the function: %spin {verb_name} {_first_path(desk, name)}"
    raise given.refuse("path", "a path starts with /", hint)


def _first_path(desk: Desk, name: str) -> str:
    from spinlab.widgets.urls import example_path

    routes = desk.functions[name].routes
    return example_path(routes[0]) if routes else f"/{name}"


def _message(given: Arguments) -> tuple[Headers, bytes | None]:
    headers = Headers(given.each("header"))
    if given["data"] is not None and given["json"] is not None:
        raise given.refuse("json", "--data and --json exclude each other", "give one body")
    if given["json"] is None:
        return headers, None if given["data"] is None else content(given, "data")
    body = content(given, "json")
    try:
        json.loads(body)
    except ValueError as error:
        raise given.refuse("json", f"this is not JSON: {error}", "quote it as one word: --json '{\"a\": 1}'") from None
    if "content-type" not in headers:
        headers.add("content-type", "application/json")
    return headers, body


def content(given: Arguments, key: str) -> bytes:
    """What an option or argument says, or the file that it names after @."""
    text: str = given[key]
    if not text.startswith("@"):
        return text.encode()
    try:
        return Path(text[1:]).read_bytes()
    except OSError as error:
        raise given.refuse(
            key, f"{text[1:]!r} can't be read: {error.strerror}", "the path is relative to the notebook"
        ) from None


def _verbs() -> tuple[Verb, ...]:
    made = []
    for method in METHODS:
        run: Callable[[Desk, Arguments], Response] = partial(call, method)
        options = (_HEADER, *_BODY, *_AT, _FAIL, RECORD, *EXPECT)
        summary = f"Send {'an' if method == 'options' else 'a'} {method.upper()} request to the app."
        made.append(
            verb(method, summary, run, group="calls", takes=(_PATH,), options=options, completes={"path": "path"})
        )
    made.append(
        verb(
            "send",
            "Run a function that a trigger starts, with a message of your own.",
            send,
            group="calls",
            takes=(
                Positional("NAME", "The function."),
                Positional("PAYLOAD", "The message, or @FILE; empty when left out.", required=False),
            ),
            options=(Option(("--topic",), "The MQTT topic, when its trigger is for several.", "TOPIC"), _FAIL),
            completes={"name": "function"},
        )
    )
    made.append(
        verb(
            "bench",
            "Send a request many times; shows the rate and the percentiles of the latency.",
            measure,
            group="calls",
            takes=(_PATH,),
            options=(*_HOW_OFTEN, Option(("--method", "-X"), "GET when left out.", "METHOD"), _HEADER, *_BODY),
            completes={"path": "path"},
        )
    )
    return tuple(made)


VERBS = _verbs()
