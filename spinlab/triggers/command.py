"""Command: a main function runs when it is told to, with arguments (Spin: the plugin ``trigger-command``).

It exports ``wasi:cli/run``. By hand it may have an input; under ``spinlab up`` it has none, as under Spin.
"""

from __future__ import annotations

import queue
import shlex
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from spinlab.engine import Call, Exited, Outcome, Plain, Sink
from spinlab.errors import OptionError
from spinlab.http import Headers, LogLine, Request
from spinlab.live import Live
from spinlab.manifest.ids import kebab
from spinlab.triggers.kind import Config, Place
from spinlab.triggers.listening import request


@dataclass(frozen=True)
class Finished:
    """A command that has ended.

    Attributes:
        status: Its exit status; zero is success.
        stdout: What it wrote there, when nobody took it piece by piece.
        stderr: What it wrote there.
        elapsed: Seconds.
    """

    status: int
    stdout: bytes = b""
    stderr: str = ""
    elapsed: float = 0.0

    def __repr__(self) -> str:
        return f"exit status {self.status} after {self.elapsed * 1000:.1f} ms"


def run(
    live: Live,
    arguments: Sequence[str],
    stdin: bytes,
    submit: Callable[[Live, Request, Sink, Plain], Call],
    take: Callable[[bytes], object] | None = None,
) -> Finished:
    """Run a command and wait for its end; an interrupt stops it.

    Parameters:
        live: The function.
        arguments: Without its own name, which is the component's id.
        stdin: Its input.
        submit: Begins a run.
        take: Given each piece of its output, on the caller's thread.

    Raises:
        OptionError: It is no command, or an argument can't be one.
        CallError: It was stopped, or failed in another way than by its exit status; or all workers are taken.
    """
    name = live.function.name
    if "command" not in live.function.triggers:
        raise OptionError(f"{name!r} is no command", hint=f"%%spin ... {name} --command makes one of a cell")
    if any("\0" in argument for argument in arguments):
        raise OptionError("an argument has no null characters", hint="write it without")
    sink = _Pieces()
    asked = request("command", shlex.join(arguments) or name, stdin)
    call = submit(live, asked, sink, Plain((kebab(name), *arguments)))
    pieces: list[bytes] = []
    _pass_on(sink, pieces.append if take is None else take, call)
    outcome = sink.outcome
    if outcome.error is not None and not isinstance(outcome.error, Exited):
        raise outcome.error
    status = outcome.error.code if isinstance(outcome.error, Exited) else 0
    return Finished(status, b"".join(pieces), _text(outcome.logs), outcome.elapsed)


def _pass_on(sink: _Pieces, take: Callable[[bytes], object], call: Call) -> None:
    try:
        while (piece := sink.next()) is not None:
            take(piece)
    except BaseException:
        call.cancel("interrupted")
        raise


def _text(lines: Sequence[LogLine]) -> str:
    return "".join(line.text if line.text.endswith("\n") else line.text + "\n" for line in lines)


class _Pieces:
    """A sink whose pieces another thread takes, one by one."""

    def __init__(self) -> None:
        self.outcome = Outcome()
        self._waiting: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()

    def begin(self, status: int, headers: Headers) -> None:
        """See `spinlab.engine.Sink`."""

    def write(self, data: bytes) -> bool:
        """See `spinlab.engine.Sink`."""
        self._waiting.put(data)
        return True

    def end(self, outcome: Outcome) -> None:
        """See `spinlab.engine.Sink`."""
        self.outcome = outcome
        self._waiting.put(None)

    def next(self) -> bytes | None:
        """The next piece; None at the end."""
        while self._waiting.empty():
            with suppress(queue.Empty):  # a wait without an end can't be interrupted everywhere
                return self._waiting.get(timeout=0.5)
        return self._waiting.get()


class Command:
    """See `spinlab.triggers.kind.Kind`."""

    name = "command"
    keys = ()
    required = 0
    templated = ()
    settings = ()
    application = ()
    defaults: Config = {}
    listens = False

    def declared(self, text: str) -> Config:
        """Nothing: it has no keys."""
        return {}

    def check(self, config: Config) -> None:
        """There is nothing that could be wrong."""

    def subject(self, config: Config) -> str:
        """What it is told to do is in its arguments."""
        return "run"

    def message(self, config: Config, data: bytes) -> bytes:
        """It has arguments, no message."""
        raise OptionError("a command takes no message", hint="%spin run NAME ARGUMENTS")

    async def listen(self, config: Config, place: Place) -> None:
        """Nothing starts it but a call."""


KIND = Command()
