"""spin.toml -> `Manifest`. What Spin refuses is refused here, in its words and with the place."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomli

from spinlab.errors import ManifestError
from spinlab.manifest import ids, version1
from spinlab.manifest.check import check
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
from spinlab.manifest.reader import Reader
from spinlab.manifest.triggers import check_config, check_settings

ROOT = ("spin_manifest_version", "application", "variables", "trigger", "component")
APPLICATION = ("name", "version", "description", "authors", "targets", "trigger", "tool")
VARIABLE = ("description", "required", "default", "secret")
TRIGGER = ("id", "component", "components", "dependencies")
COMPONENT = (
    "source",
    "description",
    "variables",
    "environment",
    "files",
    "exclude_files",
    "allowed_http_hosts",
    "allowed_outbound_hosts",
    "key_value_stores",
    "sqlite_databases",
    "ai_models",
    "targets",
    "build",
    "tool",
    "dependencies_inherit_configuration",
    "dependencies",
    "profile",
)
PROFILE = ("source", "environment", "dependencies", "build")
DEPENDENCY_FORMS = (
    ("version", ("registry", "package", "export", "inherit_configuration")),
    ("path", ("export", "inherit_configuration")),
    ("url", ("digest", "export", "inherit_configuration")),
    ("component", ("export", "inherit_configuration")),
)


def load(source: str | Path) -> Manifest:
    """Read a manifest.

    Parameters:
        source: Its text, or the path of the file.

    Raises:
        ManifestError: Spin would refuse it; the message names line and key, the hint the closest right key.
    """
    text = _read(source) if isinstance(source, Path) else source
    try:
        value = tomli.loads(text)
    except tomli.TOMLDecodeError as error:
        raise ManifestError(f"spin.toml is not valid TOML: {error}") from error
    root = Reader(text, value)
    if _version(root) == 1:
        root = Reader(text, version1.converted(root))
    root.only(ROOT)
    manifest = Manifest(
        application=_application(root),
        variables=root.each("variables", _variable, lambda name: ids.problem(name, "_", lower=True)),
        triggers=_triggers(root.below("trigger")),
        components=root.each("component", _component, ids.problem),
    )
    root.need("trigger")
    check(manifest)
    return manifest


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise ManifestError(f"{path} is not UTF-8 text", hint="save it as UTF-8") from error
    except OSError as error:
        raise ManifestError(f"{path} can't be read: {error.strerror}", hint="give the path of a spin.toml") from error


def _version(root: Reader) -> int:
    key = "spin_version" if "spin_version" in root.value else "spin_manifest_version"
    found = root.value.get(key)
    if found == "1":
        return 1
    if found is None:
        raise root.wrong("missing field `spin_manifest_version`", hint="begin with spin_manifest_version = 2")
    if found != 2 or isinstance(found, bool):
        shown = ids.debug(found) if isinstance(found, str) else str(found).lower()
        raise root.wrong(f"invalid manifest version: {shown}", key, hint="write spin_manifest_version = 2")
    return 2


def _application(root: Reader) -> Application:
    root.need("application")
    reader = root.below("application", APPLICATION)
    reader.need("name")
    settings = reader.below("trigger")
    for kind in settings.value:
        check_settings(kind, settings.below(kind))
    return Application(
        name=reader.string("name"),
        version=reader.string("version"),
        description=reader.string("description"),
        authors=reader.strings("authors"),
        targets=_targets(reader),
        trigger=reader.tables("trigger"),
        tool=reader.tables("tool"),
    )


def _targets(reader: Reader) -> tuple[Target, ...]:
    found = []
    for index, item in enumerate(reader.items("targets")):
        if isinstance(item, str):
            found.append(Target(name=item))
        elif isinstance(item, Mapping) and len(item) == 1 and isinstance(item.get("url", item.get("path")), str):
            found.append(Target(url=item.get("url", ""), path=item.get("path", "")))
        else:
            raise reader.wrong(_no_variant("TargetEnvironmentRef"), "targets", index, hint='write "spin-up:3.4"')
    return tuple(found)


def _variable(reader: Reader) -> Variable:
    reader.only(VARIABLE)
    found = Variable(
        default=reader.optional("default"),
        required=reader.flag("required") or False,
        secret=reader.flag("secret") or False,
        description=reader.optional("description"),
    )
    if found.required == (found.default is not None):
        raise reader.wrong("must be `required` OR have a `default`", hint="write one of the two")
    return found


def _triggers(reader: Reader) -> dict[str, tuple[Trigger, ...]]:
    return {
        kind: tuple(_trigger(kind, reader.at(kind, index, item)) for index, item in enumerate(reader.items(kind)))
        for kind in reader.value
    }


def _trigger(kind: str, reader: Reader) -> Trigger:
    components = reader.below("components")
    dependencies = reader.below("dependencies")
    trigger = Trigger(
        component=_reference(reader, "component", reader.value["component"]) if "component" in reader.value else None,
        id=reader.string("id"),
        components={
            name: tuple(
                _reference(components, name, item)
                for item in (
                    components.value[name] if isinstance(components.value[name], list) else [components.value[name]]
                )
            )
            for name in components.value
        },
        dependencies={
            name: tuple(
                _trigger_dependency(dependencies.at(name, index, item))
                for index, item in enumerate(dependencies.items(name))
            )
            for name in dependencies.value
        },
        config={key: value for key, value in reader.value.items() if key not in TRIGGER},
    )
    check_config(kind, trigger, reader)
    return trigger


def _reference(reader: Reader, key: str, value: Any) -> ComponentRef:
    if isinstance(value, str):
        problem = ids.problem(value)
        if problem:
            near = ids.nearest(value)
            raise reader.wrong(problem, key, hint=f"call it {near}" if near else "")
        return value
    return _component(reader.at(key, 0, value))


def _component(reader: Reader) -> Component:
    reader.only(COMPONENT)
    reader.need("source")
    return Component(
        source=_source(reader),
        description=reader.string("description"),
        variables=reader.string_map("variables", lambda name: ids.problem(name, "_", lower=True)),
        environment=reader.string_map("environment"),
        files=tuple(_mount(reader, index, item) for index, item in enumerate(reader.items("files"))),
        exclude_files=reader.strings("exclude_files"),
        allowed_http_hosts=reader.strings("allowed_http_hosts"),
        allowed_outbound_hosts=reader.strings("allowed_outbound_hosts"),
        key_value_stores=reader.labels("key_value_stores"),
        sqlite_databases=reader.labels("sqlite_databases"),
        ai_models=reader.strings("ai_models"),
        targets=_targets(reader) if "targets" in reader.value else None,
        build=_build(reader.below("build")) if "build" in reader.value else None,
        tool=reader.tables("tool"),
        dependencies_inherit_configuration=reader.flag("dependencies_inherit_configuration"),
        dependencies=_dependencies(reader),
        profile=reader.each("profile", _profile),
    )


def _no_variant(name: str) -> str:
    return f"data did not match any variant of untagged enum {name}"


def _source(reader: Reader) -> Source:
    value = reader.value["source"]
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping) and _texts(value):
        if set(value) == {"url", "digest"}:
            return UrlSource(**value)
        if {"package", "version"} <= set(value) <= {"package", "version", "registry"}:
            return RegistrySource(**value)
    raise reader.wrong(
        _no_variant("ComponentSource"),
        "source",
        hint='write a path, { url = "...", digest = "sha256:..." } or { package = "...", version = "..." }',
    )


def _texts(value: Mapping[str, Any]) -> bool:
    return all(isinstance(v, str) for v in value.values())


def _mount(reader: Reader, index: int, value: Any) -> str | Mount:
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping) and set(value) == {"source", "destination"} and _texts(value):
        return Mount(**value)
    raise reader.wrong(
        _no_variant("WasiFilesMount"), "files", index, hint='write a glob or { source = "...", destination = "/..." }'
    )


def _commands(reader: Reader) -> str | tuple[str, ...]:
    reader.need("command")
    return reader.string("command") if isinstance(reader.value["command"], str) else reader.strings("command")


def _build(reader: Reader) -> BuildCommand:
    reader.only(("command", "workdir", "watch"))
    return BuildCommand(_commands(reader), reader.optional("workdir"), reader.strings("watch"))


def _profile(reader: Reader) -> Profile:
    reader.only(PROFILE)
    return Profile(
        source=_source(reader) if "source" in reader.value else None,
        environment=reader.string_map("environment"),
        dependencies=_dependencies(reader),
        command=_commands(reader.below("build", ("command",))) if "build" in reader.value else None,
    )


def _dependencies(reader: Reader) -> dict[str, Dependency]:
    below = reader.below("dependencies")
    found = {}
    for name, value in below.value.items():
        if isinstance(value, str):
            found[name] = Dependency(version=value, short=True)
        else:
            found[name] = Dependency(**_dependency(below.below(name), "ComponentDependency"))
    return found


def _trigger_dependency(reader: Reader) -> TriggerDependency:
    found = _dependency(reader, "TriggerDependency")
    if "export" in reader.value or ("version" in reader.value and "package" not in reader.value):
        raise reader.wrong(_no_variant("TriggerDependency"), hint="a package needs version and package")
    return TriggerDependency(**{k: v for k, v in found.items() if k != "export"})


def _dependency(reader: Reader, name: str) -> dict[str, Any]:
    for first, others in DEPENDENCY_FORMS:
        if first in reader.value and set(reader.value) <= {first, *others}:
            if first == "url":
                reader.need("digest")
            found: dict[str, Any] = {
                k: reader.optional(k) for k in (first, *others) if k in reader.value and k != "inherit_configuration"
            }
            if "inherit_configuration" in reader.value:
                value = reader.value["inherit_configuration"]
                found["inherit_configuration"] = (
                    value if isinstance(value, bool) else reader.strings("inherit_configuration")
                )
            return found
    raise reader.wrong(_no_variant(name), hint="write one of version, path, url (with digest) or component")
