"""What is there of a deployment: its SpinApp, what the operator made of it, its pods, and where it answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from spinlab.deploying.kube.cluster import ALL, Cluster
from spinlab.deploying.kube.refusals import Refused
from spinlab.deploying.kube.states import Cause, of_app, of_deployment, of_pod
from spinlab.errors import DeployError
from spinlab.export.kube.resources import API, Resource
from spinlab.targets import TARGETS

LINES: Final = 20
"""Last lines of a pod that ended, which are shown."""
_RELEASE: Final = re.compile(r"v[0-9]+\.[0-9]+\.[0-9]+")
_GATEWAY: Final = "gateway.networking.k8s.io/v1"


@dataclass(frozen=True)
class Standing:
    """What is there.

    Attributes:
        app: The SpinApp; None when there is none.
        deployment: Made of it by the operator.
        pods: Those of it.
        causes: Why it does not run.
        makes: Whether the executor makes a Deployment at all.
    """

    app: Resource | None
    deployment: Resource | None = None
    pods: tuple[Resource, ...] = ()
    causes: tuple[Cause, ...] = field(default=())
    makes: bool = True

    @property
    def ready(self) -> int:
        """Pods that answer."""
        return int((self.deployment or {}).get("status", {}).get("readyReplicas") or 0)

    @property
    def wanted(self) -> int:
        """Pods that there are to be."""
        if self.deployment is not None:
            return int(self.deployment["spec"].get("replicas") or 0)
        return int((self.app or {}).get("spec", {}).get("replicas") or 0)

    @property
    def current(self) -> bool:
        """Whether the operator made the Deployment of what the SpinApp says now."""
        if self.app is None or self.deployment is None:
            return False
        status = self.deployment.get("status") or {}
        seen = int(status.get("observedGeneration") or 0) >= int(self.deployment["metadata"].get("generation") or 0)
        return seen and _made_of(self.deployment, self.app["spec"])

    @property
    def settled(self) -> bool:
        """Whether all that is wanted answers, in the newest version."""
        status = (self.deployment or {}).get("status") or {}
        wanted = self.wanted
        updated, there = int(status.get("updatedReplicas") or 0), int(status.get("replicas") or 0)
        return self.current and self.ready >= wanted and updated >= wanted and there <= wanted

    @property
    def progress(self) -> str:
        """How far it is, in words."""
        if self.app is None:
            return "there is no SpinApp"
        if not self.current:
            return "the operator has not taken it up yet"
        status = (self.deployment or {}).get("status") or {}
        return f"{int(status.get('updatedReplicas') or 0)} of {self.wanted} pods are new, {self.ready} answer"


def standing(cluster: Cluster, name: str) -> Standing:
    """What is there of the app of that name."""
    app = cluster.get(API, "SpinApp", name)
    if app is None:
        return Standing(None)
    executors = executors_of(cluster)
    makes = executors.get(str(app["spec"]["executor"]), True)
    deployment = cluster.get("apps/v1", "Deployment", name) if makes else None
    pods = pods_of(cluster, name)
    operator = deployment is not None or not makes or operator_runs(cluster)
    causes = of_app(app, executors, deployment, operator)
    if deployment is not None:
        causes += of_deployment(deployment)
        newest = [pod for pod in pods if _runs(pod, str(app["spec"]["image"]))] or pods
        causes += [cause for pod in newest for cause in _of_pod(cluster, pod)]
    return Standing(app, deployment, tuple(pods), tuple(dict.fromkeys(causes)), makes)


def pods_of(cluster: Cluster, name: str) -> list[Resource]:
    """The pods of an app, the newest last (spin-operator: ``internal/controller/deployment.go``)."""
    found = cluster.list("v1", "Pod", labels=f"core.spinkube.dev/app-name={name}")
    return sorted(found, key=lambda pod: str(pod["metadata"].get("creationTimestamp", "")))


def executors_of(cluster: Cluster) -> dict[str, bool]:
    """The executors of the namespace, each with whether it makes Deployments."""
    found = cluster.list(API, "SpinAppExecutor")
    return {str(one["metadata"]["name"]): bool((one.get("spec") or {}).get("createDeployment")) for one in found}


def shims_of(cluster: Cluster) -> list[tuple[str, str]]:
    """Name and release of each shim that runtime-class-manager puts on nodes; no release where it says none."""
    found = []
    for shim in cluster.list("runtime.spinkube.dev/v1alpha1", "Shim"):
        platforms = ((shim.get("spec") or {}).get("fetchStrategy") or {}).get("platforms") or ()
        parts = [part for one in platforms for part in str(one.get("location", "")).split("/")]
        release = next((part for part in parts if _RELEASE.fullmatch(part)), "")
        found.append((str(shim["metadata"]["name"]), release))
    return found


def shim_of(cluster: Cluster) -> str:
    """The release of the nodes' shim, when there is one that is known here; else empty."""
    known = {target.name for target in TARGETS}
    try:
        releases = [release.removeprefix("v") for _, release in shims_of(cluster) if release]
    except Refused as error:
        if error.status != 403:
            raise
        return ""
    return next((release for release in releases if f"shim-{release}" in known), "")


def operator_runs(cluster: Cluster) -> bool:
    """Whether a pod of spin-operator is ready, or nobody may tell us."""
    try:
        found = cluster.list("apps/v1", "Deployment", labels="app.kubernetes.io/name=spin-operator", namespace=ALL)
    except Refused as error:
        if error.status == 403:
            return True
        raise
    return any(int((one.get("status") or {}).get("readyReplicas") or 0) > 0 for one in found)


def _made_of(deployment: Mapping[str, Any], spec: Mapping[str, Any]) -> bool:
    """Whether a Deployment says what a SpinApp does, where one can see it: a SpinApp has no ``observedGeneration``."""
    template = deployment["spec"]["template"]
    if not _runs(template, str(spec["image"])):
        return False
    if not spec.get("enableAutoscaling") and spec.get("replicas") != deployment["spec"].get("replicas"):
        return False
    notes = (template.get("metadata") or {}).get("annotations") or {}
    if not (spec.get("podAnnotations") or {}).items() <= notes.items():
        return False
    env = {one["name"]: one.get("value") for container in template["spec"]["containers"] for one in _env(container)}
    wanted = {f"SPIN_VARIABLE_{one['name'].upper()}": one.get("value") for one in spec.get("variables") or ()}
    return wanted.items() <= env.items()


def _env(container: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = container.get("env") or []
    return found


def _runs(pod: Mapping[str, Any], image: str) -> bool:
    """Whether a pod is of that image, which Spin in an ordinary container has as an argument."""
    containers = (pod.get("spec") or {}).get("containers") or ()
    return any(image in (one.get("image"), *(one.get("args") or ())) for one in containers)


def _of_pod(cluster: Cluster, pod: Mapping[str, Any]) -> list[Cause]:
    status = pod.get("status") or {}
    if any(one.get("type") == "Ready" and one.get("status") == "True" for one in status.get("conditions") or ()):
        return []
    if pod["metadata"].get("deletionTimestamp"):
        return []
    return of_pod(pod, _events(cluster, pod["metadata"]["name"]), _last_words(cluster, pod))


def _events(cluster: Cluster, pod: str) -> list[Resource]:
    """What happened to a pod; nothing where this login must not see it."""
    return cluster.list("v1", "Event", fields=f"involvedObject.kind=Pod,involvedObject.name={pod}", shy=True)


def _last_words(cluster: Cluster, pod: Mapping[str, Any]) -> list[str]:
    """What a container that ended wrote last; nothing where the node does not say."""
    containers = (pod.get("status") or {}).get("containerStatuses") or ()
    before = any((one.get("lastState") or {}).get("terminated") for one in containers)
    if not before and not any((one.get("state") or {}).get("terminated") for one in containers):
        return []
    try:
        return list(cluster.log(pod["metadata"]["name"], last=LINES, before=before))
    except DeployError:
        return []


def hosts_of(cluster: Cluster, name: str) -> list[str]:
    """Addresses that lead to the app from outside: those of its Ingress, or of its routes at a Gateway."""
    found: list[str] = []
    ingress = cluster.get("networking.k8s.io/v1", "Ingress", name, shy=True)
    if ingress is not None:
        spec = ingress.get("spec") or {}
        secure = {host for one in spec.get("tls") or () for host in one.get("hosts") or ()}
        hosts = [str(rule["host"]) for rule in spec.get("rules") or () if rule.get("host")]
        found += [f"{'https' if host in secure else 'http'}://{host}" for host in hosts]
    route = cluster.get(_GATEWAY, "HTTPRoute", name, shy=True)
    if route is not None:
        gateway = cluster.get(_GATEWAY, "Gateway", name, shy=True)
        listeners = (gateway or {}).get("spec", {}).get("listeners") or ({"protocol": "HTTPS"},)
        scheme = "https" if any(one.get("protocol") == "HTTPS" for one in listeners) else "http"
        found += [f"{scheme}://{host}" for host in (route.get("spec") or {}).get("hostnames") or ()]
    return [address for address in found if "*" not in address]
