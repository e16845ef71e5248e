"""One function in each form of an export: the files it needs, and its component in the manifest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from spinlab.export import again
from spinlab.export.building import building, has_project, image_name, interfaces
from spinlab.export.standalone import bundle
from spinlab.function import Function, Limits
from spinlab.host import sources
from spinlab.languages import Language, language
from spinlab.live import Live
from spinlab.manifest import Component, Mount
from spinlab.manifest.ids import kebab


@dataclass(frozen=True)
class Part:
    """A function's share of an export.

    Attributes:
        component: Its entry in the manifest.
        files: Path in the folder -> bytes.
        binary: The component that runs, for what it needs of Spin.
        requirements: Pins of the toolchain that made the image or builds the component.
        packages: Where those pins belong: a name of the image's kind.
        interfaces: What what the official tool makes has beyond `binary`, for what it needs of Spin.
    """

    component: Component
    files: Mapping[str, bytes]
    binary: bytes
    requirements: bytes = b""
    packages: str = ""
    interfaces: tuple[str, ...] = ()


def part(live: Live, form: str, official: Mapping[str, bytes] | None) -> Part:
    """The share of one function.

    Parameters:
        live: What ran.
        form: ``shared``, ``standalone`` or ``official``.
        official: The files of Spin's own project for it, when there is one.
    """
    function, build = live.function, live.build
    name = kebab(function.name)
    if function.loaded is not None and not build.image:
        table, files = again.written(live)
        return Part(table, {**files, **_beside(live, name)}, build.component)
    if form == "official" and official is not None and has_project(live):
        found = _official(live, name, official)
    elif build.image:
        found = (_standalone if form == "standalone" else _shared)(live, name)
    else:
        found = _plain(live, name)
    mounts, contents = mounted(live, name)
    component = _granted(found.component, function, mounts)
    pins = (official or {}).get("requirements.txt", b"")
    packages = image_name(live) if pins else ""
    return Part(component, {**found.files, **contents}, found.binary, pins, packages, found.interfaces)


def _shared(live: Live, name: str) -> Part:
    image = f"images/{image_name(live)}.wasm"
    files = {image: live.build.component}
    mounts: list[Mount] = []
    own = f"functions/{name}"
    for path, data in live.build.files.items():
        folder, _, file = path.rpartition("/")
        if file.startswith("app."):
            files[f"{own}/{file}"] = data
            if Mount(own, folder) not in mounts:
                mounts.append(Mount(own, folder))
        else:
            files[f"modules/{file}"] = data
            mounts.append(Mount(f"modules/{file}", path))
    mounts.sort(key=lambda mount: mount.destination)
    return Part(Component(image, files=tuple(mounts)), files, live.build.component)


def _standalone(live: Live, name: str) -> Part:
    source = f"components/{name}.wasm"
    known: Language = language(live.function.language)
    portable: Callable[..., Mapping[str, str]] | None = getattr(known, "portable", None)
    environment = portable(live.function, live.build) if portable else live.build.environment
    component = bundle(live.build.component, environment)
    files = {source: component, **_sources(live, name)}
    return Part(Component(source), files, component)


def _official(live: Live, name: str, official: Mapping[str, bytes]) -> Part:
    own = f"functions/{name}"
    files = {f"{own}/{path}": data for path, data in official.items() if path != "requirements.txt"}
    made = building(live, own)
    return Part(Component(made.source, build=made.build), files, live.build.component, interfaces=interfaces(live))


def _plain(live: Live, name: str) -> Part:
    source = f"images/{live.build.shared}.wasm" if live.build.shared else f"components/{name}.wasm"
    files = {source: live.build.component, **_sources(live, name)}
    return Part(Component(source), files, live.build.component)


def _beside(live: Live, name: str) -> dict[str, bytes]:
    """The source of a component that an export of ours had made of it."""
    about = live.function.loaded.tool.get("spinlab", {}) if live.function.loaded is not None else {}
    return _sources(live, name) if about.get("language") == live.function.language else {}


def _sources(live: Live, name: str) -> dict[str, bytes]:
    """The sources: mounted, or only to read."""
    function = live.function
    if live.build.shared:
        return {f"functions/{name}{path}": data for path, data in live.build.mounts.items()}
    if live.build.files:
        return {f"functions/{name}/{_below(path)}": data for path, data in live.build.files.items()}
    if isinstance(function.source, bytes):
        return {}
    ending = getattr(language(function.language), "extension", function.language)
    return {f"functions/{name}/{name}.{ending}": function.source.encode()}


def _below(path: str) -> str:
    """A path below a function's folder: that of a project, or the name of a file that an image mounts."""
    return path.rpartition("/")[2] if path.startswith("/") else path


def _granted(component: Component, function: Function, mounts: tuple[Mount, ...]) -> Component:
    about: dict[str, Any] = {"language": function.language}
    if kebab(function.name) != function.name:
        about["name"] = function.name
    if function.requires:
        about["requires"] = list(function.requires)
    if function.reuse is not None:
        about["reuse"] = function.reuse
    limits = {f.name: getattr(function.limits, f.name) for f in fields(Limits) if _is_changed(function.limits, f.name)}
    if limits:
        about["limits"] = limits
    return Component(
        source=component.source,
        description=function.description,
        variables=dict(function.variables),
        environment=dict(function.environment),
        files=(*component.files, *mounts),
        allowed_outbound_hosts=function.allowed_outbound_hosts,
        key_value_stores=function.key_value_stores,
        sqlite_databases=function.sqlite_databases,
        ai_models=function.ai_models,
        build=component.build,
        tool={"spinlab": about},
    )


def _is_changed(limits: Limits, name: str) -> bool:
    return bool(getattr(limits, name) != getattr(Limits(), name))


def mounted(live: Live, name: str) -> tuple[tuple[Mount, ...], dict[str, bytes]]:
    """The files that a function mounts, as it has them: mount in the manifest, and path in the folder -> bytes."""
    build = live.build
    own = f"functions/{name}" if build.shared else f"files/{name}"
    found = sources.joined(live.mounts, build.mounts)
    contents = {f"{own}/{path.lstrip('/')}": data for path, data in found.items()}
    return ((Mount(own, "/"),) if contents else ()), contents
