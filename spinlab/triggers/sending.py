"""A message sent by hand."""

from __future__ import annotations

from collections.abc import Callable

from spinlab.engine import Call, Collector, Sink, failure
from spinlab.errors import Busy, OptionError
from spinlab.http import Request, Response
from spinlab.live import Live
from spinlab.triggers import kind
from spinlab.triggers.listening import request


def send(live: Live, data: bytes, submit: Callable[[Live, Request, Sink], Call]) -> Response:
    """Run a function with a message and wait for its end; an interrupt stops it.

    Raises:
        OptionError: HTTP starts it.
    """
    function = live.function
    if not function.triggers:
        path = function.routes[0] if function.routes else "/..."
        raise OptionError(f"{function.name!r} is started by HTTP", hint=f"%spin get {path}")
    type_, configs = next(iter(function.triggers.items()))
    known = kind(type_)
    collector = Collector()
    try:
        call = submit(live, request(type_, known.subject(configs[0]), known.message(configs[0], data)), collector)
    except Busy as busy:
        return failure(busy, Response(function=function.name))
    call.wait()
    return collector.response(function.name)
