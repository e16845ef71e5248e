"""What an app keeps of its functions: live revisions, their history, and what they wrote."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field

from spinlab.engine import Outcome, Prepared, Sandbox, Sink
from spinlab.function import Function
from spinlab.http import Headers, LogLine
from spinlab.languages import Build
from spinlab.shown import Shown

REUSE = {"0.2": 1, "0.3": 128}  # Spin: crates/trigger-http, max-instance-reuse-count


@dataclass(frozen=True)
class Live(Shown):
    """One revision of a function, ready to answer.

    Attributes:
        function: What the cell declared.
        build: What its language made of it.
        prepared: The compiled component.
        sandbox: Where its requests run.
        revision: Counts from 1 for each name.
        build_seconds, compile_seconds: What the two steps took.
    """

    function: Function
    build: Build
    prepared: Prepared
    sandbox: Sandbox
    revision: int
    build_seconds: float
    compile_seconds: float

    @property
    def cold_start(self) -> float | None:
        """Seconds that the last fresh instance took to its first answer; None before there was one."""
        return self.sandbox.cold_start

    @property
    def reuse(self) -> int:
        """Requests that one instance answers, one after the other."""
        return reuse_of(self.function, self.prepared)


def reuse_of(function: Function, prepared: Prepared) -> int:
    """How many requests an instance answers: the function's choice, else Spin's default for its WASI version."""
    return REUSE[prepared.wasi] if function.reuse is None else function.reuse


@dataclass(frozen=True)
class RouteInfo:
    """A line of the route table: pattern, function, and why it can't be reached (empty when it can)."""

    pattern: str
    function: str
    problem: str = ""


@dataclass(frozen=True)
class Logged:
    """A log line and the function that wrote it; without a function's name it is the app's own."""

    function: str
    line: LogLine

    def __str__(self) -> str:
        return f"{self.function or 'app'}  {self.line.text}"


@dataclass
class History:
    """The revisions of one name, oldest first; the last one is live unless `removed`."""

    revisions: list[Live] = field(default_factory=list)
    count: int = 0
    removed: bool = False


class Recorder:
    """A sink that passes everything on and keeps the log lines for the app."""

    def __init__(self, sink: Sink, log: deque[Logged], name: str) -> None:
        self._sink = sink
        self._log = log
        self._name = name

    def begin(self, status: int, headers: Headers) -> None:
        """See `spinlab.engine.Sink`."""
        self._sink.begin(status, headers)

    def write(self, data: bytes) -> bool:
        """See `spinlab.engine.Sink`."""
        return self._sink.write(data)

    def whole(self, status: int, headers: Headers, data: bytes) -> None:
        """A whole response at once, for sinks that can use that."""
        tell = getattr(self._sink, "whole", None)
        if tell is not None:
            tell(status, headers, data)
        else:
            self._sink.begin(status, headers)
            self._sink.write(data)

    def complete(self, trailers: Headers) -> None:
        """The client has everything, the guest may go on; for sinks that want to know."""
        tell = getattr(self._sink, "complete", None)
        if tell is not None:
            tell(trailers)

    def end(self, outcome: Outcome) -> None:
        """See `spinlab.engine.Sink`."""
        for line in outcome.logs:
            self._log.append(Logged(self._name, line))
        if outcome.error is not None:
            self._log.append(Logged(self._name, LogLine("spinlab", str(outcome.error), time.time())))
        self._sink.end(outcome)
