"""What a spin.toml says, as frozen values (Spin 4: ``crates/manifest/src/schema/v2.rs``).

Attributes have the names of the manifest's keys; what is absent there is empty or None here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


def _none() -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class Target:
    """An environment that the application must run in: one of the catalogue, or a document by `url` or `path`."""

    name: str = ""
    url: str = ""
    path: str = ""


@dataclass(frozen=True)
class UrlSource:
    """A component that is fetched: `digest` is ``sha256:`` and 64 hex digits."""

    url: str
    digest: str


@dataclass(frozen=True)
class RegistrySource:
    """A component of a package registry."""

    package: str
    version: str
    registry: str | None = None


Source = str | UrlSource | RegistrySource
"""Where a component's bytes are: a path in the application's folder, a URL, or a package."""


@dataclass(frozen=True)
class Mount:
    """A file or directory of the application, and where the guest sees it."""

    source: str
    destination: str


@dataclass(frozen=True)
class BuildCommand:
    """How ``spin build`` makes a component.

    Attributes:
        command: One command line, or several that run one after the other.
        workdir: Where, relative to spin.toml; None for beside it.
        watch: Globs that ``spin watch`` looks at, relative to `workdir`.
    """

    command: str | tuple[str, ...]
    workdir: str | None = None
    watch: tuple[str, ...] = ()


@dataclass(frozen=True)
class Dependency:
    """How an import of a component is satisfied: by a package (`version`), `path`, `url` or `component`.

    Attributes:
        short: True when only the version was written, as a string.
        inherit_configuration: All (True), none (False), or the named kinds of configuration.
    """

    version: str | None = None
    registry: str | None = None
    package: str | None = None
    path: str | None = None
    url: str | None = None
    digest: str | None = None
    component: str | None = None
    export: str | None = None
    inherit_configuration: bool | tuple[str, ...] | None = None
    short: bool = False


@dataclass(frozen=True)
class Profile:
    """What ``--profile NAME`` changes in a component; `command` is that of its build."""

    source: Source | None = None
    environment: Mapping[str, str] = field(default_factory=_none)
    dependencies: Mapping[str, Dependency] = field(default_factory=_none)
    command: str | tuple[str, ...] | None = None


@dataclass(frozen=True)
class Component:
    """``[component.ID]``: a Wasm component and what it may touch.

    Attributes:
        source: Where its bytes are.
        description: For readers.
        variables: Name in the component -> template over the application's variables.
        environment: WASI environment.
        files: Globs or mounts of files it may read.
        exclude_files: Globs to leave out of `files`.
        allowed_http_hosts: Deprecated form of `allowed_outbound_hosts`.
        allowed_outbound_hosts: Where it may connect to; none by default.
        key_value_stores, sqlite_databases, ai_models: Labels it may open.
        targets: Environments it must run in, instead of the application's; None for those.
        build: How it is made.
        tool: Tables for other tools; Spin ignores them.
        dependencies_inherit_configuration: Whether all dependencies have this component's grants.
        dependencies: Import -> how it is satisfied.
        profile: Name -> what that profile changes.
    """

    source: Source
    description: str = ""
    variables: Mapping[str, str] = field(default_factory=_none)
    environment: Mapping[str, str] = field(default_factory=_none)
    files: tuple[str | Mount, ...] = ()
    exclude_files: tuple[str, ...] = ()
    allowed_http_hosts: tuple[str, ...] = ()
    allowed_outbound_hosts: tuple[str, ...] = ()
    key_value_stores: tuple[str, ...] = ()
    sqlite_databases: tuple[str, ...] = ()
    ai_models: tuple[str, ...] = ()
    targets: tuple[Target, ...] | None = None
    build: BuildCommand | None = None
    tool: Mapping[str, Mapping[str, Any]] = field(default_factory=_none)
    dependencies_inherit_configuration: bool | None = None
    dependencies: Mapping[str, Dependency] = field(default_factory=_none)
    profile: Mapping[str, Profile] = field(default_factory=_none)


ComponentRef = str | Component
"""The id of a component, or one written out in place."""


@dataclass(frozen=True)
class TriggerDependency:
    """A component that takes part in handling a trigger, such as middleware; forms as in `Dependency`."""

    version: str | None = None
    registry: str | None = None
    package: str | None = None
    path: str | None = None
    url: str | None = None
    digest: str | None = None
    component: str | None = None
    inherit_configuration: bool | tuple[str, ...] | None = None


@dataclass(frozen=True)
class Trigger:
    """``[[trigger.TYPE]]``: an event, and the component it runs.

    Attributes:
        component: What runs.
        id: Its name; empty for an automatic one.
        components, dependencies: Further components, by a meaning of the trigger's own.
        config: The keys of the trigger's type, such as ``route`` or ``channel``.
    """

    component: ComponentRef | None = None
    id: str = ""
    components: Mapping[str, tuple[ComponentRef, ...]] = field(default_factory=_none)
    dependencies: Mapping[str, tuple[TriggerDependency, ...]] = field(default_factory=_none)
    config: Mapping[str, Any] = field(default_factory=_none)

    @property
    def route(self) -> str | None:
        """The route of an HTTP trigger; None for a private one."""
        route = self.config.get("route")
        return route if isinstance(route, str) else None

    @property
    def private(self) -> bool:
        """Whether only other components of the application reach it."""
        route = self.config.get("route")
        return isinstance(route, Mapping) and route.get("private") is True


def http_trigger(route: str | None, component: ComponentRef, *, name: str = "") -> Trigger:
    """An HTTP trigger; a route of None makes it private, `name` is its id."""
    return Trigger(component, name, config={"route": {"private": True} if route is None else route})


@dataclass(frozen=True)
class Variable:
    """A variable of the application: `required`, or with a `default`; `secret` ones are not shown."""

    default: str | None = None
    required: bool = False
    secret: bool = False
    description: str | None = None


@dataclass(frozen=True)
class Application:
    """``[application]``.

    Attributes:
        name, version, description, authors: For readers.
        targets: Environments that every component must run in.
        trigger: Trigger type -> settings for all triggers of it.
        tool: Tables for other tools; Spin ignores them.
    """

    name: str
    version: str = ""
    description: str = ""
    authors: tuple[str, ...] = ()
    targets: tuple[Target, ...] = ()
    trigger: Mapping[str, Mapping[str, Any]] = field(default_factory=_none)
    tool: Mapping[str, Mapping[str, Any]] = field(default_factory=_none)


@dataclass(frozen=True)
class Manifest:
    """A whole spin.toml.

    Attributes:
        application: What it is called.
        variables: The application's variables.
        triggers: Type -> triggers in order; a type that has none is left out.
        components: Id -> component, in order.
    """

    application: Application
    variables: Mapping[str, Variable] = field(default_factory=_none)
    triggers: Mapping[str, tuple[Trigger, ...]] = field(default_factory=_none)
    components: Mapping[str, Component] = field(default_factory=_none)

    def __post_init__(self) -> None:
        object.__setattr__(self, "triggers", {kind: listed for kind, listed in self.triggers.items() if listed})
