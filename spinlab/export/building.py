"""What an export asks of a language about its official project: a language says what differs from the usual."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from spinlab import images
from spinlab.errors import OptionError
from spinlab.languages import language
from spinlab.live import Live
from spinlab.manifest import BuildCommand
from spinlab.toolchains.find import Tool

OUTPUT: Final = "app.wasm"


@dataclass(frozen=True)
class Building:
    """How a function is built of its official project.

    Attributes:
        build: For the manifest.
        source: The component that it makes, relative to the manifest.
    """

    build: BuildCommand
    source: str


def has_project(live: Live) -> bool:
    """Whether its language has a command that builds an official project."""
    return hasattr(language(live.function.language), "build_command")


def building(live: Live, folder: str) -> Building:
    """How a function is built in a folder, which is relative to the manifest."""
    function, build = live.function, live.build
    known = language(function.language)
    command = getattr(known, "build_command")(function, build)  # noqa: B009 - what has a project has a command
    watch: tuple[str, ...] = getattr(known, "watch", (f"*.{getattr(known, 'extension', '*')}",))
    output = known.build_output(function, build) if hasattr(known, "build_output") else OUTPUT
    return Building(BuildCommand(command, workdir=folder, watch=watch), f"{folder}/{output}")


def interfaces(live: Live) -> tuple[str, ...]:
    """What the component that the official tool makes imports and exports beyond the one that runs here."""
    known = language(live.function.language)
    found: tuple[str, ...] = ()
    if hasattr(known, "official_interfaces"):
        found = known.official_interfaces(live.function, live.build)
    return found


def tools(name: str) -> tuple[str, ...]:
    """What has to be there to build the official project of a language, for people."""
    try:
        known = language(name)
    except OptionError:
        return ()
    listed: tuple[Tool, ...] = ()
    for said in ("official_tools", "tools"):
        if hasattr(known, said):
            listed = getattr(known, said)()
            break
    return tuple(f"{tool.name} {tool.wanted}".rstrip() for tool in listed)


def image_name(live: Live) -> str:
    """What to call the image of a function: its kind, trigger and WASI, and its digest when packages were added."""
    function, build = live.function, live.build
    known = language(function.language)
    kind: str = getattr(known, "family", (known.name,))[0]
    trigger = next(iter(function.triggers), "")
    name = f"{kind}-{trigger}-wasi-{live.prepared.wasi}" if trigger else f"{kind}-wasi-{live.prepared.wasi}"
    if not function.requires:
        return name
    bare = images.find(live.prepared.wasi, kind=kind, trigger=trigger)
    return name if bare is not None and bare.digest == build.image else f"{name}-{build.image[:8]}"
