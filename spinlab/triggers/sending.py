"""A message sent by hand."""

from __future__ import annotations

from collections.abc import Callable

from spinlab.engine import Call, Collector, Sink, failure
from spinlab.errors import Busy, OptionError
from spinlab.http import Request, Response
from spinlab.live import Live
from spinlab.triggers import Config, kind
from spinlab.triggers.listening import request


def send(live: Live, data: bytes, submit: Callable[[Live, Request, Sink], Call], keys: Config) -> Response:
    """Run a function with a message and wait for its end; an interrupt stops it.

    Parameters:
        live: The function.
        data: The message.
        submit: Begins a run.
        keys: Those of its trigger that are to be others this time.

    Raises:
        OptionError: HTTP starts it, or its trigger has no such key.
    """
    function = live.function
    if not function.triggers:
        path = function.routes[0] if function.routes else "/..."
        raise OptionError(f"{function.name!r} is started by HTTP", hint=f"%spin get {path}")
    type_, configs = next(iter(function.triggers.items()))
    known = kind(type_)
    for key in keys:
        if key not in known.keys:
            raise OptionError(f"a {type_} trigger has no {key!r}", hint=f"%spin send {function.name} PAYLOAD")
    config = {**configs[0], **keys}
    collector = Collector()
    try:
        call = submit(live, request(type_, known.subject(config), known.message(config, data)), collector)
    except Busy as busy:
        return failure(busy, Response(function=function.name))
    call.wait()
    return collector.response(function.name)
