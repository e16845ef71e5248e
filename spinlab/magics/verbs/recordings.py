"""The verbs about recordings: record, recordings, replay; and what a call says to be recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spinlab.client import request
from spinlab.errors import OptionError, RecordingError
from spinlab.http import Headers, Response
from spinlab.magics.desk import Desk
from spinlab.magics.options import Arguments, Option, Positional
from spinlab.magics.quantities import count
from spinlab.magics.verbs.verb import verb
from spinlab.magics.verbs.views import named
from spinlab.widgets.display import Display

if TYPE_CHECKING:
    from spinlab.recording.replay import Replay

RECORD = Option(("--record",), "Record what it sees, for %spin replay.")
"""What every call takes."""

_SWITCH = {"on": True, "off": False}


def recorded(desk: Desk, method: str, path: str, headers: Headers, body: bytes | None) -> Response:
    """Send a request and record it."""
    app = desk.app
    answer, recording = app.record(request(method, path, host=f"{app.name}.localhost", headers=headers, body=body))
    if recording is None:
        desk.say("nothing was recorded: no function answered")
        return answer
    hidden = "; secrets in it are masked" if recording.masked else ""
    cut = f"; cut short: {recording.cut}" if recording.cut else ""
    desk.say(f"recorded as {recording.id}{hidden}{cut}; %spin replay {recording.id}")
    return answer


def record(desk: Desk, given: Arguments) -> Display:
    """Record every request from now on, or those of one function; or no longer."""
    from spinlab.widgets.recording import recordings as shown

    kept, switch = desk.app.recordings, given["switch"]
    if switch not in _SWITCH:
        raise given.refuse("switch", f"recording can't be {switch!r}", "%spin record on, or off")
    if given["name"] is not None:
        (kept.functions.add if _SWITCH[switch] else kept.functions.discard)(named(desk, given).name)
    else:
        kept.on = _SWITCH[switch]
        if not kept.on:
            kept.functions.clear()
    desk.say(_told(desk))
    return shown(kept)


def _told(desk: Desk) -> str:
    kept = desk.app.recordings
    if kept.on:
        return "every request is recorded from now on, in an instance of its own; %spin record off ends it"
    names = ", ".join(sorted(kept.functions))
    return f"recorded from now on: the requests of {names}" if names else "nothing is recorded from now on"


def recordings(desk: Desk, given: Arguments) -> Display:
    """The recordings, or one of them with its effects."""
    from spinlab.widgets.recording import recording, recordings

    kept = desk.app.recordings
    if given["forget"]:
        try:
            kept.forget(*([_id(given)] if given["id"] else []))
        except RecordingError as error:
            raise given.refuse("id", error.message, error.hint) from None
        return recordings(kept)
    return recording(kept[_id(given)]) if given["id"] else recordings(kept)


def replay(desk: Desk, given: Arguments) -> Replay:
    """A recorded request once more; raises where it asks something else."""
    made = desk.app.replay(_id(given) if given["id"] else desk.app.recordings.last, live=bool(given["live"]))
    if made.diverged is not None and not made.live:
        desk.show(made)
        raise made.diverged
    if given["keep"] is not None:
        from spinlab.recording.testing import as_test

        try:
            desk.app.tests.keep(as_test(given["keep"], made))
        except OptionError as error:
            raise given.refuse("keep", error.message, error.hint) from None
        desk.say(f"kept as the test {given['keep']!r}, with what it answers now; %spin test runs it")
    return made


def _id(given: Arguments) -> int:
    try:
        return count(given["id"])
    except ValueError:
        hint = "the number that %spin trace and %spin recordings show"
        raise given.refuse("id", f"{given['id']!r} is not the number of a recording", hint) from None


VERBS: tuple[Any, ...] = (
    verb(
        "record",
        "Record requests with everything that they see: effects, clocks, random numbers.",
        record,
        group="calls",
        takes=(
            Positional("SWITCH", "on or off."),
            Positional("NAME", "A function; the whole app when left out.", required=False),
        ),
        completes={"name": "function"},
        notes="--record of a call records one request, --record of a %%spin cell those of its function.",
    ),
    verb(
        "recordings",
        "The recorded requests.",
        recordings,
        group="calls",
        takes=(Positional("ID", "One of them, with its effects.", required=False),),
        options=(Option(("--forget",), "Forget it, or all."),),
        completes={"id": "recording"},
    ),
    verb(
        "replay",
        "Run a recorded request on the function as it is now, with everything that it saw then; nothing is written.",
        replay,
        group="calls",
        takes=(Positional("ID", "Its number in %spin trace; the last one when left out.", required=False),),
        options=(
            Option(("--live",), "Ask the host where the function asks something else, and from there on."),
            Option(("--keep",), "Keep it as a test that needs no network and no database.", "NAME"),
        ),
        completes={"id": "recording"},
        notes="%spin record on, or --record of a call or cell, makes recordings.",
    ),
)
