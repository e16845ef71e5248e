"""Recordings as a table, and a replay beside the first time."""

from __future__ import annotations

import time
from collections.abc import Iterable

from spinlab.errors import RecordingError
from spinlab.http import Headers, Response
from spinlab.recording.kept import RECORD, Recordings
from spinlab.recording.recording import Recording
from spinlab.recording.replay import Difference, Replay
from spinlab.recording.telling import told
from spinlab.widgets.display import Display
from spinlab.widgets.markup import Child, Markup, join, tag
from spinlab.widgets.plain import columns, seconds, visible
from spinlab.widgets.style import BAD, GOOD, WARN, box, code, coloured, facts, folded, muted, pre, strong, table

SHOWN = 50
"""Effects of a recording that are shown."""

_HEADING = ("id", "function", "request", "answer", "effects", "recorded", "")


def recordings(kept: Recordings) -> Display:
    """The recordings of an app."""
    how = "every request is recorded" if kept.on else ""
    if kept.functions and not kept.on:
        how = f"recorded: the requests of {', '.join(sorted(kept.functions))}"
    if not kept:
        none = how or f"no recordings yet; {RECORD}"
        return Display(none, box(none))
    rows = [_row(kept, id_) for id_ in kept]
    cells: list[tuple[Child, ...]] = [(row[0], row[1], code(row[2]), *row[3:6], coloured(row[6], WARN)) for row in rows]
    text = columns([_HEADING, *rows])
    html = box(tag("div", muted(how)) if how else None, table(_HEADING, cells))
    return Display(visible(f"{how}\n{text}" if how else text), html)


def _row(kept: Recordings, id_: int) -> tuple[str, ...]:
    try:
        one = kept[id_]
    except RecordingError as error:
        return (str(id_), "", "", "", "", "", error.message)
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(one.time))
    remarks = [word for word, true in (("masked values", one.masked), (f"cut short: {one.cut}", one.cut)) if true]
    return str(id_), one.function, _sent(one), _came(one), str(one.effects), when, "; ".join(remarks)


def recording(one: Recording) -> Display:
    """One recording with its effects."""
    rows = [(str(n), told(effect), _answer(effect.answer)) for n, effect in enumerate(one.crossings[:SHOWN], 1)]
    title = f"recording {one.id}: {one.function} {_sent(one)}, answered {_came(one)}"
    notes = [note for note, true in (("masked values", one.masked), (f"cut short: {one.cut}", one.cut)) if true]
    more = [f"and {len(one.crossings) - SHOWN} more"] if len(one.crossings) > SHOWN else []
    lines = [title, *notes, columns(rows, indent=2) if rows else "  no effects", *more]
    cells: list[tuple[Child, ...]] = [(n, code(asked), answer) for n, asked, answer in rows]
    html = box(
        tag("div", strong(title)),
        *(tag("div", coloured(note, WARN)) for note in notes),
        table(("", "asked", "answer"), cells) if cells else tag("div", muted("no effects")),
        *(tag("div", muted(line)) for line in more),
    )
    return Display(visible("\n".join(lines)), html)


def replay(shown: Replay) -> Display:
    """What came of a replay."""
    one = shown.recording
    now = f"revision {shown.revision} answers {_status(shown.response)} in {seconds(shown.response.elapsed)}"
    title = f"replay of {one.id}: {one.function} {_sent(one)}"
    then = f"revision {one.revision} answered {_came(one)}"
    verdict, colour = _verdict(shown)
    lines = [title, f"  then  {then}", f"  now   {now}", f"  {verdict}"]
    lines += [f"  {line}" for difference in shown.differences for line in _lines(difference)]
    lines += [f"  {note}" for note in shown.notes]
    html = box(
        tag("div", strong(title)),
        facts([("then", then), ("now", now)]),
        tag("div", coloured(verdict, colour)),
        *(_rich(difference) for difference in shown.differences),
        *(tag("div", muted(note)) for note in shown.notes),
        folded("what is not asked any more", pre("\n".join(map(told, shown.unused)))) if shown.unused else None,
    )
    return Display(visible("\n".join(lines)), html)


def _verdict(shown: Replay) -> tuple[str, str]:
    if shown.diverged is not None:
        asked = shown.diverged.message
        return (f"{asked}; the host was asked from there on", WARN) if shown.live else (asked, BAD)
    if shown.same:
        return "the answer is the same", GOOD
    return f"different: {', '.join(one.what for one in shown.differences)}", WARN


def _lines(one: Difference) -> Iterable[str]:
    yield f"{one.what}: {one.then or 'none'} -> {one.now or 'none'}"
    for line in one.lines:
        yield f"  {line}"


def _rich(one: Difference) -> Markup:
    head = tag("div", one.what, ": ", code(one.then or "none"), " -> ", code(one.now or "none"))
    return tag("div", join(head, pre("\n".join(one.lines)) if one.lines else None))


def _sent(one: Recording) -> str:
    return f"{one.sent.method} {one.sent.target}"


def _came(one: Recording) -> str:
    return _status(Response(one.came.status, Headers(one.came.headers))) + (
        f" ({one.came.error})" if one.came.error else ""
    )


def _status(response: Response) -> str:
    return str(response.status) if response.status else "nothing"


def _answer(answer: object) -> str:
    from spinlab.host import ERROR
    from spinlab.recording.recording import Answer

    if not isinstance(answer, Answer):
        return "none by the end"
    if answer.status == ERROR:
        return f"error {answer.head} {answer.data.decode('utf-8', 'replace')}"[:120].strip()
    head = answer.head.partition("\n")[0]
    return ", ".join(filter(None, (head, f"{len(answer.data)} bytes" if answer.data else ""))) or "done"
