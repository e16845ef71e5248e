"""Manifests of version 1 as version 2 (Spin 4: ``crates/manifest/src/compat.rs``, which reads them too)."""

from __future__ import annotations

from typing import Any

from spinlab.manifest import ids
from spinlab.manifest.deprecated import outbound_hosts
from spinlab.manifest.reader import Reader

_ROOT = (
    *("spin_manifest_version", "spin_version", "name", "version", "description", "authors", "trigger", "variables"),
    "component",
)
_COMPONENT = (
    *("id", "source", "trigger", "description", "config", "environment", "files", "exclude_files"),
    *("allowed_http_hosts", "allowed_outbound_hosts", "key_value_stores", "sqlite_databases", "ai_models", "build"),
)
_KEPT = (
    *("source", "description", "environment", "files", "exclude_files", "key_value_stores", "sqlite_databases"),
    *("ai_models", "build"),
)
_DATABASES = ("redis://*:*", "mysql://*:*", "postgres://*:*")
"""What a component of version 1 may reach that says nothing of ``allowed_outbound_hosts``."""


def converted(root: Reader) -> dict[str, Any]:
    """The tables of the same manifest in version 2.

    Raises:
        ManifestError: Spin would refuse it.
    """
    root.only(_ROOT)
    trigger = root.below("trigger")
    kind = trigger.string("type")
    components: dict[str, Any] = {}
    triggers: list[dict[str, Any]] = []
    for index, item in enumerate(root.items("component")):
        reader = root.at("component", index, item, _COMPONENT)
        reader.need("id")
        reader.need("source")
        reader.need("trigger")
        name = _id(reader)
        components[name] = _component(reader)
        triggers.append({"id": f"trigger-{name}", "component": name, **reader.below("trigger").value})
    for key, table in (("name", root), ("trigger", root), ("type", trigger)):
        table.need(key)
    about = {key: root.value[key] for key in ("name", "version", "description", "authors") if key in root.value}
    settings = {key: value for key, value in trigger.value.items() if key != "type"}
    return {
        "spin_manifest_version": 2,
        "application": {**about, "trigger": {kind: settings}},
        "variables": dict(root.below("variables").value),
        "trigger": {kind: triggers},
        "component": components,
    }


def _id(reader: Reader) -> str:
    """A component id of version 2: snake and mixed case are put right."""
    given = reader.string("id")
    name = given if ids.problem(given) is None else given.replace("_", "-").lower()
    problem = ids.problem(name)
    if problem is not None:
        raise reader.wrong(problem, "id", hint=f"call it {ids.nearest(name)}" if ids.nearest(name) else "")
    return name


def _component(reader: Reader) -> dict[str, Any]:
    allowed = reader.strings("allowed_outbound_hosts") if "allowed_outbound_hosts" in reader.value else _DATABASES
    found = {key: reader.value[key] for key in _KEPT if key in reader.value}
    found["allowed_outbound_hosts"] = [*allowed, *outbound_hosts(reader.strings("allowed_http_hosts"))]
    if "config" in reader.value:
        found["variables"] = reader.value["config"]
    return found
