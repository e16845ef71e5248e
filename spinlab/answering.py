"""How an app answers a request: by a function that its route leads to, by a static response, or by itself."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from spinlab.changes import Changes
from spinlab.engine import Call, Collector, Outcome, Plain, Sink, failure
from spinlab.errors import Busy, RecordingError
from spinlab.http import Headers, LogLine, Request, Response
from spinlab.live import Ledger, Live, Logged, Recorder
from spinlab.manifest.ids import kebab
from spinlab.recording.kept import Recordings
from spinlab.routing import WELL_KNOWN_PREFIX, Match, spin_headers, unmatched, unmatched_in_spins_words
from spinlab.secrets import Secrets
from spinlab.table import Static, Table
from spinlab.wagi import Wagi

if TYPE_CHECKING:
    from spinlab.engine.tapes import Tape
    from spinlab.recording.making import Making


class Answering:
    """Finds what answers a request and lets it.

    Parameters:
        table: The functions and static responses; looked at on each request.
        about: What Spin's info endpoint tells of the app; looked at on each request for it.
        secrets: What nobody may see of what guests write; looked at on each request.
        changes: Told of each request that is over.
        recordings: The requests that are recorded.

    Attributes:
        ledger: What is kept of the requests.
    """

    def __init__(
        self,
        table: Callable[[], Table],
        about: Callable[[], Mapping[str, str]],
        secrets: Callable[[], Secrets],
        changes: Changes,
        recordings: Recordings,
    ) -> None:
        self.ledger = Ledger(changes=changes)
        self._recordings = recordings
        self._table = table
        self._about = about
        self._secrets = secrets
        self._said_unmatched = False

    def submit(self, request: Request, sink: Sink, component: str | None = None) -> Call | None:
        """See `spinlab.App.submit`."""
        found = self._route(request) if component is None else self._straight(component, request)
        return self._send(found, request, sink, component or "")

    def handle(self, request: Request) -> Response:
        """See `spinlab.App.handle`."""
        return self.answer(request)[0]

    def answer(self, request: Request, *, record: bool = False) -> tuple[Response, Making | None]:
        """The answer to a request, and its recording where there is one."""
        collector = Collector()
        found = self._route(request)
        name = "" if isinstance(found, Response) else found.target.function.name
        live = None if isinstance(found, Response) else found.target
        making = self._making(live, request, "", record)
        try:
            call = self._send(found, request, collector, making=making)
        except Busy as busy:
            return failure(busy, Response(function=name)), None
        if call is not None:
            call.wait()
        answer = collector.response(name)
        if not name and not request.path.startswith(WELL_KNOWN_PREFIX):
            advice = unmatched(request.path, (p.text for p in self._table().router.patterns))
            answer = replace(answer, advice=advice)
        return answer, making

    def deliver(self, live: Live, request: Request, sink: Sink, command: Plain | None = None) -> Call:
        """Begin a run of a function that a trigger starts: the request's body is the message, or a command's input.

        Raises:
            Busy: All workers are taken and the queue is full.
        """
        making = self._making(live, request) if command is None else None
        recorder = self._recorder(live, request, sink, making)
        return live.sandbox.submit(request, recorder, command, tape=None if making is None else making.tape)

    def again(self, function: str, request: Request, component: str, tape: Tape, *, message: bool) -> Response:
        """Answer a request once more, on a tape; nothing is kept of it.

        Raises:
            RecordingError: Another function answers it now, or none.
            Busy: All workers are taken and the queue is full.
        """
        live = self._table().live.get(self._table().ids.get(kebab(function), ""))
        if live is None:
            there = ", ".join(self._table().live) or "none"
            raise RecordingError(f"the recording is one of {function!r}, which is not here", hint=f"there are: {there}")
        if message != bool(live.prepared.trigger):
            started = ("HTTP", "a message")[message]
            raise RecordingError(f"the recording is one of {function!r} started by {started}, which starts it no more")
        collector = Collector()
        if message:
            live.sandbox.submit(request, collector, tape=tape).wait()
            return self._hidden(collector).response(function)
        found = self._straight(component, request) if component else self._route(request)
        if isinstance(found, Response) or found.target is not live:
            other = "nobody" if isinstance(found, Response) else repr(found.target.function.name)
            raise RecordingError(
                f"the recording is one of {function!r}, and {request.path} is answered by {other} now",
                hint="give the function its route again",
            )
        self._submit(found, request, collector, tape).wait()
        return self._hidden(collector).response(function)

    def _hidden(self, collector: Collector) -> Collector:
        """What was collected, without secrets in what the guest wrote."""
        collector.outcome = self._secrets().hidden(collector.outcome)
        return collector

    def note(self, name: str, text: str) -> None:
        """Write a line of our own into a function's log."""
        self.ledger.log.append(Logged(name, LogLine("spinlab", self._secrets().mask(text), time.time())))

    def answering(self, path: str) -> Live | None:
        """The function that requests for a path go to; None when it is nobody's."""
        found = None if path.startswith(WELL_KNOWN_PREFIX) else self._table().router.match(path)
        return found.target if found and isinstance(found.target, Live) else None

    def _route(self, request: Request) -> Match[Live] | Response:
        """What answers a request: a function by its route, or the app itself."""
        if request.path.startswith(WELL_KNOWN_PREFIX):
            return self._own(request.path[len(WELL_KNOWN_PREFIX) :])
        found = self._table().router.match(request.path)
        if found is None:
            self._log_unmatched(request.path)
            return Response(404)
        if isinstance(found.target, Static):
            return found.target.response
        return cast("Match[Live]", found)

    def _straight(self, component: str, request: Request) -> Match[Live] | Response:
        """A request straight to a component, as if its route were ``/...`` (Spin 4: ``crates/routes``)."""
        table = self._table()
        live = table.live.get(table.ids.get(component, ""))
        if live is None or live.function.triggers:
            return Response(404)
        return Match(live, "/...", component, {}, request.path.strip("/"), request.path)

    def _own(self, what: str) -> Response:
        """Spin's well-known endpoints (Spin 4: ``crates/trigger-http/src/server.rs``)."""
        if what == "health":
            return Response(200, Headers(), b"OK")
        if what == "info":
            body = json.dumps(dict(self._about()), indent=2).encode()
            return Response(200, Headers([("content-type", "application/json")]), body)
        return Response(404)

    def _send(
        self,
        found: Match[Live] | Response,
        request: Request,
        sink: Sink,
        component: str = "",
        *,
        making: Making | None = None,
    ) -> Call | None:
        """Let what was found answer; None when it has."""
        if isinstance(found, Response):
            sink.begin(found.status, found.headers)
            sink.write(found.body)
            sink.end(Outcome())
            return None
        live = found.target
        making = making or self._making(live, request, component)
        recorder = self._recorder(live, request, sink, making)
        return self._submit(found, request, recorder, None if making is None else making.tape)

    def _making(self, live: Live | None, request: Request, component: str = "", always: bool = False) -> Making | None:
        """The recording that a request gets."""
        if live is None or not (always or self._recordings.wants(live.function.name)):
            return None
        return self._recordings.begin(live, request, component, self._secrets())

    def _recorder(self, live: Live, request: Request, sink: Sink, making: Making | None) -> Recorder:
        if making is None:
            return Recorder(sink, self.ledger, live, request, self._secrets())
        return Recorder(making.sink(sink), self.ledger, live, request, self._secrets(), making.finish)

    @staticmethod
    def _submit(found: Match[Live], request: Request, sink: Sink, tape: Tape | None) -> Call:
        live = found.target
        if live.prepared.command:
            wagi = Wagi(kebab(live.function.name), live.function.argv, found, request)
            return live.sandbox.submit(request, sink, wagi, tape=tape)
        return live.sandbox.submit(_as_the_guest_sees(request, found), sink, tape=tape)

    def _log_unmatched(self, path: str) -> None:
        """Say it once, as Spin does."""
        if not self._said_unmatched:
            self._said_unmatched = True
            self.ledger.log.append(Logged("", LogLine("spinlab", unmatched_in_spins_words(path), time.time())))


def _as_the_guest_sees(request: Request, found: Match[Live]) -> Request:
    """The request with the headers that tell how it was reached, and without what only looks like them."""
    trusting = found.target.function.loaded is not None  # Spin passes a client's own spin-* fields on
    headers = request.headers.copy()
    for name in [n for n, _ in headers if n.lower() == "connection" or (_is_spins(n) and not trusting)]:
        headers.remove(name)
    for name, value in spin_headers(found, request):
        headers.add(name, value)
    return replace(request, headers=headers)


def _is_spins(field: str) -> bool:
    return field.lower().startswith("spin-")
