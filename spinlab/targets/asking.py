"""What an application asks of the place where it runs, read from its manifest and its binaries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from spinlab.engine import binary
from spinlab.errors import ComponentError, ManifestError
from spinlab.manifest import Component, Manifest, normalize
from spinlab.targets.catalogue import Release

if TYPE_CHECKING:
    from spinlab.app import App

CHAINING = ".spin.internal"


@dataclass(frozen=True)
class Part:
    """One component.

    Attributes:
        name: Its id.
        imports, exports: Names of interfaces; empty for a core module, and where its bytes are not at hand.
        size: Bytes.
        known: Whether its bytes were at hand.
        triggers: Types that start it.
        component: Its table in the manifest.
        language: What its cell is written in; empty when nobody knows.
        memory: Bytes that one instance may use, as its cell says; 0 when nobody says.
    """

    name: str
    imports: tuple[str, ...]
    exports: tuple[str, ...]
    size: int
    known: bool
    triggers: frozenset[str]
    component: Component = field(repr=False)
    language: str = ""
    memory: int = 0

    @property
    def wasi(self) -> str:
        """``0.3`` when anything of it is of that version, else ``0.2``."""
        names = (*self.imports, *self.exports)
        return "0.3" if any(x.startswith("wasi:") and "@0.3." in x for x in names) else "0.2"


@dataclass(frozen=True)
class Asks:
    """A whole application.

    Attributes:
        name: What it is called.
        parts: Its components that a trigger starts.
        triggers: Types of its triggers.
        middleware: Whether components stand before the one that answers.
        static: Whether routes are answered without a component.
        chaining: Whether components call each other.
        size: Bytes of all binaries, each counted once.
        least: The first release of Spin that an export of it says it needs, and why.
    """

    name: str
    parts: tuple[Part, ...]
    triggers: frozenset[str]
    middleware: bool = False
    static: bool = False
    chaining: bool = False
    size: int = 0
    least: tuple[Release, str] = ((2, 0), "")


def of_manifest(
    manifest: Manifest,
    read: Callable[[str, Component], bytes | None],
    *,
    languages: Mapping[str, tuple[str, int]] | None = None,
    least: tuple[Release, str] = ((2, 0), ""),
) -> Asks:
    """What an application asks for.

    Parameters:
        manifest: Its spin.toml.
        read: The bytes of a component; None where they are not at hand.
        languages: Component -> what its cell is written in, and the memory that it says.
        least: What an export says that it needs.
    """
    manifest = normalize(manifest)
    started: dict[str, set[str]] = {}
    listed = [(kind, trigger) for kind, triggers in manifest.triggers.items() for trigger in triggers]
    for kind, trigger in listed:
        if isinstance(trigger.component, str):
            started.setdefault(trigger.component, set()).add(kind)
    sizes: dict[int, int] = {}
    parts = []
    for name, kinds in started.items():
        component = manifest.components[name]
        data = read(name, component)
        language, memory = (languages or {}).get(name, ("", 0))
        parts.append(_part(name, component, data, frozenset(kinds), language, memory))
        if data is not None:
            sizes[hash(data)] = len(data)
    hosts = [entry for part in parts for entry in part.component.allowed_outbound_hosts]
    return Asks(
        manifest.application.name,
        tuple(parts),
        frozenset(manifest.triggers),
        middleware=any(trigger.dependencies for _, trigger in listed),
        static=any(trigger.component is None for _, trigger in listed),
        chaining=any(CHAINING in entry for entry in hosts),
        size=sum(sizes.values()),
        least=least,
    )


def _part(
    name: str, component: Component, data: bytes | None, kinds: frozenset[str], language: str, memory: int
) -> Part:
    imports: tuple[str, ...] = ()
    exports: tuple[str, ...] = ()
    if data is not None and data[:8] == binary.COMPONENT_HEADER:
        try:
            imports = tuple(x.name for x in binary.imports(data))
            exports = tuple(x.name for x in binary.exports(data))
        except ComponentError as error:
            raise ComponentError(f"component {name}: {error.message}", hint=error.hint) from None
    return Part(name, imports, exports, len(data or b""), data is not None, kinds, component, language, memory)


def of_app(app: App, components: str = "shared") -> Asks:
    """What an app asks for, in a form of export.

    Raises:
        ExportError: There is nothing to export, or no such form.
    """
    from spinlab.export.projects import plan
    from spinlab.manifest.ids import kebab

    made = plan(app, components)

    def read(_name: str, component: Component) -> bytes | None:
        return made.files.get(component.source) if isinstance(component.source, str) else None

    written = {
        kebab(name): (live.function.language, live.function.limits.memory) for name, live in app.functions.items()
    }
    return of_manifest(made.manifest, read, languages=written, least=(made.needs.version, made.needs.reason))


def of_place(source: str | Path | None = None) -> Asks:
    """What the application of a folder or a spin.toml asks for; components that are elsewhere are not fetched.

    Raises:
        ManifestError: There is none, or Spin would refuse it.
    """
    from spinlab.loading.place import find
    from spinlab.loading.source import bytes_of, is_text
    from spinlab.manifest import Application, http_trigger, load

    place = find(source)
    if place.bare:
        bare = Component(str(place.file.resolve()))
        manifest = Manifest(Application(place.file.stem), triggers={"http": (http_trigger("/...", bare),)})
    else:
        manifest = load(place.file)

    def read(name: str, component: Component) -> bytes | None:
        if not isinstance(component.source, str):
            return None
        data = bytes_of(name, component, place.folder)
        if is_text(data):
            raise ManifestError(
                f"component {name} is WebAssembly text, whose imports can't be read", hint="build it to a .wasm first"
            )
        return data

    return of_manifest(manifest, read)
