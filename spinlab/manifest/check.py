"""What Spin checks of a manifest as a whole: templates, grants, references, dependencies."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterator, Mapping

from spinlab.errors import ManifestError
from spinlab.manifest import allowed_hosts
from spinlab.manifest.ids import debug
from spinlab.manifest.model import Component, Dependency, Manifest
from spinlab.manifest.template import Template


def check(manifest: Manifest) -> None:
    """Let a manifest pass.

    Raises:
        ManifestError: Spin would refuse it when it loads the application.
    """
    defaults = {n: v.default for n, v in manifest.variables.items()}
    for kind, triggers in manifest.triggers.items():
        for trigger in triggers:
            specs = [trigger.component, *itertools.chain(*trigger.components.values())]
            for spec in specs:
                if isinstance(spec, str) and spec not in manifest.components:
                    raise _missing(manifest, spec, f"a trigger of type {kind}")
    for name, component in _components(manifest):
        _component(manifest, name, component, defaults)


def _component(manifest: Manifest, name: str, component: Component, defaults: Mapping[str, str | None]) -> None:
    try:
        for text in component.variables.values():
            Template.parse(text).check(manifest.variables)
        allowed_hosts.validate(component.allowed_outbound_hosts, defaults)
        _dependencies(manifest, component)
    except ManifestError as error:
        raise ManifestError(f"component {name}: {error.message}", hint=error.hint) from error


def _components(manifest: Manifest) -> Iterator[tuple[str, Component]]:
    yield from manifest.components.items()
    for triggers in manifest.triggers.values():
        for trigger in triggers:
            for spec in (trigger.component, *itertools.chain(*trigger.components.values())):
                if isinstance(spec, Component):
                    yield f"of trigger {trigger.id}" if trigger.id else "written in a trigger", spec


def _missing(manifest: Manifest, name: str, user: str) -> ManifestError:
    close = difflib.get_close_matches(name, manifest.components, n=1)
    hint = f"did you mean {close[0]}?" if close else f"add [component.{name}]"
    return ManifestError(f"{user} names component {debug(name)}, which is not in the manifest", hint=hint)


def _dependencies(manifest: Manifest, component: Component) -> None:
    if component.dependencies_inherit_configuration is not None and any(
        d.inherit_configuration is not None for d in component.dependencies.values()
    ):
        raise ManifestError(
            "specifies both `dependencies_inherit_configuration` and per-dependency `inherit_configuration`",
            hint="these are mutually exclusive; use one or the other",
        )
    for name, dependency in component.dependencies.items():
        _dependency(manifest, name, dependency)


def _dependency(manifest: Manifest, name: str, dependency: Dependency) -> None:
    plain = ":" not in name and "/" not in name
    if plain and dependency.version is not None and dependency.package is None:
        raise ManifestError(f"dependency {debug(name)} must specify a package name", hint='add package = "ns:name"')
    if not plain and "/" not in name and dependency.export is not None and not (dependency.url or dependency.component):
        raise ManifestError(
            f"using an export to satisfy the package dependency {debug(name)} is not currently permitted",
            hint="name the interface, such as ns:name/interface",
        )
    if dependency.component is not None and dependency.component not in manifest.components:
        raise ManifestError(
            f"dependency ID {dependency.component} does not exist", hint=f"add [component.{dependency.component}]"
        )
