"""`Manifest` -> the tables of a spin.toml, in the order in which they are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from spinlab.manifest.model import (
    Application,
    BuildCommand,
    Component,
    ComponentRef,
    Dependency,
    Manifest,
    Mount,
    Profile,
    RegistrySource,
    Source,
    Target,
    Trigger,
    TriggerDependency,
    UrlSource,
    Variable,
)

Table = dict[str, Any]


def plain(manifest: Manifest) -> Table:
    """The manifest as tables, lists and values; what has its default is left out."""
    return {
        "spin_manifest_version": 2,
        "application": _application(manifest.application),
        **_some(variables={name: _variable(v) for name, v in manifest.variables.items()}),
        "trigger": {kind: [_trigger(t) for t in triggers] for kind, triggers in manifest.triggers.items()},
        **_some(component={name: _component(c) for name, c in manifest.components.items()}),
    }


def _some(**values: Any) -> Table:
    """The values that are there: not None, empty or False."""
    return {key: _listed(value) for key, value in values.items() if value not in (None, "", False, (), [], {})}


def _listed(value: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return [_listed(item) for item in value]
    return {k: _listed(v) for k, v in value.items()} if isinstance(value, Mapping) else value


def _application(application: Application) -> Table:
    return {
        "name": application.name,
        **_some(
            version=application.version,
            authors=application.authors,
            description=application.description,
            targets=[_target(t) for t in application.targets],
            trigger=application.trigger,
            tool=application.tool,
        ),
    }


def _target(target: Target) -> str | Table:
    return _some(url=target.url, path=target.path) or target.name


def _variable(variable: Variable) -> Table:
    found = _some(description=variable.description, required=variable.required)
    if variable.description is not None:
        found["description"] = variable.description
    if variable.default is not None:
        found["default"] = variable.default
    return found | _some(secret=variable.secret)


def _trigger(trigger: Trigger) -> Table:
    found: Table = _some(id=trigger.id)
    if "route" in trigger.config:
        found["route"] = _listed(trigger.config["route"])
    if trigger.component is not None:
        found["component"] = _reference(trigger.component)
    found |= {key: _listed(value) for key, value in trigger.config.items()}
    components = {}
    for name, specs in trigger.components.items():
        listed = [_reference(spec) for spec in specs]
        components[name] = listed[0] if len(listed) == 1 else listed
    dependencies = {name: [_dependency(d) for d in listed] for name, listed in trigger.dependencies.items()}
    return found | _some(components=components, dependencies=dependencies)


def _reference(component: ComponentRef) -> str | Table:
    return component if isinstance(component, str) else _component(component)


def _source(source: Source) -> str | Table:
    if isinstance(source, UrlSource):
        return {"url": source.url, "digest": source.digest}
    if isinstance(source, RegistrySource):
        return {**({} if source.registry is None else {"registry": source.registry})} | {
            "package": source.package,
            "version": source.version,
        }
    return source


def _component(component: Component) -> Table:
    found: Table = {"source": _source(component.source)} | _some(
        description=component.description,
        allowed_outbound_hosts=component.allowed_outbound_hosts,
        allowed_http_hosts=component.allowed_http_hosts,
        key_value_stores=component.key_value_stores,
        sqlite_databases=component.sqlite_databases,
        ai_models=component.ai_models,
        files=[asdict(f) if isinstance(f, Mount) else f for f in component.files],
        exclude_files=component.exclude_files,
    )
    if component.targets is not None:
        found["targets"] = [_target(t) for t in component.targets]
    if component.dependencies_inherit_configuration is not None:
        found["dependencies_inherit_configuration"] = component.dependencies_inherit_configuration
    found |= _some(environment=component.environment, variables=component.variables)
    if component.build is not None:
        found["build"] = _build(component.build)
    return found | _some(
        tool=component.tool,
        dependencies={name: _dependency(d) for name, d in component.dependencies.items()},
        profile={name: _profile(p) for name, p in component.profile.items()},
    )


def _build(build: BuildCommand) -> Table:
    found: Table = {"command": _listed(build.command)}
    if build.workdir is not None:
        found["workdir"] = build.workdir
    return found | _some(watch=build.watch)


def _profile(profile: Profile) -> Table:
    found: Table = {} if profile.source is None else {"source": _source(profile.source)}
    found |= _some(
        environment=profile.environment,
        dependencies={name: _dependency(d) for name, d in profile.dependencies.items()},
    )
    return found if profile.command is None else found | {"build": {"command": _listed(profile.command)}}


def _dependency(dependency: Dependency | TriggerDependency) -> str | Table:
    if isinstance(dependency, Dependency) and dependency.short:
        return dependency.version or ""
    return {k: _listed(v) for k, v in asdict(dependency).items() if v is not None and k != "short"}
