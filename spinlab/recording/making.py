"""A recording that is being made: the tape beside the request, and the answer as it comes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from spinlab.engine import Outcome, Sink
from spinlab.engine.calls import pass_complete, pass_whole
from spinlab.http import Body, Headers, Request
from spinlab.live import Live
from spinlab.recording.hiding import Hiding
from spinlab.recording.recording import HTTP, MESSAGE, Came, Recording, Sent
from spinlab.recording.taping import Taping
from spinlab.secrets import Secrets

GRANTS = ("allowed_outbound_hosts", "key_value_stores", "sqlite_databases", "ai_models", "variables")


def grants(live: Live) -> dict[str, tuple[str, ...]]:
    """What a function is granted."""
    return {name: tuple(getattr(live.function, name)) for name in GRANTS}


@dataclass
class Making:
    """Makes one recording.

    Parameters:
        app: Name of the app.
        live: Who answers.
        request: What was sent.
        component: Id of the component, when the request went straight to it.
        secrets: What nobody may see.
        keep: Takes the recording.

    Attributes:
        tape: Goes into the sandbox.
        recording: When it is made.
    """

    app: str
    live: Live
    request: Request
    component: str
    secrets: Secrets
    keep: Callable[[Recording], None]

    def __post_init__(self) -> None:
        body = self.request.body
        self.tape = Taping(b"" if isinstance(body, Body) else body)
        if isinstance(body, Body):
            self.tape.streams()
        self.recording: Recording | None = None
        self._status = 0
        self._headers = Headers()
        self._pieces: list[bytes] = []

    def sink(self, sink: Sink) -> Sink:
        """Where the answer goes, with a copy for the recording."""
        return _Copying(self, sink)

    def began(self, status: int, headers: Headers) -> None:
        """The answer's head."""
        self._status, self._headers = status, headers.copy()

    def wrote(self, data: bytes) -> None:
        """A piece of its body."""
        if self.tape.takes(len(data), "what the function asked, was answered and answers"):
            self._pieces.append(data)

    def finish(self, number: int, outcome: Outcome) -> None:
        """Keep it, as the request with that number.

        Raises:
            OSError: It can't be written.
        """
        tape, hiding = self.tape, Hiding(self.secrets)
        crossings = tuple(hiding.crossing(one.written()) for one in tape.asked)
        sent, came = self._sent(hiding), self._came(hiding, outcome)
        cut = tape.cut or ("" if tape.whole else "the function did not read the whole body of the request")
        self.recording = Recording(
            number,
            self.app,
            self.live.function.name,
            self.live.revision,
            time.time(),
            sent,
            came,
            crossings,
            grants(self.live),
            tape.wall_readings,
            tape.mono_readings,
            tape.began,
            tape.seed,
            cut,
            hiding.hid,
        )
        self.keep(self.recording)

    def _sent(self, hiding: Hiding) -> Sent:
        asked = self.request
        kind = MESSAGE if self.live.prepared.trigger else HTTP
        return Sent(
            kind,
            asked.method,
            hiding.text(asked.target),
            hiding.fields(asked.headers),
            hiding.data(self.tape.arrived()),
            asked.scheme,
            self.component,
        )

    def _came(self, hiding: Hiding, outcome: Outcome) -> Came:
        error = outcome.error.message if outcome.error is not None else ""
        status = self._status or (outcome.error.status if outcome.error is not None else 0)
        return Came(status, hiding.fields(self._headers), hiding.data(b"".join(self._pieces)), hiding.text(error))


class _Copying:
    """A sink that passes on and copies."""

    def __init__(self, making: Making, sink: Sink) -> None:
        self._making = making
        self._sink = sink

    def begin(self, status: int, headers: Headers) -> None:
        """See `spinlab.engine.Sink`."""
        self._making.began(status, headers)
        self._sink.begin(status, headers)

    def write(self, data: bytes) -> bool:
        """See `spinlab.engine.Sink`."""
        self._making.wrote(data)
        return self._sink.write(data)

    def whole(self, status: int, headers: Headers, data: bytes) -> None:
        """A whole response at once, for sinks that can use that."""
        self._making.began(status, headers)
        self._making.wrote(data)
        pass_whole(self._sink, status, headers, data)

    def complete(self, trailers: Headers) -> None:
        """The body has ended; for sinks that want to know."""
        pass_complete(self._sink, trailers)

    def end(self, outcome: Outcome) -> None:
        """See `spinlab.engine.Sink`."""
        self._sink.end(outcome)
