"""The trace as a timeline: for each request a line for every call to the host, with a bar where and how long it was."""

from __future__ import annotations

from collections.abc import Sequence

from spinlab.http import HostCall
from spinlab.trace import Traced
from spinlab.widgets.display import Display
from spinlab.widgets.markup import Child, Markup, join, tag
from spinlab.widgets.plain import columns, octets, seconds, visible
from spinlab.widgets.style import BAD, GOOD, LINE, WARN, box, code, coloured, muted, strong, table

MEDIA_TYPE = "application/vnd.spinlab.trace.v1+json"
CALLS_SHOWN = 50
_WIDTH = 24  # characters, or half-ems of the bar


def timeline(requests: Sequence[Traced]) -> Display:
    """The display of some requests, oldest first."""
    if not requests:
        return Display("no requests yet", box(muted("no requests yet")), {MEDIA_TYPE: {"requests": []}})
    text = "\n".join(_plain(one) for one in requests)
    return Display(text, box([_rich(one) for one in requests]), {MEDIA_TYPE: {"requests": [*map(as_json, requests)]}})


def as_json(one: Traced) -> dict[str, object]:
    """A request for a front end that draws it itself."""
    return {
        "id": one.id,
        "function": one.function,
        "method": one.method,
        "path": one.path,
        "status": one.status,
        "time": one.time,
        "elapsed": one.elapsed,
        "error": one.error,
        "calls": [
            {
                "capability": call.capability,
                "operation": call.operation,
                "target": call.target,
                "outcome": call.outcome,
                "began": call.began,
                "elapsed": call.elapsed,
                "sent": call.sent,
                "received": call.received,
                "option": call.denied.option if call.denied else None,
                "manifest": call.denied.manifest if call.denied else None,
            }
            for call in one.calls[:CALLS_SHOWN]
        ],
    }


def _plain(one: Traced) -> str:
    rows = [
        (
            f"+{seconds(call.began)}",
            _bar(call, one.elapsed),
            call.capability,
            call.operation,
            visible(call.target),
            call.outcome,
            seconds(call.elapsed),
            _bytes(call),
        )
        for call in one.calls[:CALLS_SHOWN]
    ]
    notes = [f"    {_remedy(call)}" for call in _once_each(one.calls)]
    more = [f"  and {len(one.calls) - CALLS_SHOWN} more"] if len(one.calls) > CALLS_SHOWN else []
    lines = columns(rows, indent=2).splitlines() if rows else ["  no calls to the host"]
    return "\n".join([visible(_heading(one)), *lines, *more, *map(visible, notes)])


def _rich(one: Traced) -> Markup:
    rows: list[tuple[Child, ...]] = [
        (
            muted(f"+{seconds(call.began)}"),
            _rich_bar(call, one.elapsed),
            call.capability,
            code(call.operation),
            code(call.target),
            coloured(call.outcome, _colour(call)),
            seconds(call.elapsed),
            muted(_bytes(call)),
        )
        for call in one.calls[:CALLS_SHOWN]
    ]
    title = join(muted(f"#{one.id} "), strong(one.function), " ", code(f"{one.method} {one.path}"), " ")
    names = ("at", "", "capability", "operation", "target", "outcome", "took", "bytes")
    return tag(
        "div",
        title,
        coloured(str(one.status), GOOD if 0 < one.status < 400 else BAD),
        muted(f" in {seconds(one.elapsed)}"),
        tag("div", coloured(one.error, BAD)) if one.error else None,
        table(names, rows) if rows else tag("div", muted("no calls to the host")),
        tag("div", muted(f"and {len(one.calls) - CALLS_SHOWN} more")) if len(one.calls) > CALLS_SHOWN else None,
        [tag("div", coloured(_remedy(call), WARN)) for call in _once_each(one.calls)],
        style="margin:0 0 8px 0",
    )


def _heading(one: Traced) -> str:
    error = f": {one.error}" if one.error else ""
    return f"#{one.id} {one.function}  {one.method} {one.path}  {one.status} in {seconds(one.elapsed)}{error}"


def _once_each(calls: Sequence[HostCall]) -> list[HostCall]:
    """The denied calls, one for each grant that is missing."""
    return list({call.denied: call for call in calls if call.denied is not None}.values())


def _remedy(call: HostCall) -> str:
    denied = call.denied
    assert denied is not None
    return f"denied {denied.capability} {denied.target}: grant it with {denied.option}, in a manifest {denied.manifest}"


def _span(call: HostCall, whole: float) -> tuple[float, float]:
    """Where a call began and how long it was, as parts of the request."""
    whole = whole or 1.0
    begin = min(max(call.began / whole, 0.0), 1.0)
    return begin, min(max(call.elapsed / whole, 0.0), 1.0 - begin)


def _bar(call: HostCall, whole: float) -> str:
    begin, length = _span(call, whole)
    before = min(int(begin * _WIDTH), _WIDTH - 1)
    return ("·" * before + "█" * max(1, round(length * _WIDTH))).ljust(_WIDTH, "·")[:_WIDTH]


def _rich_bar(call: HostCall, whole: float) -> Markup:
    begin, length = _span(call, whole)
    inner = tag(
        "div",
        "",
        style=f"margin-left:{begin * 100:.1f}%;width:{max(length * 100, 1):.1f}%;min-width:2px;height:8px;"
        f"background:{_colour(call)}",
    )
    return tag("div", inner, style=f"width:{_WIDTH / 2}em;margin-top:5px;background:{LINE};overflow:hidden")


def _colour(call: HostCall) -> str:
    return GOOD if call.outcome == "ok" else WARN if call.outcome == "denied" else BAD


def _bytes(call: HostCall) -> str:
    parts = [f"{octets(call.sent)} out" if call.sent else "", f"{octets(call.received)} in" if call.received else ""]
    return ", ".join(filter(None, parts))
