"""Components that spinlab exported, as the functions that they were: with their source, ready to be edited.

A component counts as one of ours only when what it runs is that source: the mounted files of the shared form, or a
component that its source still assembles to.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from spinlab import bridge
from spinlab.engine import binary
from spinlab.engine.events import choose_event
from spinlab.engine.interfaces import choose_command
from spinlab.errors import ComponentError, HandlerError, SpinError
from spinlab.function import Function
from spinlab.images import list_images
from spinlab.languages import html, wat
from spinlab.languages.python import FOLDER, import_name
from spinlab.manifest import Component, Mount
from spinlab.manifest.ids import kebab

_LARGEST = 4 << 20


@dataclass(frozen=True)
class Found:
    """Functions with their sources, where they have some.

    Attributes:
        functions: In the same order.
        modules: What they import.
        remarks: What is not quite as it was.
    """

    functions: tuple[Function, ...]
    modules: tuple[Function, ...]
    remarks: tuple[str, ...]


def with_sources(functions: Iterable[Function]) -> Found:
    """Give functions that an export wrote their source again; the others stay what they are."""
    found: list[Function] = []
    modules: dict[str, Function] = {}
    remarks: dict[str, None] = {}
    images = {image.digest for image in list_images()}
    for function in functions:
        written = _wat(function) or _html(function) or _on_image(function)
        if written is not None and written.language in _OWN:
            mine = _modules(function, written)
            if any(modules.get(n, m).source != m.source for n, m in mine.items()):
                written = None  # two functions with modules of one name that differ: both stay what they are
            else:
                modules.update(mine)
                if hashlib.sha256(_bytes(function)).hexdigest() not in images:
                    remarks[f"{written.name}: its image is of another version of spinlab; it runs on this one's"] = None
        found.append(written or function)
    return Found(tuple(found), tuple(modules.values()), tuple(remarks))


def _bytes(function: Function) -> bytes:
    return function.source if isinstance(function.source, bytes) else function.source.encode()


def _about(component: Component | None) -> Mapping[str, object]:
    """What an export noted of a function."""
    return component.tool.get("spinlab", {}) if component is not None else {}


def _named(function: Function) -> str:
    """The name that it had before it became a component id."""
    name = _about(function.loaded).get("name")
    with suppress(SpinError):
        if isinstance(name, str) and kebab(name) == function.name:
            return name
    return function.name


def _text(folder: str, path: str) -> str | None:
    """A source beside the manifest; None when it is none."""
    place = Path(folder, path)
    try:
        if not place.resolve().is_relative_to(Path(folder).resolve()) or place.stat().st_size > _LARGEST:
            return None
        return place.read_bytes().decode()
    except (OSError, UnicodeDecodeError):
        return None


def _wat(function: Function) -> Function | None:
    if _about(function.loaded).get("language") != "wat" or not isinstance(function.source, bytes):
        return None
    text = _text(function.folder, f"functions/{function.name}/{function.name}.wat")
    if text is None:
        return None
    found = replace(function, name=_named(function), source=text, language="wat")
    try:
        return found if wat.assemble(found) == function.source else None
    except SpinError:
        return None


def _html(function: Function) -> Function | None:
    """A page, or a folder of files, beside which our file server stands."""
    if _about(function.loaded).get("language") != "html" or function.source != bridge.read(html.SERVER):
        return None
    own = f"functions/{function.name}"
    if function.files != ((own, "/"),):
        return None
    text = _text(function.folder, f"{own}{html.PAGE}")
    rest = (html.PAGE,) if text is not None else ()
    return replace(
        function,
        name=_named(function),
        source=text or "",
        language="html",
        exclude_files=tuple(f"{own}{path}" for path in rest),
    )


_OWN = {"python": ("app.py",), "javascript": ("app.src.js", "app.js"), "typescript": ("app.ts",)}
"""Language that runs on an image -> what the source is called where it is mounted, the first one that is there."""

_ENDINGS = {"python": {".py": "python"}, "javascript": {".ts": "typescript", ".js": "javascript"}}
"""The same for its modules: ending -> language."""


def _on_image(function: Function) -> Function | None:
    about, component = _about(function.loaded), function.loaded
    language = str(about.get("language"))
    if language not in _OWN or component is None or component.build is not None:
        return None
    mounts = _sources(component)
    own = mounts.pop(FOLDER, None)
    texts = () if own is None else (_text(function.folder, f"{own}/{name}") for name in _OWN[language])
    text = next((text for text in texts if text is not None), None)
    wasi = wasi_of(function)
    if text is None or not wasi:
        return None
    requires = about.get("requires", ())
    return replace(
        function,
        name=_named(function),
        source=text,
        language=language,
        wasi=wasi,
        requires=tuple(map(str, requires)) if isinstance(requires, (list, tuple)) else (),
        files=tuple((source, at) for source, at in function.files if not _is_source(at)),
    )


def _is_source(destination: str) -> bool:
    return destination == FOLDER or destination.startswith(f"{FOLDER}/")


def _sources(component: Component) -> dict[str, str]:
    """Destination -> source, of what an image reads its code from."""
    return {f.destination: f.source for f in component.files if isinstance(f, Mount) and _is_source(f.destination)}


def _modules(function: Function, written: Function) -> dict[str, Function]:
    """The modules that are mounted beside the source."""
    assert function.loaded is not None
    found: dict[str, Function] = {}
    endings = _ENDINGS["python" if written.language == "python" else "javascript"]
    listed = _sources(function.loaded).items()
    for ending, language in endings.items():
        for destination, source in listed:
            name = destination.removeprefix(f"{FOLDER}/").removesuffix(ending)
            is_own = destination.endswith(ending) and destination != FOLDER and name not in found
            text = _text(function.folder, source) if is_own else None
            if text is not None and (language != "python" or import_name(name) == name):
                found[name] = Function(
                    name, text, language=language, wasi=written.wasi, module=True, origin=function.origin
                )
    return found


def wasi_of(function: Function) -> str:
    """The version that a component's handler is of."""
    try:
        names = [exported.name for exported in binary.exports(_bytes(function))]
        imported = [x.name for x in binary.imports(_bytes(function))] if function.triggers else []
    except ComponentError:
        return ""
    for trigger in function.triggers:
        with suppress(HandlerError):
            return (choose_command(names) if trigger == "command" else choose_event(trigger, names, imported)).wasi
    if any(name.startswith("wasi:http/handler@0.3.") for name in names):
        return "0.3"
    return "0.2" if any(name.startswith("wasi:http/incoming-handler@0.2.") for name in names) else ""
