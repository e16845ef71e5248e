"""What a cluster would refuse, told before it is asked.

Three rules apply there one after the other: the schema of the CRDs, the operator's webhook (spin-operator:
``internal/webhook``), and the API server's own rules for names. Each message here says what is wrong and what to write.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any

from spinlab.errors import ExportError
from spinlab.export.kube import amounts, names, schema
from spinlab.export.kube.resources import API

_SHAPES = {"SpinApp": schema.SPIN_APP, "SpinAppExecutor": schema.SPIN_APP_EXECUTOR}

Problem = tuple[str, str]
"""What is wrong, and what to write instead."""


def check(resources: Iterable[Mapping[str, Any]], executors: Mapping[str, bool] | None = None) -> None:
    """Let resources pass that a cluster would take, as far as that can be known without one.

    Parameters:
        resources: As YAML has them; those of other kinds than SpinKube's are checked by name only.
        executors: The SpinAppExecutors of the namespace, each with whether it creates deployments; None when that is
            not known. Those among `resources` count too.

    Raises:
        ExportError: One would be refused; all that is wrong is named.
    """
    listed = list(resources)
    found = [problem for resource in listed for problem in problems(resource, _executors(listed, executors))]
    if found:
        (message, hint), *others = found
        raise ExportError(message, hint=hint, details="\n".join(f"{what} ({remedy})" for what, remedy in others))


def problems(resource: Mapping[str, Any], executors: Mapping[str, bool] | None = None) -> Iterator[Problem]:
    """What of one resource would be refused; see `check`."""
    kind, about = resource.get("kind"), resource.get("metadata")
    if not isinstance(kind, str) or not isinstance(resource.get("apiVersion"), str):
        yield "this is no resource: it has no apiVersion and kind", f"apiVersion: {API}, kind: SpinApp"
        return
    name = about.get("name") if isinstance(about, Mapping) else None
    where = f"{kind} {name!r}"
    problem = names.label_problem(name) if kind == "SpinApp" else names.subdomain_problem(name)
    if problem:
        near = names.nearest_label(name) if isinstance(name, str) else ""
        yield f"{where}: metadata.name: {problem}", f"write {near}" if near else "give it a name"
    shape = _SHAPES.get(kind)
    if shape is None:
        return
    if resource["apiVersion"] != API:
        yield f"{where} has apiVersion {resource['apiVersion']!r}", f"write apiVersion: {API}"
    spec = resource.get("spec")
    wrong = [(f"{where}: {what}", hint) for what, hint in schema.problems(spec, shape, "spec")]
    yield from wrong
    if not wrong and isinstance(spec, Mapping):
        rules = _of_app(spec, executors) if kind == "SpinApp" else _of_executor(spec)
        yield from ((f"{where}: {what}", hint) for what, hint in rules)


def _executors(resources: Collection[Mapping[str, Any]], known: Mapping[str, bool] | None) -> Mapping[str, bool] | None:
    """The executors of the namespace, with those that come along; None when nobody knows."""
    if known is None:
        return None
    brought = {
        str(one["metadata"]["name"]): bool(one["spec"].get("createDeployment"))
        for one in resources
        if one.get("kind") == "SpinAppExecutor" and isinstance(one.get("spec"), Mapping) and one.get("metadata")
    }
    return {**known, **brought}


def _of_app(spec: Mapping[str, Any], executors: Mapping[str, bool] | None) -> Iterator[Problem]:
    yield from _replicas(spec)
    yield from _executor(spec, executors)
    try:
        names.app_name(spec["image"])
    except ExportError as error:
        yield f"spec.image: {error.message}", error.hint
    yield from _resources(spec)
    for index, variable in enumerate(spec.get("variables", ())):
        where = f"spec.variables[{index}] ({variable['name']})"
        if ("value" in variable) == ("valueFrom" in variable):
            yield f"{where} needs either value or valueFrom", "value: text, or valueFrom with secretKeyRef"
        elif len(variable.get("valueFrom", {"one": None})) != 1:
            yield f"{where}: valueFrom names one place", "leave the others out"
    for name in ("readiness", "liveness"):
        yield from _probe(spec.get("checks", {}).get(name), f"spec.checks.{name}", once=name == "liveness")
    config = spec.get("runtimeConfig", {})
    if config.get("loadFromSecret") and len(config) > 1:
        yield (
            "spec.runtimeConfig has loadFromSecret beside other fields, which that Secret replaces",
            "put all of it into the Secret's runtime-config.toml, or leave loadFromSecret out",
        )


def _replicas(spec: Mapping[str, Any]) -> Iterator[Problem]:
    replicas = spec.get("replicas")
    if spec.get("enableAutoscaling"):
        if replicas:
            yield (
                "replicas cannot be set when autoscaling is enabled",
                "leave spec.replicas out; the autoscaler has the least and the most",
            )
    elif replicas is None or replicas < 1:
        hint = "at least 1; an autoscaler (--autoscaler keda) can go down to none"
        yield f"replicas must be > 0, and spec.replicas is {'not set' if replicas is None else replicas}", hint
    if replicas is not None and replicas >= 1 << 31:
        yield f"spec.replicas is {replicas}, more than a cluster can count", "write a smaller number"


def _executor(spec: Mapping[str, Any], executors: Mapping[str, bool] | None) -> Iterator[Problem]:
    if executors is None:
        return
    name = spec["executor"]
    if name not in executors:
        there = "there are: " + ", ".join(sorted(executors)) if executors else "the namespace has none"
        yield (
            f"executor does not exist in namespace: there is no SpinAppExecutor {name!r}",
            f"{there}; --executor chooses one, --spin-image brings one, `spinlab kube doctor` says how to add it",
        )
    elif not executors[name]:
        for key in ("podAnnotations", "deploymentAnnotations"):
            if spec.get(key):
                yield (
                    f"{key} can't be set when the executor does not use operator deployments",
                    f"leave spec.{key} out, or choose an executor with createDeployment",
                )


def _resources(spec: Mapping[str, Any]) -> Iterator[Problem]:
    read: dict[tuple[str, str], Fraction] = {}
    for group in ("limits", "requests"):
        for name, amount in spec.get("resources", {}).get(group, {}).items():
            value = yield from _amount(amount, f"spec.resources.{group}.{name}")
            if value is not None:
                read[group, name] = value
    for (group, name), value in read.items():
        limit = read.get(("limits", name))
        if group == "requests" and limit is not None and value > limit:
            yield f"spec.resources.requests.{name} is more than its limit", "a request is at most the limit"
    yield from _invocations(spec.get("invocationLimits", {}), read.get(("limits", "memory")))


def _amount(text: Any, what: str) -> Generator[Problem, None, Fraction | None]:
    try:
        return amounts.parse(text, what)
    except ExportError as error:
        yield error.message, error.hint
        return None


def _invocations(limits: Mapping[str, str], most: Fraction | None) -> Iterator[Problem]:
    for key, amount in limits.items():
        if key != "memory":
            yield f"spec.invocationLimits has no {key!r}", "there is: memory"
            continue
        value = yield from _amount(amount, "spec.invocationLimits.memory")
        if most is not None and value is not None and value > most:
            yield (
                "spec.invocationLimits.memory is more than spec.resources.limits.memory",
                "one instance can't have more than its pod",
            )


def _probe(probe: Any, where: str, *, once: bool) -> Iterator[Problem]:
    if probe is None:
        return
    if "httpGet" not in probe:
        yield f"{where} has no httpGet", "httpGet with path: /.well-known/spin/health"
    for key in ("timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"):
        if probe.get(key, 1) < 1:
            yield f"{where}.{key} is {probe[key]}", "at least 1"
    if once and probe.get("successThreshold", 1) != 1:
        yield f"{where}.successThreshold is {probe['successThreshold']}", "1: a liveness probe succeeds at once"


def _of_executor(spec: Mapping[str, Any]) -> Iterator[Problem]:
    config = spec.get("deploymentConfig")
    if not spec["createDeployment"]:
        if config:
            yield "spec.deploymentConfig means nothing without createDeployment", "createDeployment: true"
        return
    given = [key for key in ("runtimeClassName", "spinImage") if (config or {}).get(key)]
    if len(given) != 1:
        yield (
            "spec.deploymentConfig needs either runtimeClassName or spinImage",
            "runtimeClassName: wasmtime-spin-v2 where nodes have the shim; spinImage runs Spin in a container",
        )
