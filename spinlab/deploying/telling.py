"""What came of a deployment, and what is there, as lines for people."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone

from spinlab.deploying.destination import Deployed, Status


def deployed(name: str, title: str, made: Deployed) -> Iterator[str]:
    """The address first, then what was done."""
    lines = made.lines
    if made.running:
        yield f"{name} runs on {title}" + (f": {made.url}" if made.url else "")
    else:
        yield f"{name}: {lines[0]}"
        lines = lines[1:]
    yield from (f"  {line}" for line in lines)
    yield from (f"  note: {remark}" for remark in made.remarks)


def status(name: str, title: str, found: Status) -> Iterator[str]:
    """The state first, then what is known."""
    if found.state == "absent":
        yield f"{name} is not deployed on {title}"
        return
    yield f"{name} on {title}: {found.state}" + (f" since {when(found.since)}" if found.since else "")
    rows = [("version", found.version), ("digest", found.digest[:19]), ("url", found.url), *found.more]
    yield from (f"  {key}: {value}" for key, value in rows if value)
    yield from (f"  {reason}" for reason in found.reasons)


def when(moment: datetime) -> str:
    """A time, and how long ago that is."""
    seconds = max((datetime.now(timezone.utc) - moment).total_seconds(), 0)
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            ago = f"{seconds / size:.0f} {unit}"
            break
    else:
        ago = f"{seconds:.0f} s"
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S} ({ago})"
