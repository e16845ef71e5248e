"""What an app keeps of its functions: live revisions, their history, and what they wrote."""

from __future__ import annotations

import itertools
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from spinlab.changes import REQUESTS, Changes
from spinlab.engine import Outcome, Prepared, Sandbox, Sink, Sizes, compressed
from spinlab.engine.binary import MODULE_HEADER
from spinlab.engine.calls import pass_complete, pass_whole
from spinlab.function import Function
from spinlab.http import Headers, LogLine, Request
from spinlab.languages import Build
from spinlab.pulse import Pulse
from spinlab.secrets import Secrets
from spinlab.shown import Shown
from spinlab.trace import REQUESTS_KEPT, Traced, Usage

LOG_LINES_KEPT = 5000

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
        declared: What the cell declared, when a grant was changed since; else the same as `function`.
        usage: What it has used and been denied since it went live.
        mounts: Its files as they were when it was registered: path in the sandbox -> bytes.
    """

    function: Function
    build: Build = field(repr=False)
    prepared: Prepared = field(repr=False)
    sandbox: Sandbox = field(repr=False)
    revision: int
    build_seconds: float
    compile_seconds: float
    declared: Function | None = None
    usage: Usage = field(default_factory=Usage, compare=False, repr=False)
    mounts: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    @property
    def cold_start(self) -> float | None:
        """Seconds that the last fresh instance took to its first answer; None before there was one."""
        return self.sandbox.cold_start

    @cached_property
    def is_module(self) -> bool:
        """Whether a core module is exported, and a component that was made of it runs."""
        return self.build.component[:8] == MODULE_HEADER

    @cached_property
    def _module_compressed(self) -> int:
        return compressed(self.build.component)

    @property
    def sizes(self) -> Sizes:
        """Sizes as of now, of what is exported and of what runs."""
        sizes = self.prepared.sizes
        if not self.is_module:
            return sizes
        return Sizes(len(self.build.component), self._module_compressed, sizes.compiled)

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


@dataclass
class Ledger:
    """What an app keeps of its requests, bounded: log lines and traces, oldest first; how many there were lately; and
    who is told of them."""

    log: deque[Logged] = field(default_factory=lambda: deque(maxlen=LOG_LINES_KEPT))
    traces: deque[Traced] = field(default_factory=lambda: deque(maxlen=REQUESTS_KEPT))
    pulse: Pulse = field(default_factory=Pulse)
    changes: Changes = field(default_factory=Changes)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))


class Recorder:
    """A sink that passes everything on and writes into the app's ledger.

    Parameters:
        sink: Where the response goes.
        ledger: Where log lines and the trace go.
        live: Who answers.
        request: What was asked.
        secrets: What nobody may see of what the guest wrote and asked for.
        record: Keeps a recording of it, as the request with that number.
    """

    def __init__(
        self,
        sink: Sink,
        ledger: Ledger,
        live: Live,
        request: Request,
        secrets: Secrets,
        record: Callable[[int, Outcome], None] | None = None,
    ) -> None:
        self._sink = sink
        self._ledger = ledger
        self._live = live
        self._request = request
        self._secrets = secrets
        self._record = record
        self._status = 0

    def begin(self, status: int, headers: Headers) -> None:
        """See `spinlab.engine.Sink`."""
        self._status = status
        self._sink.begin(status, headers)

    def write(self, data: bytes) -> bool:
        """See `spinlab.engine.Sink`."""
        return self._sink.write(data)

    def whole(self, status: int, headers: Headers, data: bytes) -> None:
        """A whole response at once, for sinks that can use that."""
        self._status = status
        pass_whole(self._sink, status, headers, data)

    def complete(self, trailers: Headers) -> None:
        """The client has everything, the guest may go on; for sinks that want to know."""
        pass_complete(self._sink, trailers)

    def end(self, outcome: Outcome) -> None:
        """See `spinlab.engine.Sink`."""
        outcome = self._secrets.hidden(outcome)
        name, error = self._live.function.name, outcome.error
        for line in outcome.logs:
            self._ledger.log.append(Logged(name, line))
        if error is not None:
            self._ledger.log.append(Logged(name, LogLine("spinlab", str(error), time.time())))
        status = self._status or (error.status if error is not None else 0)
        self._live.usage.add(outcome.calls)
        self._ledger.pulse.add(name, outcome.elapsed, error is not None or status >= 500)
        number = next(self._ledger.numbers)
        self._ledger.traces.append(
            Traced(
                number,
                name,
                self._request.method,
                self._secrets.mask(self._request.path),
                status,
                time.time(),
                outcome.elapsed,
                outcome.calls,
                error.message if error is not None else "",
            )
        )
        if self._record is not None:
            try:
                self._record(number, outcome)
            except Exception as problem:  # noqa: BLE001 (whoever waits gets the answer all the same)
                text = f"request {number} could not be recorded: {problem}"
                self._ledger.log.append(Logged(name, LogLine("spinlab", text, time.time())))
        self._sink.end(outcome)
        self._ledger.changes.tell(REQUESTS)
