"""The card under a ``%%spin`` cell: what the function is, where it answers, what it may touch, what it cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from spinlab.function import ARGV, Function
from spinlab.grants import denials, grants
from spinlab.http import Denied
from spinlab.languages import title_of_name
from spinlab.widgets.display import Display
from spinlab.widgets.markup import Child, Markup, join, tag
from spinlab.widgets.plain import columns, octets, seconds, visible
from spinlab.widgets.style import WARN, box, code, coloured, facts, folded, link, muted, pre, strong
from spinlab.widgets.urls import example_path

if TYPE_CHECKING:
    from spinlab.live import Live

MEDIA_TYPE = "application/vnd.spinlab.function.v1+json"


@dataclass(frozen=True)
class CardFacts:
    """What a card says, as plain values: a card in a saved notebook keeps no function alive.

    Attributes:
        function: What the cell declared, without its source.
        revision: Counts from 1; 0 for a module.
        wasi: ``0.2`` or ``0.3``; empty for a module.
        sizes: Component, compressed and compiled bytes; zeros for a module.
        build, compile, cold_start: Seconds; None where there was none yet.
        cached: Whether the compiled code came from the cache.
        reuse: Requests that one instance answers.
        url: What stands before a path in a browser; empty without a listener.
        unchanged: Whether the cell was live already.
        image: Whether the component is a shared runtime image.
        core: Whether it is a core module that a component was made of.
        modules: The ``--module`` cells it was built with.
        remarks: One-line remarks.
        requests: Requests so far; what was used says something from the first on.
        used: Grant, as `touches` says it -> how often it was used.
        denied: What was asked for and denied -> how often.
    """

    function: Function
    revision: int = 0
    wasi: str = ""
    sizes: tuple[int, int, int] = (0, 0, 0)
    build: float | None = None
    compile: float | None = None
    cold_start: float | None = None
    cached: bool = False
    reuse: int = 1
    url: str = ""
    unchanged: bool = False
    image: bool = False
    core: bool = False
    modules: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    requests: int = 0
    used: Mapping[str, int] = field(default_factory=dict)
    denied: tuple[tuple[Denied, int], ...] = ()


def facts_of(live: Live, url: str = "", *, unchanged: bool = False, remarks: tuple[str, ...] = ()) -> CardFacts:
    """The facts of a live revision."""
    prepared = live.prepared
    return CardFacts(
        live.function,
        live.revision,
        prepared.wasi,
        (live.sizes.component, live.sizes.compressed, live.sizes.compiled),
        live.build_seconds,
        live.compile_seconds,
        live.cold_start,
        prepared.cached,
        live.reuse,
        url,
        unchanged,
        bool(live.build.image),
        live.is_module,
        live.build.modules,
        (*live.build.warnings, *remarks),
        live.usage.requests,
        {str(grant): grant.used for grant in grants(live.function, live.usage)},
        denials(live.usage),
    )


def card(known: CardFacts) -> Display:
    """The card of a function or module."""
    head, rows = _head(known), _rows(known)
    text = head + "\n" + columns([(name, plain) for name, plain, _ in rows], indent=2)
    title = join(strong(known.function.name), " ", muted(head[len(known.function.name) :].strip()))
    remarks = [tag("div", coloured(f"note: {r}", WARN)) for r in known.remarks]
    if known.remarks:
        text += "\n" + "\n".join(f"  note: {visible(r)}" for r in known.remarks)
    html = box(title, facts([(name, rich) for name, _, rich in rows]), remarks)
    return Display(text, html, {MEDIA_TYPE: as_json(known)})


def with_source(shown: Display, function: Function) -> Display:
    """A card with the function's source folded below it, which its JSON does not hold."""
    source = function.source if isinstance(function.source, str) else f"{len(function.source)} bytes"
    html = join(shown.html, folded(muted("source"), pre(source)))
    custom = {kind: {**value, "detailed": True} for kind, value in shown.custom.items()}
    return Display(f"{shown.text}\n\n{visible(source)}", html, custom)


def touches(function: Function) -> tuple[str, ...]:
    """What a function may touch, a line each; nothing at all gives no line."""
    kinds = (
        ("environment", tuple(function.environment)),
        ("file", tuple(f"{s} as {d}" if d and s != d else s for s, d in function.files)),
    )
    return (*map(str, grants(function)), *(f"{kind} {item}" for kind, items in kinds for item in items))


def as_json(known: CardFacts) -> dict[str, Any]:
    """The card for a front end that draws it itself."""
    f = known.function
    return {
        "name": f.name,
        "language": f.language,
        "title": title_of_name(f.language),
        "revision": known.revision,
        "unchanged": known.unchanged,
        "module": f.module,
        "private": f.private,
        "routes": list(f.routes),
        "url": known.url,
        "touches": list(touches(f)),
        "wasi": known.wasi,
        "executor": f.executor,
        "argv": f.argv,
        "core": known.core,
        "sizes": dict(zip(("component", "compressed", "compiled"), known.sizes, strict=True)),
        "seconds": {"build": known.build, "compile": known.compile, "cold_start": known.cold_start},
        "cached": known.cached,
        "image": known.image,
        "reuse": known.reuse,
        "modules": list(known.modules),
        "requests": known.requests,
        "used": dict(known.used),
        "denied": [
            {"capability": d.capability, "target": d.target, "option": d.option, "manifest": d.manifest, "count": n}
            for d, n in known.denied
        ],
        "remarks": list(known.remarks),
    }


def _head(known: CardFacts) -> str:
    f = known.function
    parts = [f.name, title_of_name(f.language)]
    if known.wasi:
        parts.append(f"WASI {known.wasi}")
    if known.revision:
        parts.append(f"revision {known.revision}" + (" (unchanged)" if known.unchanged else ""))
    return visible(" · ".join(parts))


def _rows(known: CardFacts) -> list[tuple[str, str, Child]]:
    """Name, plain text and HTML of each line."""
    f = known.function
    rows: list[tuple[str, str, Child]] = []
    if f.module:
        text = f"module for other {title_of_name(f.language)} cells: import {f.name}"
        return [("is", text, text)]
    rows += [_route(known, index, pattern) for index, pattern in enumerate(f.routes)]
    if f.triggers:
        rows += [("started by", text, text) for text in started_by(f)]
    elif f.private or not f.routes:
        rows.append(("route", "none: only other functions reach it", "none: only other functions reach it"))
    rows += _touches(known)
    rows += [("denied" if i == 0 else "", *_denied(denied, count)) for i, (denied, count) in enumerate(known.denied)]
    if known.modules:
        rows.append(("uses", ", ".join(known.modules), ", ".join(known.modules)))
    for name, text in (("size", _sizes(known)), ("time", _times(known)), ("instance", _instance(known))):
        if text:
            rows.append((name, text, text))
    return [(n, visible(p), r) for n, p, r in rows]


def started_by(function: Function) -> tuple[str, ...]:
    """What starts a function: its routes, or the subjects of its triggers."""
    if not function.triggers:
        return function.routes
    from spinlab.triggers import kind  # few functions have any

    return tuple(
        name if not kind(name).listens else f"{name} {kind(name).subject({**kind(name).defaults, **config})}"
        for name, configs in function.triggers.items()
        for config in configs
    )


def _touches(known: CardFacts) -> list[tuple[str, str, Child]]:
    granted = touches(known.function)
    if not known.requests or not any(item in known.used for item in granted):
        text = ", ".join(granted) or "nothing"
        return [("may touch", text, text)]
    rows: list[tuple[str, str, Child]] = []
    for item in granted:
        name, count = "" if rows else "may touch", known.used.get(item)
        told = "" if count is None else f"used {times(count)}" if count else "unused"
        rows.append((name, f"{item}  {told}".rstrip(), join(item, " ", muted(told))))
    return rows


def _denied(denied: Denied, count: int) -> tuple[str, Child]:
    what = f"{denied.capability} {denied.target}, {times(count)}"
    return f"{what}; grant it with {denied.option}", join(
        coloured(what, WARN), muted("; grant it with "), code(denied.option)
    )


def times(count: int) -> str:
    """How often."""
    return "once" if count == 1 else "twice" if count == 2 else f"{count} times"


def _route(known: CardFacts, index: int, pattern: str) -> tuple[str, str, Markup]:
    name = "route" if index == 0 else ""
    if not known.url:
        return name, pattern, code(pattern)
    url = known.url + pattern.replace("/...", "/*")
    return (
        name,
        f"{pattern}  {known.url}{example_path(pattern)}",
        join(code(pattern), " ", link(url.removesuffix("/*") or "/", known.url + example_path(pattern))),
    )


def _sizes(known: CardFacts) -> str:
    component, compressed, compiled = known.sizes
    if not component:
        return ""
    kind = "image" if known.image else "core module" if known.core else "component"
    shared = ", shared by every cell that uses it" if known.image else ""
    return f"{kind} {octets(component)} ({octets(compressed)} compressed), compiled {octets(compiled)}{shared}"


def _times(known: CardFacts) -> str:
    parts = []
    if known.build is not None:
        parts.append(f"build {seconds(known.build)}")
    if known.compile is not None:
        parts.append("compile none (cached)" if known.cached else f"compile {seconds(known.compile)}")
    if known.cold_start is not None:
        parts.append(f"cold start {seconds(known.cold_start)}")
    return ", ".join(parts)


def _instance(known: CardFacts) -> str:
    if not known.wasi:
        return ""
    if "command" in known.function.triggers:
        return "a command, started by %spin run"
    if known.function.executor == "wagi":
        given = "" if known.function.argv == ARGV else f" with the arguments {known.function.argv}"
        return f"a CGI program (wagi), started for each request{given}"
    return (
        "fresh for each request"
        if known.reuse == 1
        else f"reused for up to {known.reuse} requests, one after the other"
    )
