"""A manifest as the functions of an app: what each component and its triggers are in our terms."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from spinlab.errors import ManifestError, OptionError
from spinlab.function import MIB, Function, Limits
from spinlab.languages import Progress, silent
from spinlab.loading import unserved, written
from spinlab.loading.place import Place
from spinlab.loading.source import bytes_of, is_text
from spinlab.manifest import Application, Component, Manifest, Mount, Trigger, http_trigger, load, normalize
from spinlab.manifest.deprecated import outbound_hosts
from spinlab.manifest.ids import debug
from spinlab.manifest.triggers import executor_of
from spinlab.triggers import KINDS, Config

_CHAINED = re.compile(r"https?://([*A-Za-z0-9-]+)\.spin\.internal(?=[:/]|$)")
AS_SPIN = Limits(timeout=30 * 86400.0, memory=4096 * MIB, response=1 << 62, request=1 << 62)
"""What one request may use under ``spin up``: whatever it likes, up to the memory that a component can have."""


@dataclass(frozen=True)
class Loaded:
    """A manifest, read.

    Attributes:
        application: What it is called.
        variables: Application variable -> what the manifest declares of it.
        functions: In the order of the manifest, modules first.
        triggers: Type -> triggers in order, all with ids.
        idle: Components that no trigger reaches, or none that is served: they don't run, but an export has them.
        remarks: What the user should know.
    """

    application: Application
    variables: Mapping[str, dict[str, Any]]
    functions: tuple[Function, ...]
    triggers: Mapping[str, tuple[Trigger, ...]]
    idle: Mapping[str, Function] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


def read(
    place: Place,
    *,
    as_is: bool = False,
    components: Sequence[str] = (),
    limits: Limits = Limits(),  # noqa: B008 (frozen)
    progress: Progress = silent,
) -> Loaded:
    """Read an application, with the bytes of its components.

    Parameters:
        place: Where it is.
        as_is: Take every component as it is, also one that has its source beside it.
        components: Ids of those to take; all when empty.
        limits: What a request may use, where the manifest does not say.
        progress: Told about downloads.

    Raises:
        ManifestError: Spin would refuse it, or something of it is not served here.
    """
    manifest = _manifest(place)
    _check_base(manifest)
    remarks = tuple(unserved.other_triggers(manifest))
    http = _chosen(manifest, components)
    reached = {str(trigger.component) for trigger in http if trigger.component is not None}
    messages = _messages(manifest, reached, components)
    unserved.check(replace(manifest, triggers={"http": http}), reached)
    functions: list[Function] = []
    idle: dict[str, Function] = {}
    for name, component in manifest.components.items():
        if name in reached:
            mine = [trigger for trigger in http if trigger.component == name]
            functions.append(_function(name, component, mine, place, limits, progress))
        elif name in messages:
            function = _function(name, component, (), place, limits, progress)
            functions.append(replace(function, triggers=messages[name]))
        elif not components:
            idle[name] = Function(name, b"", language="wasm", folder=str(place.folder), loaded=component)
    if not as_is:
        found = written.with_sources(functions)
        functions, remarks = [*found.modules, *found.functions], (*remarks, *found.remarks)
    variables = {
        name: {"default": v.default, "required": v.required, "secret": v.secret, "description": v.description}
        for name, v in manifest.variables.items()
    }
    triggers = {**({} if components else manifest.triggers), "http": http}
    return Loaded(manifest.application, variables, tuple(functions), triggers, idle, remarks)


def _manifest(place: Place) -> Manifest:
    if not place.bare:
        return normalize(load(place.file))
    # Spin 4: crates/loader, single_file_manifest
    component = Component(os.path.abspath(place.file))
    return normalize(Manifest(Application(place.file.stem), triggers={"http": (http_trigger("/...", component),)}))


def _check_base(manifest: Manifest) -> None:
    """Spin 4: crates/trigger-http, ``validate_app``."""
    settings = manifest.application.trigger.get("http", {})
    for key in settings:
        if key != "base":
            raise ManifestError(f"[application.trigger.http] has an unknown field `{key}`", hint="remove it")
    if settings.get("base", "/") != "/":
        raise ManifestError(
            "This application is using the deprecated trigger 'base' field. The base must be prepended to each "
            "[[trigger.http]]'s 'route'.",
            hint="remove base from [application.trigger.http]",
        )


def _chosen(manifest: Manifest, components: Collection[str]) -> tuple[Trigger, ...]:
    """The HTTP triggers of the chosen components; without a choice all, and those that need none."""
    http = manifest.triggers.get("http", ())
    if not components:
        return http
    for name in components:
        if name not in manifest.components:
            raise ManifestError(
                f"Specified component {debug(name)} not found in application",
                hint="there are: " + ", ".join(manifest.components),
            )
    chosen = tuple(trigger for trigger in http if trigger.component in components)
    for trigger in chosen:
        _check_chaining(str(trigger.component), manifest.components[str(trigger.component)], components)
    return chosen


def _messages(
    manifest: Manifest, reached: Collection[str], components: Collection[str]
) -> dict[str, dict[str, tuple[Config, ...]]]:
    """Component id -> the triggers beside HTTP that start it: those of the first kind that we serve."""
    found: dict[str, dict[str, tuple[Config, ...]]] = {}
    for kind in KINDS:
        settings = manifest.application.trigger.get(kind, {})
        for trigger in manifest.triggers.get(kind, ()):
            name = str(trigger.component)
            if name in reached or (components and name not in components) or not {kind}.issuperset(found.get(name, {})):
                continue
            mine = found.setdefault(name, {})
            config = {**settings, **trigger.config}
            _check_message(kind, trigger.id, config)
            mine[kind] = (*mine.get(kind, ()), config)
    return found


def _check_message(kind: str, name: str, config: Config) -> None:
    from spinlab.triggers.declaring import check_config  # few applications have any

    try:
        check_config(kind, config)
    except OptionError as error:
        raise ManifestError(f"trigger {name}: {error.message}", hint=error.hint) from None


def _check_chaining(name: str, component: Component, chosen: Collection[str]) -> None:
    """Spin 4: crates/factor-outbound-networking, ``validate_service_chaining_for_components``."""
    for entry in component.allowed_outbound_hosts:
        target = _CHAINED.match(entry)
        if target is None or target[1] in chosen:
            continue
        what = "wildcard service chaining:" if target[1] == "*" else "service chaining to unselected component:"
        raise ManifestError(
            f"Selected component '{name}' cannot use {what} "
            f'allowed_outbound_hosts = ["http://{target[1]}.spin.internal"]',
            hint="select the other component too, or take the entry out",
        )


def _function(
    name: str, component: Component, triggers: Sequence[Trigger], place: Place, limits: Limits, progress: Progress
) -> Function:
    data = bytes_of(name, component, place.folder, progress)
    text = is_text(data)
    about = component.tool.get("spinlab", {})
    executor, argv = executor_of(triggers[0] if triggers else Trigger(name))
    return Function(
        name,
        data.decode() if text else data,
        language="wat" if text else "wasm",
        routes=tuple(dict.fromkeys(trigger.route for trigger in triggers if trigger.route is not None)),
        private=bool(triggers) and all(trigger.private for trigger in triggers),
        allowed_outbound_hosts=(*component.allowed_outbound_hosts, *outbound_hosts(component.allowed_http_hosts)),
        key_value_stores=component.key_value_stores,
        sqlite_databases=component.sqlite_databases,
        ai_models=component.ai_models,
        variables=component.variables,
        environment=component.environment,
        files=tuple((f.source, f.destination) if isinstance(f, Mount) else (f, "") for f in component.files),
        exclude_files=component.exclude_files,
        folder=str(place.folder),
        limits=_limits(limits, about.get("limits")),
        reuse=_whole(about.get("reuse")) if executor == "http" else None,
        executor=executor,
        argv=argv,
        description=component.description,
        origin=place.reference or place.file.name,
        loaded=component,
    )


def _limits(limits: Limits, given: object) -> Limits:
    """The limits that an export noted; what is no limit or no number is somebody else's note."""
    if not isinstance(given, Mapping):
        return limits
    known: dict[str, Any] = {
        name: value if name == "timeout" else int(value)
        for name, value in given.items()
        if name in vars(limits) and isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0
    }
    return replace(limits, **known)


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
