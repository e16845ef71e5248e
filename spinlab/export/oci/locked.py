"""A manifest as Spin's locked application, key by key (Spin 4: ``crates/locked-app/src/locked.rs``, ``crates/loader``).

Maps have their keys in order, so that the same manifest always gives the same bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from spinlab.errors import ExportError
from spinlab.manifest import Application, BuildCommand, Component, Manifest, Trigger, Variable
from spinlab.manifest.deprecated import outbound_hosts

_CHAINED = re.compile(r"https?://[^/:]+\.spin\.internal(?=[:/]|$)")
CHAINING = {"local_service_chaining": "required"}
"""What a component needs of its host that calls others by ``http://NAME.spin.internal``."""


def locked(manifest: Manifest, contents: Mapping[str, tuple[dict[str, Any], list[dict[str, Any]]]]) -> dict[str, Any]:
    """The locked application.

    Parameters:
        manifest: Normalized.
        contents: Component id -> its source, and its files.

    Raises:
        ExportError: It has what only Spin's own tools can put together.
    """
    components = [_component(name, c, *contents[name]) for name, c in manifest.components.items()]
    demanding = any("host_requirements" in component for component in components)
    found: dict[str, Any] = {"spin_lock_version": 1 if demanding else 0}
    if demanding:
        found["must_understand"] = ["component_host_requirements"]
    found["metadata"] = _metadata(manifest.application, list(manifest.triggers))
    if manifest.variables:
        found["variables"] = {name: _variable(v) for name, v in sorted(manifest.variables.items())}
    found["triggers"] = [_trigger(kind, t) for kind, listed in manifest.triggers.items() for t in listed]
    found["components"] = components
    return found


def as_bytes(app: Mapping[str, Any]) -> bytes:
    """A locked application as it is pushed."""
    return json.dumps(app, separators=(",", ":"), ensure_ascii=False).encode()


def _metadata(application: Application, kinds: list[str]) -> dict[str, Any]:
    settings = _plain(application.trigger)
    found: dict[str, Any] = {
        "name": application.name,
        "version": application.version,
        "description": application.description,
        "authors": list(application.authors),
    }
    found = {key: value for key, value in found.items() if value}
    found["triggers"] = settings
    if len(kinds) == 1:
        found["trigger"] = _plain({**settings.get(kinds[0], {}), "type": kinds[0]})
    return dict(sorted(found.items()))


def _variable(variable: Variable) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if variable.description is not None:
        found["description"] = variable.description
    if variable.default is not None:
        found["default"] = variable.default
    if variable.secret:
        found["secret"] = True
    return found


def _trigger(kind: str, trigger: Trigger) -> dict[str, Any]:
    if trigger.dependencies or trigger.components:
        raise ExportError(
            f"trigger {trigger.id} has further components, which only Spin puts together",
            hint="push it with `spin registry push`",
        )
    component = {} if trigger.component is None else {"component": trigger.component}
    return {"id": trigger.id, "trigger_type": kind, "trigger_config": _plain({**trigger.config, **component})}


def _component(name: str, component: Component, source: dict[str, Any], files: list[dict[str, Any]]) -> dict[str, Any]:
    if component.dependencies:
        raise ExportError(
            f"component {name} has dependencies ({', '.join(component.dependencies)}), which are not composed here",
            hint="push it with `spin registry push`",
        )
    hosts = [*component.allowed_outbound_hosts, *outbound_hosts(component.allowed_http_hosts)]
    metadata: dict[str, Any] = {
        "description": component.description,
        "allowed_outbound_hosts": hosts,
        "key_value_stores": list(component.key_value_stores),
        "databases": list(component.sqlite_databases),
        "ai_models": list(component.ai_models),
        "build": _build(component.build) if component.build is not None else None,
    }
    found: dict[str, Any] = {
        "id": name,
        "metadata": {key: value for key, value in sorted(metadata.items()) if value},
        "source": {"content_type": "application/wasm", **source},
        "env": dict(sorted(component.environment.items())),
        "files": files,
        "config": dict(sorted(component.variables.items())),
        "host_requirements": dict(CHAINING) if any(map(_CHAINED.match, hosts)) else {},
    }
    return {key: value for key, value in found.items() if value}


def _build(build: BuildCommand) -> dict[str, Any]:
    command = build.command if isinstance(build.command, str) else list(build.command)
    found: dict[str, Any] = {"command": command, "workdir": build.workdir, "watch": list(build.watch)}
    return {key: value for key, value in found.items() if value not in (None, [])}


def _plain(value: Any) -> Any:
    """A value of a manifest as JSON has it, with keys in order."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in sorted(value.items())}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    return value if isinstance(value, (str, int, float, bool)) or value is None else str(value)
