"""The tape that writes down: what a request asked of the world, and what the world answered."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from spinlab.engine.tapes import Guest
from spinlab.host import Effect, Host, Result
from spinlab.recording.numbers import Numbers
from spinlab.recording.recording import (
    CROSSINGS,
    LARGEST,
    LOADING,
    READINGS,
    REQUEST,
    Answer,
    Crossing,
    split,
)

SEED = 32
"""Bytes of a seed."""


@dataclass
class Asked:
    """An effect that is being written down."""

    crossing: Crossing
    looks: int = 0
    missed: int = -1  # the last wait after which the guest looked in vain
    answer: Answer | None = None
    denied: bool = False

    def written(self) -> Crossing:
        """What stays of it."""
        one = self.crossing
        return Crossing(one.op, one.args, one.data, one.of, one.began, self.answer, self.denied)


@dataclass
class Taping:
    """A `spinlab.engine.tapes.Tape` that records.

    Attributes:
        cut: Why nothing more is written down; empty while everything is.
        body: The request's body, as far as it has arrived.
        whole: Whether that is all of it.
    """

    body: bytes = b""
    whole: bool = True
    cut: str = ""
    asked: list[Asked] = field(default_factory=list)
    wall_readings: dict[str, list[int]] = field(default_factory=lambda: {LOADING: [], REQUEST: []})
    mono_readings: dict[str, list[int]] = field(default_factory=lambda: {LOADING: [], REQUEST: []})
    seed: bytes = field(default_factory=lambda: os.urandom(SEED))

    def __post_init__(self) -> None:
        self.began = (time.time_ns(), time.monotonic_ns())
        self._numbers = {phase: Numbers(self.seed, phase) for phase in (LOADING, REQUEST)}
        self._effects: dict[Effect, int] = {}
        self._events = 0
        self._size = len(self.body)
        self._woke = self.began[1]
        self._waits = 0
        self._arrived: list[bytes] = []

    # ---- see `spinlab.engine.tapes.Tape`

    def wall(self, guest: Guest) -> int:
        """A reading, written down."""
        return self._reading(self.wall_readings, time.time_ns, guest)

    def mono(self, guest: Guest) -> int:
        """A reading, written down."""
        return self._reading(self.mono_readings, time.monotonic_ns, guest)

    def random(self, count: int, guest: Guest) -> bytes:
        """From the seed."""
        return self._numbers[LOADING if guest.loading else REQUEST].take(count)

    def start(self, op: str, args: str, data: bytes, guest: Guest, host: Host) -> Result | Effect:
        """Done by the host; written down unless it is about files, which belong to the function."""
        if op.startswith("fs-") or self.cut:
            return host.start(op, args, data, guest)
        number, rest = split(op, args)
        parent = guest.effect(number) if number is not None else None
        one = Asked(Crossing(op, rest, data, self._effects.get(parent) if parent else None, self._event()))
        begun = host.start(op, args, data, guest)
        if self._add(len(args) + len(data)):
            self.asked.append(one)
            if isinstance(begun, Result):
                self._answered(one, begun, looks=-1, is_open=False)
            else:
                self._effects[begun] = len(self.asked) - 1
        return begun

    def look(self, effect: Effect, result: Result | None) -> Result | None:
        """Written down when it is there."""
        index = self._effects.get(effect)
        if index is None:
            return result
        one = self.asked[index]
        if one.answer is None:
            if result is None:
                one.looks += 1
                one.missed = self._waits
            else:
                # The first look is that of the operation itself.
                self._answered(one, result, looks=one.looks - 1, is_open=effect.stream)
        return result

    def waits(self, effects: Sequence[Effect | None], until: int, guest: Guest) -> int:
        """It waits in truth."""
        return until

    def woke(self) -> None:
        """When, counts as the time of the answers that it finds."""
        self._woke = time.monotonic_ns()
        self._waits += 1

    def received(self, piece: bytes, *, last: bool = False) -> None:
        """Kept for the request."""
        if last:
            self.whole = True
        elif self._add(len(piece)):
            self._arrived.append(piece)

    # ---- what came of it

    def streams(self) -> None:
        """The request's body is still to arrive."""
        self.whole = False

    def arrived(self) -> bytes:
        """The request's body."""
        return self.body + b"".join(self._arrived)

    def takes(self, size: int, what: str) -> bool:
        """Whether so many more bytes fit; when not, nothing is written down from here on."""
        return self._add(size, what)

    def _answered(self, one: Asked, result: Result, *, looks: int, is_open: bool) -> None:
        if not self._add(len(result.head) + len(result.data)):
            return
        one.denied = result.refusal is not None
        # What it found when it had waited was there by then; what it had missed came later, whatever it did meanwhile.
        at = self._woke if one.missed < self._waits else time.monotonic_ns()
        one.answer = Answer(result.status, result.head, result.data, self._event(), at, looks, is_open)

    def _reading(self, readings: dict[str, list[int]], clock: Callable[[], int], guest: Guest) -> int:
        now = clock()
        kept = readings[LOADING if guest.loading else REQUEST]
        if len(kept) < READINGS:
            kept.append(now)
        return now

    def _event(self) -> int:
        self._events += 1
        return self._events

    def _add(self, size: int, what: str = "what the function asked and was answered") -> bool:
        if self.cut:
            return False
        self._size += size
        if self._size > LARGEST:
            self.cut = f"{what} is more than the {LARGEST >> 20} MiB of a recording"
        elif len(self.asked) >= CROSSINGS:
            self.cut = f"the function asked the host more than {CROSSINGS} times"
        return not self.cut
