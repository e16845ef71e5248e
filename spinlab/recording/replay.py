"""A recorded request once more: on the current revision, compared with the first time."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spinlab.errors import CallError, Diverged, RecordingError
from spinlab.http import Headers, Request, Response
from spinlab.manifest.ids import kebab
from spinlab.recording.hiding import Hiding
from spinlab.recording.making import grants
from spinlab.recording.recording import MESSAGE, Crossing, Recording
from spinlab.recording.replaying import Replaying
from spinlab.shown import Shown

if TYPE_CHECKING:
    from spinlab.app import App

LINES = 40
"""Lines of a difference between bodies that are told."""


@dataclass(frozen=True)
class Difference:
    """Something that is not as it was the first time.

    Attributes:
        what: ``status``, ``header NAME``, ``body`` or ``error``.
        then, now: What it was and is; empty for nothing.
        lines: Of bodies of text, the lines that differ, with a sign.
    """

    what: str
    then: str = ""
    now: str = ""
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Replay(Shown):
    """What came of a replay; displays itself as a comparison.

    Attributes:
        recording: What was replayed.
        response: What is answered now.
        revision: Of the function that answered.
        differences: To the first time.
        diverged: Where the function asked something else; None when it did not.
        live: Whether the host answered from there on.
        unused: What the function asked of the host then and does not now.
        read_more: How often clocks were read beyond the recording.
    """

    recording: Recording
    response: Response
    revision: int
    differences: tuple[Difference, ...] = ()
    diverged: Diverged | None = None
    live: bool = False
    unused: tuple[Crossing, ...] = ()
    read_more: int = 0

    @property
    def same(self) -> bool:
        """Whether everything is as it was the first time."""
        return not self.differences and self.diverged is None

    @property
    def notes(self) -> tuple[str, ...]:
        """What has to be known about it, in words."""
        one = self.recording
        said = ["the recording has masked values: the function saw stars in their place"] if one.masked else []
        said += [f"the recording was cut short: {one.cut}"] if one.cut else []
        if self.unused:
            count = len(self.unused)
            said.append(f"{count} recorded effect{'' if count == 1 else 's'} not asked for again")
        if self.read_more:
            said.append(f"clocks were read {self.read_more} times more than then; they went on from the last reading")
        return tuple(said)


Again = Callable[..., Response]
"""`spinlab.answering.Answering.again`."""


def replay(app: App, which: int | Recording, again: Again, *, live: bool) -> Replay:
    """See `spinlab.App.replay`."""
    recording = which if isinstance(which, Recording) else app.recordings[which]
    if not isinstance(which, Recording):
        if recording.id != which:
            raise RecordingError(
                f"the recording in the place of number {which} is number {recording.id}", hint="its file was renamed"
            )
        if recording.app != app.name:
            raise RecordingError(
                f"recording {which} is one of the app {recording.app!r}, and this is {app.name!r}",
                hint=f"%spin app {recording.app}",
            )
    sent = recording.sent
    hiding = Hiding(app.services.variables.secrets)
    own = kebab(recording.function)  # what an export was loaded from has another spelling
    function = next((live for name, live in app.functions.items() if kebab(name) == own), None)
    tape = Replaying(recording, hiding, grants(function) if function else {}, live=live)
    request = Request(sent.method, sent.target, Headers(sent.headers), sent.body, sent.scheme)
    response = again(recording.function, request, sent.component, tape, message=sent.kind == MESSAGE)
    return Replay(
        recording,
        response,
        function.revision if function else 0,
        () if tape.diverged is not None and not live else differences(recording, response, hiding),
        tape.diverged,
        live,
        tape.unused,
        tape.read_more,
    )


def differences(recording: Recording, response: Response, hiding: Hiding) -> tuple[Difference, ...]:
    """What a response has otherwise than the recorded one."""
    came = recording.came
    found: list[Difference] = []
    status = response.status or (response.error.status if isinstance(response.error, CallError) else 0)
    if status != came.status:
        found.append(Difference("status", str(came.status), str(status)))
    error = response.error.message if isinstance(response.error, CallError) else ""
    error = hiding.text(error)
    if error != came.error:
        found.append(Difference("error", came.error, error))
    then, now = _fields(came.headers), _fields(hiding.fields(response.headers))
    names = [name for name in dict.fromkeys((*then, *now)) if then.get(name) != now.get(name)]
    found += [Difference(f"header {name}", then.get(name, ""), now.get(name, "")) for name in names]
    if not (recording.cut and response.body.startswith(came.body)):
        found += _bodies(came.body, hiding.data(response.body))
    return tuple(found)


def _fields(headers: tuple[tuple[str, str], ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in headers:
        low = name.lower()
        found[low] = f"{found[low]}, {value}" if low in found else value
    return found


def _bodies(then: bytes, now: bytes) -> list[Difference]:
    if then == now:
        return []
    try:
        before, after = then.decode(), now.decode()
    except UnicodeDecodeError:
        at = next((i for i, (a, b) in enumerate(zip(then, now, strict=False)) if a != b), min(len(then), len(now)))
        return [Difference("body", f"{len(then)} bytes", f"{len(now)} bytes, other from byte {at} on")]
    compared = difflib.unified_diff(before.splitlines()[:1000], after.splitlines()[:1000], lineterm="", n=1)
    lines = [line for line in compared if not line.startswith(("---", "+++", "@@"))]
    return [Difference("body", f"{len(then)} bytes", f"{len(now)} bytes", tuple(lines[:LINES]))]
