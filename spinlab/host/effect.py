"""The values that cross between a guest's operation and the capability that serves it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Protocol

from spinlab.host.denied import Refusal
from spinlab.host.files import Files
from spinlab.http import Denied, HostCall

PENDING, DONE, END, ERROR = 0, 1, 2, 3
"""What became of an effect, as it crosses to the guest."""


@dataclass(frozen=True)
class Result:
    """The answer to an operation.

    Attributes:
        status: `DONE`, `END` (of a stream) or `ERROR`.
        head: Text of the answer; the name of the error, as the WIT interface calls it.
        data: Bytes of the answer; the message of an error.
        refusal: Why it was denied, for the user; None otherwise.
    """

    status: int = DONE
    head: str = ""
    data: bytes = b""
    refusal: Refusal | None = None

    @classmethod
    def error(cls, name: str, message: str = "") -> Result:
        """A failure called `name` in the guest's interface."""
        return cls(ERROR, name, message.encode())

    @classmethod
    def refused(cls, refusal: Refusal) -> Result:
        """A denial: the guest's error, and what the user is told."""
        return cls(ERROR, refusal.error, refusal.message.encode(), refusal)


class Record:
    """A host call as it goes on; `Context` makes a `HostCall` of it when the request is over.

    Attributes:
        sent, received: Bytes so far; operations on a stream add theirs.
    """

    def __init__(self, capability: str, operation: str, target: str, sent: int = 0) -> None:
        self.capability = capability
        self.operation = operation
        self.target = target
        self.sent = sent
        self.received = 0
        self._began = time.perf_counter()
        self._elapsed: float | None = None
        self._outcome = "unfinished"
        self._denied: Denied | None = None

    def close(self, result: Result) -> None:
        """The call has its result; a second one is ignored."""
        if self._elapsed is not None:
            return
        self._elapsed = time.perf_counter() - self._began
        self._denied = result.refusal.denied if result.refusal else None
        self._outcome = "denied" if result.refusal else (result.head or "error") if result.status == ERROR else "ok"
        if result.status != ERROR:
            self.received += len(result.data)

    def leave(self) -> None:
        """Nobody waits for the call any more: without a result by now it stays unfinished."""
        if self._elapsed is None:
            self._elapsed = time.perf_counter() - self._began

    def fail(self, result: Result) -> None:
        """A later part of a call that had its result has failed, and with it the call."""
        if result.status == ERROR and self._outcome == "ok":
            self._elapsed = time.perf_counter() - self._began
            self._outcome = result.head or "error"

    def frozen(self, request_began: float) -> HostCall:
        """The call as the user sees it."""
        elapsed = time.perf_counter() - self._began if self._elapsed is None else self._elapsed
        return HostCall(
            self.capability,
            self.operation,
            self.target,
            self._outcome,
            self._began - request_began,
            elapsed,
            self.sent,
            self.received,
            self._denied,
        )


class Effect:
    """An operation that is under way; any thread may finish it, the guest's thread takes the result.

    Parameters:
        stream: True when the guest goes on using the effect's id after it took the result.

    Attributes:
        record: What the trace says of it; None when it is not told.
    """

    def __init__(self, *, stream: bool = False) -> None:
        self.stream = stream
        self.record: Record | None = None
        self._lock = Lock()
        self._result: Result | None = None
        self._on_finished: Callable[[], None] | None = None
        self._observer: Callable[[Result], None] | None = None

    def finish(self, result: Result) -> None:
        """Set the result; a second one is ignored."""
        with self._lock:
            if self._result is not None:
                return
            self._result = result
            call, observer = self._on_finished, self._observer
        if observer:
            observer(result)
        if call:
            call()

    def peek(self) -> Result | None:
        """The result, or None while there is none."""
        return self._result

    def watch(self, on_finished: Callable[[], None]) -> None:
        """Call `on_finished` (from any thread, without a lock held) when the result is there; now if it already is."""
        with self._lock:
            if self._result is None:
                self._on_finished = on_finished
                return
        on_finished()

    def observe(self, observer: Callable[[Result], None]) -> None:
        """Call `observer` with the result before anybody is told that it is there; now if it already is."""
        with self._lock:
            if self._result is None:
                self._observer = observer
                return
            result = self._result
        observer(result)

    def cancel(self) -> None:
        """Nobody wants the result any more. Capabilities that hold something override this."""


class Caller(Protocol):
    """The request on whose behalf a guest asks, as a capability sees it."""

    @property
    def name(self) -> str:
        """The function's name."""
        ...

    @property
    def files(self) -> Files:
        """What is mounted for it."""
        ...

    @property
    def hops(self) -> int:
        """How many functions of the app are waiting for this one."""
        ...

    @property
    def loading(self) -> bool:
        """True while the function's code is being loaded, before there is a request."""
        ...

    @property
    def crowded(self) -> bool:
        """Whether so much is in flight that nothing further may be begun, before the guest is stopped for it."""
        ...

    def deny(self, denied: Denied, hint: str) -> None:
        """Remember a denial and write `hint` to the function's stderr."""
        ...

    def note(self, text: str) -> None:
        """Write lines of ours to the function's stderr."""
        ...

    def effect(self, number: int) -> Effect | None:
        """The effect with that number, for operations on a stream."""
        ...

    def release(self, number: int) -> None:
        """The guest has taken everything from that effect: forget it."""
        ...

    def record(self, record: Record) -> None:
        """Keep a host call for the trace."""
        ...


class Capability(Protocol):
    """Serves one family of operations for one function. Neither method may block or take long."""

    def start(self, op: str, args: str, data: bytes, call: Caller) -> Result | Effect:
        """Begin an operation. An exception is the guest's ``internal-error``."""
        ...

    def describe(self, op: str, args: str, data: bytes) -> tuple[str, str, str] | None:
        """Capability, operation and target as the trace tells them, without a secret; None for one that is a part of
        another (such as a read from a stream)."""
        ...


Serve = Callable[[str, str, bytes, Caller], Result | Effect]
"""`Capability.start` alone: an operation that the trace does not tell."""
