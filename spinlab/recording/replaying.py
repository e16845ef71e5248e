"""The tape that answers in the world's place, with what a recording has, as long as the function asks for that."""

from __future__ import annotations

import time
from collections.abc import Sequence

from spinlab.engine.effects import NEVER
from spinlab.engine.tapes import Guest
from spinlab.errors import Diverged
from spinlab.host import END, ERROR, Effect, Host, Result
from spinlab.recording.hiding import Hiding
from spinlab.recording.numbers import Numbers
from spinlab.recording.recording import LOADING, REQUEST, Answer, Crossing, Recording, family, split
from spinlab.recording.telling import told

TICK = 1000
"""Nanoseconds that a clock goes on by when it is read more often than it was."""

_LOOKED_THROUGH = 200


class Again(Effect):
    """A recorded effect, asked for again.

    Parameters:
        index: Of its crossing.
        answer: What it will be answered.
    """

    def __init__(self, index: int, answer: Answer | None) -> None:
        super().__init__(stream=answer is None or answer.open)
        self.index = index
        self.answer = answer
        self.looks = 0


class Replaying:
    """A `spinlab.engine.tapes.Tape` that replays.

    Parameters:
        recording: What it answers with.
        hiding: Blanks what is asked as the recording was blanked.
        grants: What the function is granted now, as `Recording.grants`.
        live: Whether the host is asked for what is not in the recording, and from there on for everything.

    Attributes:
        diverged: Where the function asked something else; None when it did not.
        used: Indices of the crossings that were asked for again.
        read_more: How often clocks were read beyond the recording.
    """

    def __init__(self, recording: Recording, hiding: Hiding, grants: object, *, live: bool) -> None:
        self.diverged: Diverged | None = None
        self.used: set[int] = set()
        self.read_more = 0
        self._recording = recording
        self._hiding = hiding
        self._grants_differ = grants != recording.grants
        self._live = live
        self._live_since: int | None = None
        self._numbers = {phase: Numbers(recording.seed, phase) for phase in (LOADING, REQUEST)}
        self._readings = {"wall": dict.fromkeys((LOADING, REQUEST), 0), "mono": dict.fromkeys((LOADING, REQUEST), 0)}
        self._now = recording.began[1]
        self._wall = 0
        self._started: list[Again] = []
        self._rooms: dict[object, list[int]] = {}
        for index, one in enumerate(recording.crossings):
            if recording.cut and one.answer is None:
                continue  # it had one, for all that is known
            self._rooms.setdefault(family(one.op) if one.of is None else one.of, []).append(index)

    # ---- see `spinlab.engine.tapes.Tape`

    def wall(self, guest: Guest) -> int:
        """The next reading; one that follows from the other clock when there is none left."""
        found = self._reading("wall", guest)
        if found is None:
            began = self._recording.began
            found = began[0] + self._passed(TICK) - began[1]
        self._wall = max(self._wall, found)
        return self._wall

    def mono(self, guest: Guest) -> int:
        """The next reading; a little later than before when there is none left."""
        found = self._reading("mono", guest)
        if found is None:
            return self._passed(TICK)
        self._now = max(self._now, found)
        return self._now

    def random(self, count: int, guest: Guest) -> bytes:
        """From the seed."""
        return self._numbers[LOADING if guest.loading else REQUEST].take(count)

    def start(self, op: str, args: str, data: bytes, guest: Guest, host: Host) -> Result | Effect:
        """What was answered then. Files are those of the function as it is now."""
        if op.startswith("fs-"):
            return host.start(op, args, data, guest)
        number, rest = split(op, args)
        parent = guest.effect(number) if number is not None else None
        if self._live_since is not None and not isinstance(parent, Again):
            return host.start(op, args, data, guest)
        room: object = parent.index if isinstance(parent, Again) else family(op)
        rest, hidden = self._hiding.asked(op, rest, data)
        index = self._find(room, op, rest, hidden)
        refused = self._refused(index, op)
        if index is not None and not refused:
            return self._again(index, number, guest)
        return self._diverge(refused or self._other(room, op, rest, hidden), guest) or host.start(op, args, data, guest)

    def look(self, effect: Effect, result: Result | None) -> Result | None:
        """An effect that nobody waits for has its answer after as many looks as then."""
        if not isinstance(effect, Again) or result is not None or effect.answer is None:
            return result
        effect.looks += 1
        if effect.answer.looks < effect.looks - 1:
            self._finish(effect)
        return effect.peek()

    def waits(self, effects: Sequence[Effect | None], until: int, guest: Guest) -> int:
        """What was answered first then is there; a time that comes before has come."""
        if any(one is None or one.peek() is not None for one in effects):
            return 0
        waiting = [one for one in effects if isinstance(one, Again)]
        due = min((one.answer.at for one in waiting if one.answer), default=None)
        if due is not None and due < until:
            self._now = max(self._now, due)
            self._finish_until(due)
            return 0
        if len(waiting) < len(effects):
            return until if until >= NEVER else time.monotonic_ns() + max(until - self._passed(0), 0)
        if until < NEVER:
            self._now = max(self._now, until - self._since_live())
            return 0
        what = told(self._recording.crossings[waiting[0].index]) if waiting else "nothing"
        self._stop(f"it waits for the answer to {what}, which had not come when the recording ended", guest)
        return 0

    def woke(self) -> None:
        """Nothing to note."""

    def received(self, piece: bytes, *, last: bool = False) -> None:
        """Nothing to note."""

    # ---- finding what was recorded

    @property
    def unused(self) -> tuple[Crossing, ...]:
        """The new effects of the recording that were not asked for again."""
        listed = enumerate(self._recording.crossings)
        return tuple(one for index, one in listed if one.of is None and index not in self.used)

    def _find(self, room: object, op: str, args: str, data: bytes) -> int | None:
        """The next one of its kind, or one that was under way together with those before it."""
        left = self._rooms.get(room, [])
        answered = NEVER  # when the first one that is passed over was answered
        for place, index in enumerate(left[:_LOOKED_THROUGH]):
            one = self._recording.crossings[index]
            if one.began > answered:
                return None
            if one.asks(op, args, data):
                del left[place]
                return index
            answered = min(answered, one.answer.ended if one.answer is not None else NEVER)
        return None

    def _again(self, index: int, number: int | None, guest: Guest) -> Result | Effect:
        one = self._recording.crossings[index]
        self.used.add(index)
        answer = one.answer
        if number is not None and answer is not None and _is_last(one.op, answer):
            guest.release(number)
        if answer is not None and answer.looks < 0 and not answer.open:
            return _result(answer)
        effect = Again(index, answer)
        if answer is not None and answer.looks < 0:
            effect.finish(_result(answer))
        self._started.append(effect)
        return effect

    def _finish(self, effect: Again) -> None:
        assert effect.answer is not None
        self._started.remove(effect)
        effect.finish(_result(effect.answer))

    def _finish_until(self, due: int) -> None:
        for one in [x for x in self._started if x.answer is not None and x.peek() is None and x.answer.at <= due]:
            self._finish(one)

    # ---- what was not recorded

    def _refused(self, index: int | None, op: str) -> str:
        if index is None or not self._recording.crossings[index].denied or not (self._grants_differ or self._live):
            return ""
        return f"it asks for {told(self._recording.crossings[index])}, which was denied then, so no answer is recorded"

    def _other(self, room: object, op: str, args: str, data: bytes) -> str:
        asked = told(Crossing(op, args, data))
        left = self._rooms.get(room, [])
        if left:
            return f"it asks for {asked}; recorded is {told(self._recording.crossings[left[0]])}"
        if self._recording.cut:
            return f"it asks for {asked}, and the recording was cut short before: {self._recording.cut}"
        had = [one for one in self._recording.crossings if one.of is None and family(one.op) == family(op)]
        if had:
            return f"it asks for {asked}, and asked then for nothing more of that kind than {told(had[-1])}"
        return f"it asks for {asked}, and asked for nothing of that kind then"

    def _diverge(self, what: str, guest: Guest) -> Result | None:
        """Go on at the host, or stop."""
        if self._live:
            self.diverged = self.diverged or _diverged(what)
            if self._live_since is None:
                self._live_since = time.monotonic_ns()
            return None
        self._stop(what, guest)
        return Result.error("internal-error", "the replay ends here")

    def _stop(self, what: str, guest: Guest) -> None:
        if self.diverged is None:
            self.diverged = _diverged(what)
        guest.stop(self.diverged)

    # ---- time

    def _reading(self, clock: str, guest: Guest) -> int | None:
        phase = LOADING if guest.loading else REQUEST
        kept = getattr(self._recording, clock).get(phase, ())
        at = self._readings[clock][phase]
        if self._live_since is not None:
            return None
        if at >= len(kept):
            self.read_more += 1
            return None
        self._readings[clock][phase] = at + 1
        return int(kept[at])

    def _passed(self, by: int) -> int:
        """The time on the monotonic clock, which goes on by so much; when the host answers, as time does."""
        self._now += by
        return self._now + self._since_live()

    def _since_live(self) -> int:
        return 0 if self._live_since is None else time.monotonic_ns() - self._live_since


def _result(answer: Answer) -> Result:
    return Result(answer.status, answer.head, answer.data)


def _is_last(op: str, answer: Answer) -> bool:
    """Whether nothing more comes from what the operation went on with."""
    if op == "http-read":
        return answer.status in (END, ERROR)
    return op.endswith(".next") and (answer.status == ERROR or answer.head == "whole")


def _diverged(what: str) -> Diverged:
    return Diverged(
        f"the function asks something that the recording has no answer to: {what}",
        hint="--live asks the host from there on, and what it writes is written",
    )
