"""What the two CRDs of SpinKube accept, as far as words can help: which fields there are, and of what type.

A pod's own structures (volumes and their kin) are passed on as they are; the API server knows them better. The tests
compare this with the CRDs field by field.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Final


@dataclass(frozen=True)
class Shape:
    """What a value has to be.

    Attributes:
        kind: ``object``, ``list``, ``map``, ``text``, ``whole``, ``flag``, ``quantity`` or ``anything``.
        fields: Of an object.
        required: Those of them that must be there.
        of: What a list or map holds.
        least: Entries that a list must have.
    """

    kind: str
    fields: Mapping[str, Shape] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    of: Shape | None = None
    least: int = 0


TEXT: Final = Shape("text")
WHOLE: Final = Shape("whole")
FLAG: Final = Shape("flag")
QUANTITY: Final = Shape("quantity")
ANYTHING: Final = Shape("anything")


def _object(required: tuple[str, ...] = (), **fields: Shape) -> Shape:
    return Shape("object", fields, required)


def _list(of: Shape, least: int = 0) -> Shape:
    return Shape("list", of=of, least=least)


_TEXTS: Final = Shape("map", of=TEXT)
_QUANTITIES: Final = Shape("map", of=QUANTITY)
_KEY: Final = _object(("key",), name=TEXT, key=TEXT, optional=FLAG)
_FROM: Final = _object(
    configMapKeyRef=_KEY,
    secretKeyRef=_KEY,
    fieldRef=ANYTHING,
    resourceFieldRef=ANYTHING,
    fileKeyRef=ANYTHING,
)
_OPTION: Final = _object(
    ("name",),
    name=TEXT,
    value=TEXT,
    valueFrom=_object(configMapKeyRef=_KEY, secretKeyRef=_KEY),
)
_OPTIONS: Final = _list(_OPTION)
_BACKEND: Final = _object(("name", "type"), name=TEXT, type=TEXT, options=_OPTIONS)
_PROBE: Final = _object(
    httpGet=_object(("path",), path=TEXT, httpHeaders=_list(_object(("name", "value"), name=TEXT, value=TEXT))),
    initialDelaySeconds=WHOLE,
    timeoutSeconds=WHOLE,
    periodSeconds=WHOLE,
    successThreshold=WHOLE,
    failureThreshold=WHOLE,
)

SPIN_APP: Final = _object(
    ("executor", "image"),
    executor=TEXT,
    image=TEXT,
    imagePullSecrets=_list(_object(name=TEXT)),
    checks=_object(readiness=_PROBE, liveness=_PROBE),
    replicas=WHOLE,
    enableAutoscaling=FLAG,
    runtimeConfig=_object(
        loadFromSecret=TEXT,
        sqliteDatabases=_list(_BACKEND),
        keyValueStores=_list(_BACKEND),
        llmCompute=_object(("type",), type=TEXT, options=_OPTIONS),
    ),
    volumes=_list(ANYTHING),
    volumeMounts=_list(ANYTHING),
    variables=_list(_object(("name",), name=TEXT, value=TEXT, valueFrom=_FROM)),
    serviceAnnotations=_TEXTS,
    deploymentAnnotations=_TEXTS,
    podAnnotations=_TEXTS,
    podLabels=_TEXTS,
    resources=_object(limits=_QUANTITIES, requests=_QUANTITIES),
    components=_list(TEXT, least=1),
    serviceAccountName=TEXT,
    invocationLimits=_TEXTS,
)
"""``spec`` of a SpinApp."""

SPIN_APP_EXECUTOR: Final = _object(
    ("createDeployment",),
    createDeployment=FLAG,
    deploymentConfig=_object(
        runtimeClassName=TEXT,
        spinImage=TEXT,
        caCertSecret=TEXT,
        installDefaultCACerts=FLAG,
        otel=_object(
            exporter_otlp_endpoint=TEXT,
            exporter_otlp_traces_endpoint=TEXT,
            exporter_otlp_metrics_endpoint=TEXT,
            exporter_otlp_logs_endpoint=TEXT,
        ),
    ),
)
"""``spec`` of a SpinAppExecutor."""

_WANTED: Final = {
    "object": "a mapping",
    "map": "a mapping",
    "list": "a list",
    "text": "text",
    "whole": "a whole number",
    "flag": "true or false",
    "quantity": "an amount such as 100m or 64Mi",
}


def problems(value: Any, shape: Shape, where: str) -> Iterator[tuple[str, str]]:
    """What of a value is not as it has to be, each with what to write instead."""
    if not _fits(value, shape.kind):
        yield f"{where} is {_shown(value)}, and has to be {_WANTED[shape.kind]}", _remedy(value, shape.kind)
    elif shape.kind == "object":
        yield from _fields(value, shape, where)
    elif shape.kind == "map" and shape.of is not None:
        for key, inner in value.items():
            yield from problems(inner, shape.of, f"{where}.{key}")
    elif shape.kind == "list" and shape.of is not None:
        if len(value) < shape.least:
            yield f"{where} is empty", "leave it out, or name one"
        for index, inner in enumerate(value):
            yield from problems(inner, shape.of, f"{where}[{index}]")


def _fields(value: Mapping[str, Any], shape: Shape, where: str) -> Iterator[tuple[str, str]]:
    for name in shape.required:
        if name not in value:
            yield f"{where} has no {name}, which it needs", f"add {where}.{name}"
    for name, inner in value.items():
        if name not in shape.fields:
            near = get_close_matches(str(name), shape.fields, n=1)
            there = "there are: " + ", ".join(shape.fields)
            yield f"{where} has no field {name!r}", f"did you mean {near[0]}?" if near else there
        else:
            yield from problems(inner, shape.fields[name], f"{where}.{name}")


def _fits(value: Any, kind: str) -> bool:
    if kind in ("object", "map"):
        return isinstance(value, Mapping)
    if kind == "list":
        return isinstance(value, (list, tuple))
    if kind == "text":
        return isinstance(value, str)
    if kind == "flag":
        return isinstance(value, bool)
    if kind == "whole":
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == "quantity":
        return isinstance(value, (str, int)) and not isinstance(value, bool)
    return True


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return "empty"
    return f"{str(value)[:60]!r}" if isinstance(value, str) else str(value)[:60]


def _remedy(value: Any, kind: str) -> str:
    if kind == "text" and isinstance(value, (bool, int, float)):
        return f'put it into quotes: "{_shown(value)}"'
    if kind in ("whole", "flag") and isinstance(value, str):
        return "write it without quotes"
    return f"write {_WANTED[kind]} there"
