"""A request of a front end to the app: sent, waited for, and stopped when nobody waits for its answer any more."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from spinlab.engine import Call, Collector, failure
from spinlab.errors import Busy, OptionError
from spinlab.http import Request, Response
from spinlab.manifest.ids import kebab
from spinlab.routing import WELL_KNOWN_PREFIX, unmatched

if TYPE_CHECKING:
    from spinlab.app import App

LOOKS: Final = 0.05
"""Seconds from one look at whether somebody still waits to the next; an answer ends the wait at once."""


def send(app: App, request: Request, stopped: Callable[[], str], function: str = "") -> Response:
    """Answer a request, whole.

    Parameters:
        app: The app.
        request: The request.
        stopped: Answers why the guest has to stop, and nothing while it may go on.
        function: The function that answers, whatever its routes are; by the routes when left out.

    Raises:
        OptionError: There is no function of that name.
    """
    if function and function not in app.functions:
        raise OptionError(f"no function is called {function!r}", hint="removed? %spin undo brings it back")
    live = app.answering(request.path)
    name = function or (live.function.name if live is not None else "")
    collector = Collector()
    try:
        call = app.submit(request, collector, kebab(function) if function else None)
    except Busy as busy:
        return failure(busy, Response(function=name))
    if call is not None:
        _wait(call, stopped)
    answer = collector.response(name)
    if name or request.path.startswith(WELL_KNOWN_PREFIX) or app.router.match(request.path) is not None:
        return answer
    return replace(answer, advice=unmatched(request.path, (p.text for p in app.router.patterns)))


def traced(app: App, answer: Response) -> int | None:
    """The number of the trace of an answer; None when it has none, or is kept no more."""
    if not answer.function:
        return None
    kept = reversed(app.traces(answer.function))
    return next((one.id for one in kept if one.elapsed == answer.elapsed and one.calls == answer.calls), None)


def _wait(call: Call, stopped: Callable[[], str]) -> None:
    try:
        while not call.done.wait(LOOKS):
            reason = stopped()
            if reason:
                call.cancel(reason)
                call.done.wait()
                return
    except BaseException:
        call.cancel("interrupted")
        raise


class Stops:
    """Requests that run and can be stopped by the name that their front end gave them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[str, threading.Event] = {}

    def begin(self, tag: str) -> threading.Event:
        """What is set when the request of that name has to stop."""
        with self._lock:
            return self._running.setdefault(tag, threading.Event())

    def end(self, tag: str) -> None:
        """The request is over."""
        with self._lock:
            self._running.pop(tag, None)

    def stop(self, tag: str) -> bool:
        """Stop the request of that name; answers whether there is one."""
        with self._lock:
            found = self._running.get(tag)
        if found is not None:
            found.set()
        return found is not None
