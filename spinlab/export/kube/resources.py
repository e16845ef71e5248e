"""SpinApp and SpinAppExecutor, whole, as frozen values (spin-operator: ``api/v1alpha1``).

`as_resource` gives the mapping that a cluster takes. Its keys stand in the order in which `spin kube scaffold` writes
them, and what is not set is left out, so that the cluster's defaults hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

API = "core.spinkube.dev/v1alpha1"
EXECUTOR = "containerd-shim-spin"
RUNTIME_CLASS = "wasmtime-spin-v2"
HEALTH = "/.well-known/spin/health"

Resource = dict[str, Any]
"""A resource as YAML and JSON have it."""


def _none() -> dict[str, Any]:
    return {}


def metadata(
    name: str, namespace: str = "", labels: Mapping[str, str] = {}, annotations: Mapping[str, str] = {}
) -> Resource:
    """The metadata of a resource, without what is empty."""
    given = {"namespace": namespace, "labels": dict(labels), "annotations": dict(annotations)}
    return {"name": name, **{key: value for key, value in given.items() if value}}


@dataclass(frozen=True)
class Probe:
    """How the cluster asks whether the app is well.

    Attributes:
        path: What is requested.
        headers: Of the request.
        initial_delay, timeout, period: Seconds; None for the cluster's 10, 1 and 10.
        success, failure: How many in a row count; None for the cluster's 1 and 3.
    """

    path: str = HEALTH
    headers: Mapping[str, str] = field(default_factory=_none)
    initial_delay: int | None = None
    timeout: int | None = None
    period: int | None = None
    success: int | None = None
    failure: int | None = None

    def as_mapping(self) -> Resource:
        """As it stands below ``checks``."""
        get: Resource = {"path": self.path}
        if self.headers:
            get["httpHeaders"] = [{"name": name, "value": value} for name, value in self.headers.items()]
        times = {
            "initialDelaySeconds": self.initial_delay,
            "timeoutSeconds": self.timeout,
            "periodSeconds": self.period,
            "successThreshold": self.success,
            "failureThreshold": self.failure,
        }
        return {"httpGet": get, **{key: value for key, value in times.items() if value is not None}}


@dataclass(frozen=True)
class Variable:
    """A variable of the application, or an option of a store: its value, or where the cluster keeps it.

    Attributes:
        name: As the application has it.
        value: In clear; not for secrets.
        secret, config_map: Name and key of the Secret or ConfigMap that has the value.
    """

    name: str
    value: str | None = None
    secret: tuple[str, str] | None = None
    config_map: tuple[str, str] | None = None

    def as_mapping(self) -> Resource:
        """As an entry of a list."""
        if self.secret is not None:
            return {"name": self.name, "valueFrom": {"secretKeyRef": _reference(self.secret)}}
        if self.config_map is not None:
            return {"name": self.name, "valueFrom": {"configMapKeyRef": _reference(self.config_map)}}
        return {"name": self.name, "value": self.value or ""}


def _reference(where: tuple[str, str]) -> Resource:
    return {"name": where[0], "key": where[1]}


@dataclass(frozen=True)
class Backend:
    """What stands behind a label: a store, a database, or where models run.

    Attributes:
        type: As in runtime-config.toml, such as ``redis`` or ``libsql``.
        name: The label; empty for ``llmCompute``.
        options: What that type needs, such as ``url``.
    """

    type: str
    name: str = ""
    options: tuple[Variable, ...] = ()

    def as_mapping(self) -> Resource:
        """As it stands in ``runtimeConfig``."""
        found: Resource = {"name": self.name} if self.name else {}
        found["type"] = self.type
        if self.options:
            found["options"] = [option.as_mapping() for option in self.options]
        return found


@dataclass(frozen=True)
class RuntimeConfig:
    """What the operator makes a runtime-config.toml of: one from a Secret as it is, or backends of their own."""

    load_from_secret: str = ""
    sqlite_databases: tuple[Backend, ...] = ()
    key_value_stores: tuple[Backend, ...] = ()
    llm_compute: Backend | None = None

    def as_mapping(self) -> Resource:
        """As it stands in ``spec``."""
        found: Resource = {}
        if self.load_from_secret:
            found["loadFromSecret"] = self.load_from_secret
        if self.sqlite_databases:
            found["sqliteDatabases"] = [one.as_mapping() for one in self.sqlite_databases]
        if self.key_value_stores:
            found["keyValueStores"] = [one.as_mapping() for one in self.key_value_stores]
        if self.llm_compute is not None:
            found["llmCompute"] = self.llm_compute.as_mapping()
        return found


@dataclass(frozen=True)
class SpinApp:
    """An application of a registry, running in a cluster.

    Attributes:
        name, namespace, labels, annotations: Its metadata.
        image: Reference of the artifact in the registry.
        executor: The SpinAppExecutor of the same namespace that runs it.
        replicas: How many pods; None with `enable_autoscaling`.
        enable_autoscaling: Leave the number of pods to an autoscaler.
        pod_labels, pod_annotations, deployment_annotations, service_annotations: For what the operator makes of it.
        service_account_name: What the pods may do in the cluster.
        variables: Values for the application's variables.
        components: Ids of those that run; all when empty.
        limits, requests: Resources of a pod, such as ``{"cpu": "100m", "memory": "128Mi"}``.
        image_pull_secrets: Names of Secrets that open the registry.
        runtime_config: What stands behind its stores.
        readiness, liveness: How the cluster asks whether it is well.
        volumes, volume_mounts: As in a pod.
        invocation_limits: ``memory``: what one instance may use.
    """

    name: str
    image: str
    executor: str = EXECUTOR
    namespace: str = ""
    labels: Mapping[str, str] = field(default_factory=_none)
    annotations: Mapping[str, str] = field(default_factory=_none)
    replicas: int | None = None
    enable_autoscaling: bool = False
    pod_labels: Mapping[str, str] = field(default_factory=_none)
    pod_annotations: Mapping[str, str] = field(default_factory=_none)
    deployment_annotations: Mapping[str, str] = field(default_factory=_none)
    service_annotations: Mapping[str, str] = field(default_factory=_none)
    service_account_name: str = ""
    variables: tuple[Variable, ...] = ()
    components: tuple[str, ...] = ()
    limits: Mapping[str, str] = field(default_factory=_none)
    requests: Mapping[str, str] = field(default_factory=_none)
    image_pull_secrets: tuple[str, ...] = ()
    runtime_config: RuntimeConfig | None = None
    readiness: Probe | None = None
    liveness: Probe | None = None
    volumes: tuple[Mapping[str, Any], ...] = ()
    volume_mounts: tuple[Mapping[str, Any], ...] = ()
    invocation_limits: Mapping[str, str] = field(default_factory=_none)

    def as_resource(self) -> Resource:
        """The mapping that a cluster takes."""
        spec: Resource = {"image": self.image, "executor": self.executor}
        if self.enable_autoscaling:
            spec["enableAutoscaling"] = True
        if self.replicas is not None:
            spec["replicas"] = self.replicas
        spec |= {key: value for key, value in self._rest().items() if value}
        about = metadata(self.name, self.namespace, self.labels, self.annotations)
        return {"apiVersion": API, "kind": "SpinApp", "metadata": about, "spec": spec}

    def _rest(self) -> Resource:
        resources = {"limits": dict(self.limits), "requests": dict(self.requests)}
        checks = {"readiness": self.readiness, "liveness": self.liveness}
        return {
            "podLabels": dict(self.pod_labels),
            "podAnnotations": dict(self.pod_annotations),
            "deploymentAnnotations": dict(self.deployment_annotations),
            "serviceAnnotations": dict(self.service_annotations),
            "serviceAccountName": self.service_account_name,
            "variables": [variable.as_mapping() for variable in self.variables],
            "components": list(self.components),
            "resources": {key: value for key, value in resources.items() if value},
            "imagePullSecrets": [{"name": name} for name in self.image_pull_secrets],
            "runtimeConfig": self.runtime_config.as_mapping() if self.runtime_config else {},
            "checks": {key: probe.as_mapping() for key, probe in checks.items() if probe is not None},
            "volumes": [dict(volume) for volume in self.volumes],
            "volumeMounts": [dict(mount) for mount in self.volume_mounts],
            "invocationLimits": dict(self.invocation_limits),
        }


@dataclass(frozen=True)
class SpinAppExecutor:
    """How the apps of a namespace are run.

    Attributes:
        name, namespace: Its metadata.
        create_deployment: Whether the operator makes a Deployment; else somebody else runs the app.
        runtime_class: The RuntimeClass of a node's shim.
        spin_image: An ordinary container that runs ``spin up``, where nodes have no shim. Not with `runtime_class`.
        ca_cert_secret: The Secret with the roots that outbound TLS trusts.
        install_default_ca_certs: Make that Secret with the usual roots.
        otel: Where telemetry goes: ``exporter_otlp_endpoint`` and its kin.
    """

    name: str = EXECUTOR
    namespace: str = ""
    create_deployment: bool = True
    runtime_class: str = ""
    spin_image: str = ""
    ca_cert_secret: str = ""
    install_default_ca_certs: bool = False
    otel: Mapping[str, str] = field(default_factory=_none)

    def as_resource(self) -> Resource:
        """The mapping that a cluster takes."""
        config = {
            "runtimeClassName": self.runtime_class,
            "spinImage": self.spin_image,
            "caCertSecret": self.ca_cert_secret,
            "installDefaultCACerts": self.install_default_ca_certs,
            "otel": dict(self.otel),
        }
        spec: Resource = {"createDeployment": self.create_deployment}
        if any(config.values()):
            spec["deploymentConfig"] = {key: value for key, value in config.items() if value}
        return {
            "apiVersion": API,
            "kind": "SpinAppExecutor",
            "metadata": metadata(self.name, self.namespace),
            "spec": spec,
        }
