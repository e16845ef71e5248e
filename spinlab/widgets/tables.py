"""The displays of lists: an app, its routes, its log, a diff, the doctor's report, a benchmark."""

from __future__ import annotations

import difflib
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from spinlab.function import Function, Limits
from spinlab.languages import title_of_name
from spinlab.widgets.card import started_by, touches
from spinlab.widgets.display import Display
from spinlab.widgets.markup import Child, Markup, join, tag
from spinlab.widgets.plain import columns, octets, seconds, visible
from spinlab.widgets.style import BAD, GOOD, WARN, box, code, coloured, link, muted, pre, strong, table
from spinlab.widgets.tracebacks import in_cells
from spinlab.widgets.urls import example_path

if TYPE_CHECKING:
    from spinlab.app import App
    from spinlab.bench import Bench
    from spinlab.doctor import Check
    from spinlab.live import Live, Logged, RouteInfo
    from spinlab.server import Refusal
    from spinlab.triggers.listening import Listener

REFUSALS_SHOWN = 5


def app(of: App, url: str = "", orphans: frozenset[str] = frozenset()) -> Display:
    """Every function and module of an app."""
    rows: list[tuple[str, ...]] = []
    for live in of.functions.values():
        f = live.function
        rows.append(
            (
                f.name + (" (orphan)" if f.name in orphans else ""),
                title_of_name(f.language),
                ", ".join(started_by(f)) or "private",
                ", ".join(touches(f)) or "nothing",
                _size(live),
                str(live.revision),
            )
        )
    for f in of.modules.values():
        title = title_of_name(f.language)
        rows.append((f.name, title, "module", "nothing", octets(f.source_size), ""))
    rows += [
        (s.id, "static response", s.route, "nothing", octets(len(s.response.body)), "") for s in of.static.values()
    ]
    remarks = ["an orphan's cell now has another name; %spin prune removes it"] if orphans else []
    remarks += map(listener, of.listeners)
    if not rows:
        remarks = ["no functions yet; a cell that begins with %%spin NAME makes one"]
    heading = f"app {of.name}" + (f" at {url}" if url else "")
    title = join(muted("app "), strong(of.name), " ", link(url, url + "/") if url else None)
    return _table(heading, title, ("name", "language", "routes", "may touch", "size", "revision"), rows, remarks)


def listener(of: Listener) -> str:
    """What a listener does, since when, and what came of its messages."""
    since = time.strftime("%H:%M:%S", time.localtime(of.since))
    messages = f"{of.handled + of.failed} message{'' if of.handled + of.failed == 1 else 's'}"
    failed = f", {of.failed} failed" if of.failed else ""
    return f"{of.function}: {of.type} {of.subject}, {of.state} since {since}; {messages}{failed}"


def built(lives: Sequence[Live], listed: Sequence[RouteInfo]) -> Display:
    """What a build made: sizes and times of each function."""
    rows = [
        (
            x.function.name,
            title_of_name(x.function.language),
            octets(x.sizes.component),
            octets(x.sizes.compressed),
            octets(x.sizes.compiled),
            seconds(x.build_seconds),
            "cached" if x.prepared.cached else seconds(x.compile_seconds),
            seconds(x.cold_start),
        )
        for x in lives
    ]
    problems = [f"route {r.pattern}: {r.problem}" for r in listed if r.problem]
    heading = f"{len(rows)} functions are ready" if rows else "no functions yet"
    names = ("name", "language", "component", "compressed", "compiled", "build", "compile", "first answer")
    return _table(heading, strong(heading), names, rows, problems)


def routes(listed: Sequence[RouteInfo], url: str = "") -> Display:
    """The route table."""
    plain = [(r.pattern, r.function, r.problem) for r in listed]
    rich: list[tuple[Child, ...]] = [
        (
            link(r.pattern, url + example_path(r.pattern)) if url else code(r.pattern),
            r.function,
            coloured(r.problem, WARN) if r.problem else "",
        )
        for r in listed
    ]
    text = columns([tuple(visible(x) for x in row) for row in plain]) or "no routes yet"
    html = box(table(("route", "function", ""), rich) if rich else muted("no routes yet"))
    return Display(text, html)


def log(lines: Sequence[Logged], functions: Mapping[str, Function], refusals: Sequence[Refusal] = ()) -> Display:
    """Log lines with the function that wrote each, then what the listener did not let in."""
    text = in_cells("\n".join(map(str, lines)), functions)
    refused = "\n".join(f"listener  refused with {r.status}: {_clipped(r.text)}" for r in refusals[-REFUSALS_SHOWN:])
    plain = "\n".join(x for x in (text or "no log lines", refused) if x)
    html = box(
        pre(text) if lines else muted("no log lines"),
        pre(refused, WARN) if refused else None,
    )
    return Display(visible(plain), html)


def _clipped(text: str) -> str:
    return text if len(text) <= 400 else text[:400] + "..."


def diff(before: Function, after: Function, titles: tuple[str, str]) -> Display:
    """What changed between two revisions: options as lines above the source."""
    changes = list(difflib.unified_diff(_lines(before), _lines(after), *titles, lineterm="", n=3))
    if not changes:
        return Display("no difference", box(muted("no difference")))
    colours = {"+": GOOD, "-": BAD}
    painted: list[Markup] = []
    for line in changes:
        head = line.startswith(("+++", "---", "@@"))
        colour = None if head else colours.get(line[:1])
        painted.append(join(coloured(line, colour) if colour else muted(line) if head else join(line), "\n"))
    return Display(visible("\n".join(changes)), box(pre(join(painted))))


def doctor(checks: Sequence[Check]) -> Display:
    """The report on the environment."""
    colours = {"ok": GOOD, "note": WARN}
    plain = [tuple(map(visible, (c.state, c.what, c.found, f"-> {c.remedy}" if c.remedy else ""))) for c in checks]
    rich: list[tuple[Child, ...]] = [
        (coloured(c.state, colours.get(c.state, BAD)), c.what, c.found, code(c.remedy) if c.remedy else "")
        for c in checks
    ]
    return Display(columns(plain), box(table(("", "what", "found", "what adds it"), rich)))


def bench(result: Bench) -> Display:
    """What a benchmark measured."""
    heading = f"{result.what}: {result.count} requests, {result.concurrency} at once"
    rows = [
        ("rate", f"{result.rate:.0f} requests/s"),
        *((f"p{p}", seconds(result.percentile(p))) for p in (50, 90, 99)),
        ("slowest", seconds(result.percentile(100))),
        ("status", ", ".join(f"{status}: {n}" for status, n in sorted(result.statuses.items()))),
    ]
    return _table(heading, join(muted(heading)), ("", ""), rows, [])


def _table(
    heading: str, title: Markup, names: tuple[str, ...], rows: Sequence[tuple[str, ...]], remarks: list[str]
) -> Display:
    shown = [tuple(visible(cell) for cell in row) for row in rows]
    listing = columns([names, *shown] if any(names) else shown, indent=2) if rows else ""
    text = "\n".join([visible(heading), *([listing] if listing else []), *(f"  {r}" for r in remarks)])
    rich: list[tuple[Child, ...]] = [tuple(row) for row in rows]
    return Display(text, box(title, table(names, rich) if rows else None, [tag("div", muted(r)) for r in remarks]))


def _size(live: Live) -> str:
    """Its own bytes: a component's, or those of the source when it runs on a shared image."""
    if live.build.image:
        return f"{octets(live.function.source_size)} on a shared image"
    return octets(live.sizes.component)


def _lines(function: Function) -> list[str]:
    """A revision as lines: what it declares, then its source."""
    declared = [f"# {x}" for x in (*(f"route {r}" for r in function.routes), *touches(function))]
    usual = vars(Limits())
    limits = [f"# {name} {value}" for name, value in vars(function.limits).items() if value != usual[name]]
    if function.reuse is not None:
        limits.append(f"# reuse {function.reuse}")
    source = function.source if isinstance(function.source, str) else f"{len(function.source)} bytes"
    return [*declared, *limits, *source.splitlines()]
