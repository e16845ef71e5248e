"""The values of a recording."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from spinlab.shown import Shown

VERSION: Final = 1
"""Of the format."""

LARGEST: Final = 4 << 20
"""Bytes of one recording: what was asked, what was answered, and both bodies."""
CROSSINGS: Final = 5000
READINGS: Final = 20_000
"""Effects, and readings of each clock, of one recording."""

LOADING, REQUEST = "loading", "request"
"""When a clock was read: while the code was loaded, or after."""

HTTP, MESSAGE = "http", "message"
"""What started the function."""


@dataclass(frozen=True)
class Answer:
    """What the host answered.

    Attributes:
        status: `spinlab.host.DONE`, ``END`` or ``ERROR``.
        head: Text of the answer, or the name of the error.
        data: Bytes of the answer, or the message of the error.
        ended: When the guest saw it, in the order of all that happened.
        at: The same on the monotonic clock, in nanoseconds.
        looks: How often the guest had looked before, in vain; -1 for an answer that was there at once.
        open: Whether more can be asked of the effect.
    """

    status: int
    head: str = ""
    data: bytes = b""
    ended: int = 0
    at: int = 0
    looks: int = -1
    open: bool = False


@dataclass(frozen=True)
class Crossing:
    """One effect as it crossed the host interface.

    Attributes:
        op: The operation, such as ``key-value.get``.
        args: Its arguments, without the number of the effect that it goes on with.
        data: Its bytes.
        of: Index of the effect that it goes on with, such as a connection; None for a new one.
        began: When it was asked, in the order of all that happened.
        answer: None when it had none by the end of the request.
        denied: Whether it was refused for want of a grant.
    """

    op: str
    args: str = ""
    data: bytes = b""
    of: int | None = None
    began: int = 0
    answer: Answer | None = None
    denied: bool = False

    def asks(self, op: str, args: str, data: bytes) -> bool:
        """Whether this is what is asked."""
        return self.op == op and self.args == args and self.data == data


@dataclass(frozen=True)
class Sent:
    """The request.

    Attributes:
        kind: `HTTP` or `MESSAGE`.
        method, target, headers, body, scheme: As in `spinlab.http.Request`.
        component: Id of the component when the request went to it, whatever its routes are.
    """

    kind: str = HTTP
    method: str = "GET"
    target: str = "/"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    scheme: str = "http"
    component: str = ""


@dataclass(frozen=True)
class Came:
    """What came back.

    Attributes:
        status: HTTP status; 0 when there was no answer.
        headers, body: Of the answer.
        error: Why there was no proper answer.
    """

    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    error: str = ""


@dataclass(frozen=True)
class Recording(Shown):
    """A request and everything that it saw.

    Attributes:
        id: Its number in ``%spin trace``.
        app, function, revision: Who answered.
        time: When it was over, in seconds since the epoch.
        sent, came: Request and answer.
        crossings: What it asked of the host, in order.
        grants: What the function was granted: attribute of `spinlab.Function` -> the values.
        wall, mono: `LOADING` and `REQUEST` -> the readings of the clocks, in nanoseconds.
        began: Both clocks at the beginning, wall clock first.
        seed: What its random numbers came from.
        cut: Why it ends before the request did; empty when it is whole.
        masked: Whether it has stars where secrets were.
    """

    id: int
    app: str
    function: str
    revision: int
    time: float
    sent: Sent
    came: Came
    crossings: tuple[Crossing, ...] = ()
    grants: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    wall: Mapping[str, Sequence[int]] = field(default_factory=dict, repr=False)
    mono: Mapping[str, Sequence[int]] = field(default_factory=dict, repr=False)
    began: tuple[int, int] = (0, 0)
    seed: bytes = field(default=b"", repr=False)
    cut: str = ""
    masked: bool = False

    @property
    def effects(self) -> int:
        """How many effects it has, without those that go on with another."""
        return sum(1 for one in self.crossings if one.of is None)


def family(op: str) -> str:
    """The kind of an effect: the first word of its operation."""
    return op.partition(".")[0].partition("-")[0] if not op.startswith("key-value") else "key-value"


def goes_on(op: str) -> bool:
    """Whether an operation begins its arguments with the number of the effect that it goes on with."""
    kind, dot, what = op.partition(".")
    if not dot:
        return op.startswith("http-")
    if kind == "socket":
        return what not in ("connect", "udp", "listen", "resolve")
    return what == "next" or (kind in ("sqlite", "redis", "mqtt", "postgres", "mysql") and what != "open")


def split(op: str, args: str) -> tuple[int | None, str]:
    """The number of the effect that an operation goes on with, and the rest of its arguments."""
    if not goes_on(op):
        return None, args
    digits = len(args) - len(args.lstrip("0123456789"))
    return (int(args[:digits]), args[digits:]) if digits else (None, args)
