"""The flat host interface from Python's side: what the guest that runs on this thread sees of the world."""

from __future__ import annotations

import contextlib
import itertools
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager

from spinlab.engine.limits import Watch, exceeded
from spinlab.engine.logs import STREAMS, Log, Tell
from spinlab.engine.tapes import Tape
from spinlab.errors import CallError, GuestError
from spinlab.function import Limits
from spinlab.host import ERROR, PENDING, Effect, Files, Host, Record, Result
from spinlab.http import Denied, HostCall

NEVER = (1 << 64) - 1
"""The `until` of a wait without an end."""

CALLS_KEPT = 1000
"""Host calls of one request that are kept for its trace."""

RANDOM_AT_ONCE = 1 << 20
"""Random bytes that one call gives at most."""

Local = Callable[[str, bytes], "Result | Effect"]
"""Serves an operation of the request itself: ``(arguments, data)``."""

# Never the same number twice in a process: a reused instance that kept a number from an earlier request finds nothing.
_numbers = itertools.count(1)


class Context:
    """Everything one guest may use while it serves one request, or while its code is being loaded.

    The guest's thread calls the methods of the flat interface; `stop` and effects that finish come from any thread.
    None of these methods raises.

    Parameters:
        name: The function's name.
        host: What the guest can ask for.
        files: What is mounted.
        environment: The environment as it crosses: ``name NUL value NUL ...``.
        limits: What it may use.
        watch: Who makes the guest look up when it has to stop.
        loading: True while the guest's code is loaded and there is no request yet.
        aside: Entered while the guest waits outside, so that another can have its place.
        tape: What stands between the guest and the world, if anything.
    """

    def __init__(
        self,
        *,
        name: str,
        host: Host,
        files: Files,
        environment: str,
        limits: Limits,
        watch: Watch,
        loading: bool = False,
        tell: Tell | None = None,
        aside: Callable[[], AbstractContextManager[None]] = contextlib.nullcontext,
        tape: Tape | None = None,
    ) -> None:
        self.name = name
        self.tape = tape
        self.files = files
        self.loading = loading
        self.hops = 0
        self.limits = limits
        self.written = Log(limits.log, tell)
        self.denied: list[Denied] = []
        self.error: CallError | None = None
        self.crash: BaseException | None = None
        self.exit_code: int | None = None
        self.local: Mapping[str, Local] = {}
        self._records: list[Record] = []
        self._host = host
        self._tracing = host.tracing
        self._environment = environment
        self._watch = watch
        self._aside = aside
        self._changed = threading.Condition(threading.Lock())
        self._effects: dict[int, Effect] = {}

    # Stopping.

    @property
    def stopping(self) -> bool:
        """Whether the guest has to stop."""
        return self.error is not None

    def stop(self, error: CallError) -> None:
        """Make the guest stop, with `error` as the outcome. The first error stays."""
        with self._changed:
            if self.error is not None:
                return
            self.error = error
            self._changed.notify_all()
        self._watch.push()

    def over(self, limit: str) -> None:
        """Stop the guest at a limit."""
        self.stop(exceeded(limit, self.limits))

    def expire(self) -> None:
        """Stop the guest at its deadline."""
        self.over("timeout")

    def end(self) -> None:
        """Stop the guest because the process ends."""
        self.stop(GuestError("the process ended"))

    def tick(self) -> int:
        """Asked by the runtime when the epoch has moved: 0 ends the guest."""
        return 0 if self.error is not None else 1

    def failed(self, error: BaseException) -> None:
        """A host function raised: a bug of ours, kept for the outcome."""
        self.crash = self.crash or error

    def extend_environment(self, variables: Iterable[tuple[str, str]]) -> None:
        """Add what only this request says of itself. A value ends at a NUL, as C's strings do."""
        self._environment += "".join(f"{before_nul(name)}\0{before_nul(value)}\0" for name, value in variables)

    # The flat interface, called on the guest's thread.

    def log(self, stream: int, text: str) -> bool:
        """Text for stdout (1) or stderr (2); False: stop now."""
        if not self.written.write(STREAMS.get(stream, "stderr"), text):
            self.over("log")
        return self.error is None

    def wall(self) -> int:
        """Nanoseconds since the epoch."""
        return time.time_ns() if self.tape is None else self.tape.wall(self)

    def mono(self) -> int:
        """Nanoseconds on the monotonic clock."""
        return time.monotonic_ns() if self.tape is None else self.tape.mono(self)

    def random(self, count: int) -> bytes:
        """Random bytes, as many as asked for up to a bound."""
        count = min(count, RANDOM_AT_ONCE)
        return os.urandom(count) if self.tape is None else self.tape.random(count, self)

    def environment(self) -> str:
        """``name NUL value NUL ...``."""
        return self._environment

    def exit(self, code: int) -> None:
        """The guest ends itself."""
        self.exit_code = code

    def start(self, op: str, args: str, data: bytes) -> tuple[int, int, str, bytes]:
        """Begin an effect: ``(id, status, head, data)``; the id is 0 when nothing more can be asked of it."""
        if self.error is not None:
            return 0, ERROR, "internal-error", b"the request is over"
        local = self.local.get(op)
        try:
            begun = local(args, data) if local else self._ask(op, args, data)
        except Exception as error:  # noqa: BLE001 (a sink that fails is no fault of the guest's)
            self.crash = self.crash or error
            self.stop(GuestError("the answer could not be passed on", details=repr(error)))
            return 0, ERROR, "internal-error", b""
        if isinstance(begun, Result):
            return 0, begun.status, begun.head, begun.data
        result = begun.peek() if self.tape is None else self.tape.look(begun, begun.peek())
        if result is not None and not begun.stream:
            return 0, result.status, result.head, result.data
        return self._keep(begun, result)

    def _ask(self, op: str, args: str, data: bytes) -> Result | Effect:
        if self.tape is None:
            return self._host.start(op, args, data, self)
        return self.tape.start(op, args, data, self, self._host)

    def _keep(self, effect: Effect, result: Result | None) -> tuple[int, int, str, bytes]:
        if len(self._effects) >= self.limits.effects:
            effect.cancel()
            self.over("effects")
            return 0, ERROR, "internal-error", b"too many effects in flight"
        number = next(_numbers) & 0xFFFFFFFF or next(_numbers) & 0xFFFFFFFF
        with self._changed:
            self._effects[number] = effect
        if result is not None:
            return number, result.status, result.head, result.data
        effect.watch(self._wake)
        return number, PENDING, "", b""

    def take(self, number: int) -> tuple[int, str, bytes]:
        """The result of an effect that was pending: ``(status, head, data)``."""
        effect = self._effects.get(number)
        if effect is None:
            return ERROR, "internal-error", b"no such effect"
        result = effect.peek() if self.tape is None else self.tape.look(effect, effect.peek())
        if result is None:
            return PENDING, "", b""
        if not effect.stream or result.status == ERROR:
            self._forget(number)
        return result.status, result.head, result.data

    def cancel(self, number: int) -> None:
        """Nobody wants this effect any more."""
        effect = self._forget(number)
        if effect is not None:
            _cancel(effect)

    def wait(self, ids: str, until: int) -> bool:
        """Block until one of the effects can be taken or the clock reaches `until`; False: stop now."""
        wanted = [int(number) for number in ids.split()]
        if self.tape is None:
            return self._wait_aside(wanted, until)
        until = self.tape.waits([self._effects.get(number) for number in wanted], until, self)
        goes_on = self._wait_aside(wanted, until)
        self.tape.woke()
        return goes_on

    def _wait_aside(self, wanted: list[int], until: int) -> bool:
        if self.error is None and any(self._takeable(number) for number in wanted):
            return True
        with self._aside():
            return self._wait(wanted, until)

    def _wait(self, wanted: list[int], until: int) -> bool:
        with self._changed:
            while self.error is None:
                if any(self._takeable(number) for number in wanted):
                    return True
                if until >= NEVER:
                    self._changed.wait(threading.TIMEOUT_MAX)
                    continue
                left = until - time.monotonic_ns()
                if left <= 0:
                    return True
                self._changed.wait(min(left / 1e9, threading.TIMEOUT_MAX))
        return False

    def _takeable(self, number: int) -> bool:
        effect = self._effects.get(number)
        return effect is None or effect.peek() is not None

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _forget(self, number: int) -> Effect | None:
        with self._changed:
            return self._effects.pop(number, None)

    # What capabilities may do (`spinlab.host.Caller`).

    @property
    def crowded(self) -> bool:
        """Whether half of the effects that there may be are in flight: what is left is for reading from them."""
        return 2 * len(self._effects) >= self.limits.effects

    def deny(self, denied: Denied, hint: str) -> None:
        """Remember a denial once, and say how to grant it."""
        if denied not in self.denied and len(self.denied) < self.limits.effects:
            self.denied.append(denied)
            self.written.note(hint)

    def note(self, text: str) -> None:
        """Write lines of ours to the function's stderr."""
        self.written.note(text)

    def effect(self, number: int) -> Effect | None:
        """The effect with that number."""
        return self._effects.get(number)

    def release(self, number: int) -> None:
        """Nothing more can be taken from that effect: it counts no longer."""
        self._forget(number)

    def record(self, record: Record) -> None:
        """Keep a host call for the trace, as long as there is room."""
        if self._tracing and len(self._records) < CALLS_KEPT:
            self._records.append(record)

    def calls(self, began: float) -> tuple[HostCall, ...]:
        """The host calls so far; `began` is when the request did, on the performance counter.

        Without tracing only what was denied, each thing once.
        """
        if not self._tracing:
            return tuple(HostCall(d.capability, "", d.target, "denied", denied=d) for d in self.denied)
        return tuple(record.frozen(began) for record in self._records)

    def close(self) -> None:
        """The request is over: let go of every effect and file."""
        self.files.let_go(self)
        with self._changed:
            left, self._effects = list(self._effects.values()), {}
        for effect in left:
            _cancel(effect)


def before_nul(text: str) -> str:
    """A text as far as C reads it."""
    return text.partition("\0")[0]


def _cancel(effect: Effect) -> None:
    if effect.record is not None:
        effect.record.leave()
    with contextlib.suppress(Exception):  # a capability's bug; the guest has no use for it
        effect.cancel()
