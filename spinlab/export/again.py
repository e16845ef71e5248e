"""What was loaded from a spin.toml, written as it was: the same manifest, with the files that it names."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from spinlab.app import App
from spinlab.errors import ExportError, ManifestError
from spinlab.function import Function
from spinlab.host import sources
from spinlab.live import Live
from spinlab.manifest import Component, Manifest, Mount, Trigger, normalize
from spinlab.manifest.deprecated import outbound_hosts
from spinlab.manifest.ids import kebab
from spinlab.manifest.triggers import with_executor
from spinlab.triggers import kind as of_kind

_SAME = ("description", "variables", "environment", "key_value_stores", "sqlite_databases", "ai_models")


def component(function: Function) -> Component:
    """The table of a function that was loaded: as it was, with the grants that were changed since."""
    known = function.loaded
    assert known is not None
    changes: dict[str, Any] = {n: getattr(function, n) for n in _SAME if getattr(function, n) != getattr(known, n)}
    before = (*known.allowed_outbound_hosts, *outbound_hosts(known.allowed_http_hosts))
    if function.allowed_outbound_hosts != before:
        changes |= {"allowed_outbound_hosts": function.allowed_outbound_hosts, "allowed_http_hosts": ()}
    return replace(known, **changes)


def written(live: Live) -> tuple[Component, dict[str, bytes]]:
    """The table of a function that was loaded and its files, relative to the manifest."""
    function = live.function
    table, files = component(function), _mounted(live)
    if isinstance(table.source, str):
        path = table.source if _is_inside(table.source) else f"components/{kebab(function.name)}.wasm"
        files[PurePosixPath(path).as_posix()] = _bytes(live, table)
        table = replace(table, source=path)
    return table, files


def idle(app: App) -> dict[str, tuple[Component, dict[str, bytes]]]:
    """Components that nothing here runs, with those of their files that are there."""
    found = {}
    for name, function in app.idle.items():
        assert function.loaded is not None
        files: dict[str, bytes] = {}
        source = function.loaded.source
        if isinstance(source, str) and _is_inside(source) and Path(function.folder, source).is_file():
            files = {**mounts(function), PurePosixPath(source).as_posix(): Path(function.folder, source).read_bytes()}
        found[name] = function.loaded, files
    return found


def _mounted(live: Live) -> dict[str, bytes]:
    """The files that ran, by the paths below the folder that they are from; what is there now does not matter."""
    folder, found = Path(live.function.folder or "."), {}
    for place, data in live.mounts.items():
        paths = [p for source, to in live.function.files if (p := _path(folder, source, to, place)) is not None]
        # Two entries may both lead to the place: then it is from the last one that has such a file.
        found[next((p for p in reversed(paths) if (folder / p).is_file()), paths[-1])] = data
    return found


def _path(folder: Path, source: str, destination: str, place: str) -> str | None:
    """The path below the folder of what an entry of ``files`` shows at a place; None when it shows nothing there."""
    from_root = Path(source).is_absolute()
    parts = (Path(source).relative_to(Path(os.path.abspath(folder))) if from_root else Path(source)).parts
    at, shown = PurePosixPath(place.lstrip("/")), PurePosixPath(destination.strip("/"))
    if not destination:
        literal = tuple(itertools.takewhile(lambda part: not set(part) & set("*?["), parts))
        return at.as_posix() if at.parts[: len(literal)] == literal else None
    return PurePosixPath(*parts, at.relative_to(shown)).as_posix() if at.is_relative_to(shown) else None


def mounts(function: Function) -> dict[str, bytes]:
    """The files that a function mounts, by their paths below its folder."""
    root = Path(function.folder or ".")
    entries = [Mount(source, destination) if destination else source for source, destination in function.files]
    return {path: (root / path).read_bytes() for path in sources.paths(root, entries, function.exclude_files)}


def _bytes(live: Live, table: Component) -> bytes:
    """The component, or its text where the manifest names text."""
    source = live.function.source
    if isinstance(source, bytes):
        return source
    compiled = table.tool.get("spinlab", {}).get("language") == live.function.language
    return live.build.component if compiled else source.encode()


def _is_inside(path: str) -> bool:
    return not path.startswith(("/", "~")) and ".." not in path.split("/") and "\\" not in path and ":" not in path


# ---- triggers


def triggers(app: App, functions: Iterable[Function], *, whole: bool) -> dict[str, tuple[Trigger, ...]]:
    """The triggers of an export: those that were loaded and still hold, in their order, then the others.

    Parameters:
        app: The app.
        functions: Those that are exported.
        whole: Whether that is the whole app; else what belongs to none of them is left out.
    """
    wanted = {kebab(f.name): f for f in functions}
    found: dict[str, tuple[Trigger, ...]] = {}
    for kind, listed in app.triggers.items():
        if kind == "http":
            found[kind] = tuple(_current(t, wanted) for t in listed if _holds(t, wanted, whole=whole))
        else:
            found[kind] = tuple(t for t in listed if _holds_still(kind, t, app, wanted, whole=whole))
    messages = _of_messages(app, found, wanted)
    had = {(t.component, t.route) for t in found.get("http", ())}
    new = [
        _current(Trigger(name, config={"route": {"private": True} if route is None else route}), wanted)
        for name, function in wanted.items()
        for route in ((None,) if function.private else function.routes)
        if (name, route) not in had
    ]
    http = (*found.pop("http", ()), *new)
    kinds = dict.fromkeys((*found, *messages))
    return {"http": http, **{kind: (*found.get(kind, ()), *messages.get(kind, ())) for kind in kinds}}


def _of_messages(
    app: App, found: Mapping[str, tuple[Trigger, ...]], wanted: Mapping[str, Function]
) -> dict[str, tuple[Trigger, ...]]:
    """The triggers beside HTTP that functions have and that were not loaded, by type."""
    made: dict[str, list[Trigger]] = {}
    for name, function in wanted.items():
        for kind, configs in function.triggers.items():
            had = [_whole(app, kind, t.config) for t in found.get(kind, ()) if t.component == name]
            new = [whole for config in configs if (whole := _whole(app, kind, config)) not in had]
            known = of_kind(kind)
            own = [key for key in known.keys if key not in known.application]
            made.setdefault(kind, []).extend(
                Trigger(name, config={key: whole[key] for key in own if key in whole}) for whole in new
            )
    return {kind: tuple(listed) for kind, listed in made.items()}


def settings(app: App, functions: Iterable[Function]) -> dict[str, dict[str, Any]]:
    """The tables ``[application.trigger.TYPE]``: those that were loaded, and what triggers say that stands only there.

    Raises:
        ExportError: Two functions say different things.
    """
    found = {kind: dict(table) for kind, table in (app.application.trigger if app.application else {}).items()}
    first = ""
    for function in functions:
        for kind, configs in function.triggers.items():
            shared = of_kind(kind).application
            for whole in (_whole(app, kind, config) for config in configs) if shared else ():
                mine = {key: whole[key] for key in shared}
                if found.setdefault(kind, mine) != mine:
                    other = f" of {first!r}" if first else ""
                    raise ExportError(
                        f"the {kind} server of {function.name!r} is not that{other}: an application has one",
                        hint="export them apart, each with --only",
                    )
                first = function.name
    return found


def _holds_still(kind: str, trigger: Trigger, app: App, wanted: Mapping[str, Function], *, whole: bool) -> bool:
    """Whether the function that a loaded trigger beside HTTP starts still has it; those that nothing here runs do."""
    function = wanted.get(str(trigger.component))
    if function is None:
        return whole and str(trigger.component) not in map(kebab, app.functions) and trigger.component in app.idle
    configs = function.triggers.get(kind)
    if configs is None:
        return whole and not function.triggers
    return _whole(app, kind, trigger.config) in [_whole(app, kind, config) for config in configs]


def _whole(app: App, kind: str, config: Mapping[str, Any]) -> dict[str, Any]:
    from spinlab.triggers.listening import completed  # few apps have any

    return completed(kind, config, app.application.trigger.get(kind, {}) if app.application else {})


def _current(trigger: Trigger, wanted: Mapping[str, Function]) -> Trigger:
    """The trigger as its function is executed now."""
    function = wanted.get(str(trigger.component))
    return trigger if function is None else with_executor(trigger, function.executor, function.argv)


def _holds(trigger: Trigger, wanted: Mapping[str, Function], *, whole: bool) -> bool:
    if trigger.component is None:
        return whole
    function = wanted.get(str(trigger.component))
    if function is None:
        return False
    return trigger.route in function.routes if trigger.route is not None else function.loaded is not None


def with_automatic_ids(manifest: Manifest) -> Manifest:
    """The manifest without the ids of triggers that Spin gives them anyway; its own when that would change one."""
    bare = replace(
        manifest,
        triggers={
            kind: tuple(replace(t, id="") if _is_automatic(kind, t) else t for t in listed)
            for kind, listed in manifest.triggers.items()
        },
    )
    try:
        return bare if normalize(bare) == normalize(manifest) else manifest
    except ManifestError:
        return manifest


def _is_automatic(kind: str, trigger: Trigger) -> bool:
    counted = trigger.id.removeprefix(f"{kind}-trigger")
    return trigger.id == f"{trigger.component}-{kind}-trigger" or (counted != trigger.id and counted.isdigit())
