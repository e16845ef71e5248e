"""The commands about requests: send one, stop it, save its body, what there is to call, traces, log lines."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from spinlab.app import App
from spinlab.client import request as as_request
from spinlab.commands.bodies import CHUNK, Bodies, beginning
from spinlab.commands.command import Asked, Command, Reply
from spinlab.commands.room import Room
from spinlab.commands.sending import Stops, send, traced
from spinlab.errors import SpinError
from spinlab.function import Function
from spinlab.http import Denied, Headers, LogLine, Request, Response
from spinlab.routing import parse
from spinlab.trace import REQUESTS_KEPT
from spinlab.widgets.response import status_line
from spinlab.widgets.timeline import as_json
from spinlab.widgets.tracebacks import in_cells

LINES: Final = 200
"""Log lines that go with an answer, the last ones."""
LINE: Final = 8 * 1024
"""Characters of one of them."""
TEXT: Final = 64 * 1024
"""Characters of all of them, and of an error's details."""

_making = threading.Lock()


def request(room: Room, asked: Asked) -> Reply:
    """Send a request; its body is the first buffer, and so is the beginning of the answer's.

    Arguments: ``method``, ``target``, ``headers``; ``function`` that answers whatever its routes are; ``tag`` by which
    `cancel` finds it.

    Raises:
        OptionError: HTTP can't carry it.
    """
    wanted = asked_for(room, asked)
    return reply(room, wanted, sent(room, asked, wanted))


def asked_for(room: Room, asked: Asked) -> Request:
    """The request that a front end asks to send.

    Raises:
        OptionError: HTTP can't carry it.
    """
    return as_request(
        asked.text("method", "GET"),
        asked.text("target", "/"),
        host=f"{room.app.name}.localhost",
        headers=Headers(asked.pairs("headers")),
        body=asked.buffers[0] if asked.buffers else None,
    )


def sent(room: Room, asked: Asked, wanted: Request) -> Response:
    """Send a request until it is answered, cancelled by its ``tag``, or nobody waits for it."""
    tag = asked.text("tag", "")
    stops = _kept(room, "stops", Stops)
    cancelled = stops.begin(tag) if tag else threading.Event()

    def stopped() -> str:
        return "by its sender" if cancelled.is_set() else "nobody waits for it" if asked.given_up.is_set() else ""

    try:
        return send(room.app, wanted, stopped, asked.text("function", ""))
    finally:
        stops.end(tag)


def reply(room: Room, wanted: Request, answer: Response) -> Reply:
    """What a front end is told of an answer; its body is kept so that it can be saved."""
    value = told(room.app, answer)
    value |= {"body": _kept(room, "bodies", Bodies).keep(answer), "method": wanted.method, "target": wanted.target}
    shown = beginning(answer)
    return Reply({**value, "shown": len(shown)}, (shown,))


def cancel(room: Room, asked: Asked) -> bool:
    """Stop the request that was sent with that ``tag``; answers whether it still ran."""
    stops: Stops = _kept(room, "stops", Stops)
    return stops.stop(asked.text("tag"))


def body(room: Room, asked: Asked) -> Reply:
    """A piece of the body with the number ``body``, from ``offset`` on; the value says where the next one begins.

    Raises:
        OptionError: The body is kept no more.
    """
    whole = _kept(room, "bodies", Bodies).of(asked.number("body"))
    offset = asked.number("offset", 0)
    piece = whole[offset : offset + CHUNK]
    return Reply({"size": len(whole), "next": min(offset + len(piece), len(whole))}, (piece,))


def routes(room: Room, asked: Asked) -> dict[str, Any]:
    """What there is to call: each function with its routes and their parameters."""
    app = room.app
    unreachable = {(route.pattern, route.function): route.problem for route in app.routes()}
    return {
        "app": app.name,
        "url": room.url,
        "functions": [
            {
                "name": name,
                "language": live.function.language,
                "revision": live.revision,
                "routes": [_route(x, unreachable.get((x, name), "")) for x in live.function.routes],
            }
            for name, live in list(app.functions.items())
        ],
    }


def traces(room: Room, asked: Asked) -> list[dict[str, object]]:
    """What the last requests asked of the host, oldest first.

    Arguments: ``function``; ``limit``; only those ``after`` that number; the one with that ``id``.
    """
    found = room.app.traces(asked.text("function", "") or None)
    number, after = asked.number("id", 0), asked.number("after", 0)
    kept = [one for one in found if one.id > after and number in (0, one.id)]
    return [as_json(one) for one in kept[-asked.number("limit", 20, least=1, most=REQUESTS_KEPT) :]]


def logs(room: Room, asked: Asked) -> list[dict[str, Any]]:
    """What guests wrote lately, oldest first: of one ``function``, the last ``limit`` lines."""
    app = room.app
    lines = app.logs(asked.text("function", "") or None)[-asked.number("limit", LINES, least=1, most=LINES) :]
    shown = _lines([one.line for one in lines], known(app))
    last = lines[len(lines) - len(shown) :]
    return [{"function": one.function, **line} for one, line in zip(last, shown, strict=True)]


def told(app: App, answer: Response) -> dict[str, Any]:
    """A response without its body, as JSON: tracebacks in the lines of their cells."""
    functions = known(app)
    return {
        "status": answer.status,
        "reason": status_line(answer.status),
        "headers": [list(pair) for pair in answer.headers],
        "trailers": [list(pair) for pair in answer.trailers],
        "function": answer.function,
        "elapsed": answer.elapsed,
        "size": len(answer.body),
        "logs": _lines(answer.logs, functions),
        "lines": len(answer.logs),
        "denied": [denial(one) for one in answer.denied],
        "error": None if answer.error is None else _error(answer.error, functions),
        "advice": answer.advice,
        "traced": traced(app, answer),
    }


def denial(denied: Denied) -> dict[str, str]:
    """What was denied, and what would grant it."""
    return {
        "capability": denied.capability,
        "target": denied.target,
        "option": denied.option,
        "manifest": denied.manifest,
    }


def known(app: App) -> Mapping[str, Function]:
    """Functions and modules by name."""
    return {**app.modules, **{name: live.function for name, live in list(app.functions.items())}}


def _error(error: Exception, functions: Mapping[str, Function]) -> dict[str, str]:
    if not isinstance(error, SpinError):
        return {"kind": type(error).__name__, "message": str(error)[:TEXT], "hint": "", "details": ""}
    texts = {"message": error.message, "hint": error.hint, "details": error.details.rstrip()}
    return {"kind": type(error).__name__, **{key: in_cells(text[-TEXT:], functions) for key, text in texts.items()}}


def _lines(lines: Sequence[LogLine], functions: Mapping[str, Function]) -> list[dict[str, Any]]:
    """The last lines, as many as may go."""

    def latest_first() -> Iterator[dict[str, Any]]:
        room = TEXT
        for line in reversed(lines[-LINES:]):
            text = line.text if len(line.text) <= LINE else f"{line.text[:LINE]}... {len(line.text) - LINE} more"
            room -= len(text)
            if room < 0:
                return
            yield {"stream": line.stream, "text": in_cells(text, functions), "time": line.time}

    return list(latest_first())[::-1]


def _route(pattern: str, problem: str) -> dict[str, Any]:
    parsed = parse(pattern)
    return {"pattern": pattern, "params": list(parsed.params), "wildcard": parsed.wildcard, "problem": problem}


def _kept(room: Room, name: str, make: type[Any]) -> Any:
    """What this subject keeps in a room under that name, made once."""
    with _making:
        if name not in room.kept:
            room.kept[name] = make()
        return room.kept[name]


COMMANDS: dict[str, Command] = {
    "request": request,
    "cancel": cancel,
    "body": body,
    "routes": routes,
    "traces": traces,
    "logs": logs,
}
