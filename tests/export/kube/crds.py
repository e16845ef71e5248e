"""SpinKube's CRDs as JSON schemas that judge as an API server does: what they don't name is refused."""

from __future__ import annotations

import copy
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import yaml

FOLDER = Path(__file__).resolve().parents[2] / "data" / "kube"
FILES = {"SpinApp": "core.spinkube.dev_spinapps.yaml", "SpinAppExecutor": "core.spinkube.dev_spinappexecutors.yaml"}


@cache
def schema(kind: str) -> dict[str, Any]:
    """The CRD's own schema."""
    found = next(x for x in yaml.safe_load_all((FOLDER / FILES[kind]).read_text()) if x is not None)
    return dict(found["spec"]["versions"][0]["schema"]["openAPIV3Schema"])


@cache
def _validator(kind: str) -> Any:
    made = _closed(copy.deepcopy(schema(kind)))
    made["properties"]["metadata"] = {"type": "object"}
    return jsonschema.Draft202012Validator(made)


def _closed(node: Any) -> Any:
    if isinstance(node, dict):
        if node.pop("x-kubernetes-int-or-string", False):
            node.setdefault("anyOf", [{"type": "integer"}, {"type": "string"}])
        if node.get("type") == "object" and "properties" in node:
            node.setdefault("additionalProperties", False)
        for value in node.values():
            _closed(value)
    elif isinstance(node, list):
        for value in node:
            _closed(value)
    return node


def refusals(resource: Any) -> list[str]:
    """What the CRD has against a resource."""
    return [error.message for error in _validator(resource["kind"]).iter_errors(resource)]
