"""What a cluster lacks for SpinKube, with the commands that add it; nothing is installed from here.

The commands are those of SpinKube's documentation, with its versions (spinkube-docs: ``install/quickstart.md``;
runtime-class-manager: ``docs``; containerd-shim-spin: its releases).
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from spinlab.deploying.kube.cluster import ALL, Cluster
from spinlab.deploying.kube.refusals import Refused
from spinlab.deploying.kube.standing import executors_of, shims_of
from spinlab.export.kube.resources import API, EXECUTOR, RUNTIME_CLASS, Resource

CERT_MANAGER: Final = "v1.20.0"
OPERATOR: Final = "v0.6.1"
CLASS_MANAGER: Final = "0.2.0"
SHIM: Final = "v0.25.1"
"""Releases that the commands name."""

_OPERATOR_FILES: Final = f"https://github.com/spinframework/spin-operator/releases/download/{OPERATOR}/spin-operator"
_CHARTS: Final = "oci://ghcr.io/spinframework/charts"

State = Literal["ok", "note", "missing"]


@dataclass(frozen=True)
class Finding:
    """One thing that a cluster needs.

    Attributes:
        what: It.
        state: ``note`` for what may be all right.
        found: What is there.
        commands: What adds it, each a line for a shell.
    """

    what: str
    state: State
    found: str
    commands: tuple[str, ...] = ()


def examine(
    cluster: Cluster, *, executor: str = EXECUTOR, keda: bool = False, gateway: bool = False
) -> tuple[Finding, ...]:
    """Look at a cluster, in the order in which things are installed.

    Parameters:
        cluster: Which, and the namespace that apps are to be in.
        executor: The SpinAppExecutor that they name.
        keda: Whether KEDA is wanted, and its HTTP add-on.
        gateway: Whether the Gateway API is wanted.

    Raises:
        DeployError: The cluster can't be asked.
    """
    kubectl = cluster.where.kubectl
    helm = f"helm --kube-context {shlex.quote(cluster.where.context)}" if cluster.where.context else "helm"
    found = [
        Finding("API server", "ok", f"{cluster.where.server}, {cluster.version()}"),
        _namespace(cluster, kubectl),
        _cert_manager(cluster, kubectl),
        *_kinds(cluster, kubectl),
        _operator(cluster, kubectl, helm),
        *_shim(cluster, kubectl, helm),
        _executor(cluster, kubectl, executor),
    ]
    if keda:
        found += _keda(cluster, helm)
    if gateway:
        there = cluster.serves("gateway.networking.k8s.io/v1", "HTTPRoute")
        hint = "# install a controller that brings it, such as Envoy Gateway, Cilium or Traefik"
        found.append(_simple("Gateway API", there, "HTTPRoute", hint))
    return tuple(found)


def _simple(what: str, there: bool, name: str, *commands: str) -> Finding:
    return Finding(what, "ok", name) if there else Finding(what, "missing", f"{name} is not there", commands)


def _namespace(cluster: Cluster, kubectl: str) -> Finding:
    name = cluster.namespace
    try:
        there = cluster.get("v1", "Namespace", name) is not None
    except Refused as error:
        return Finding("namespace", "note", f"{name}: {error.message}")
    return _simple("namespace", there, name, f"{kubectl} create namespace {name}")


def _cert_manager(cluster: Cluster, kubectl: str) -> Finding:
    there = cluster.serves("cert-manager.io/v1", "Certificate")
    file = f"https://github.com/cert-manager/cert-manager/releases/download/{CERT_MANAGER}/cert-manager.yaml"
    wait = f"{kubectl} wait --for=condition=available --timeout=300s deployment --all -n cert-manager"
    return _simple(
        "cert-manager, which the operator's webhook needs",
        there,
        "Certificate (cert-manager.io)",
        f"{kubectl} apply -f {file}",
        wait,
    )


def _kinds(cluster: Cluster, kubectl: str) -> Iterator[Finding]:
    missing = [kind for kind in ("SpinApp", "SpinAppExecutor") if not cluster.serves(API, kind)]
    if missing:
        command = f"{kubectl} apply -f {_OPERATOR_FILES}.crds.yaml"
        yield Finding("SpinKube's resources", "missing", f"{' and '.join(missing)} not known", (command,))
    else:
        yield Finding("SpinKube's resources", "ok", "SpinApp, SpinAppExecutor")


def _operator(cluster: Cluster, kubectl: str, helm: str) -> Finding:
    install = (
        f"{helm} install spin-operator --namespace spin-operator --create-namespace "
        f"--version {OPERATOR.removeprefix('v')} --wait {_CHARTS}/spin-operator"
    )
    return _runs(cluster, "spin-operator", "app.kubernetes.io/name=spin-operator", install, kubectl)


def _shim(cluster: Cluster, kubectl: str, helm: str) -> Iterator[Finding]:
    by_shims = shims_of(cluster)
    runtime = cluster.get("node.k8s.io/v1", "RuntimeClass", RUNTIME_CLASS)
    manager = (
        f"{helm} upgrade --install runtime-class-manager --namespace runtime-class-manager --create-namespace "
        f"--version {CLASS_MANAGER} --wait {_CHARTS}/runtime-class-manager"
    )
    file = (
        f"https://github.com/spinframework/containerd-shim-spin/releases/download/{SHIM}/"
        f"runtime-class-manager-shim-v1alpha1-{SHIM}.yaml"
    )
    label = f"{kubectl} label node --all spin=true"
    if by_shims:
        told = ", ".join(f"{name} {release}".strip() for name, release in by_shims)
        yield Finding("shim, by runtime-class-manager", "ok", told)
    elif runtime is not None:
        yield Finding(
            "shim",
            "note",
            "no runtime-class-manager: whether containerd on the nodes has a shim can't be seen from here",
        )
    else:
        yield Finding(
            "shim for containerd on the nodes",
            "missing",
            "no runtime-class-manager with a Shim",
            (manager, f"{kubectl} apply -f {file}", label),
        )
    if runtime is None:
        command = f"{kubectl} apply -f {_OPERATOR_FILES}.runtime-class.yaml"
        yield Finding(
            "RuntimeClass",
            "missing",
            f"{RUNTIME_CLASS} is not there",
            ("# a Shim of runtime-class-manager makes it; for nodes that have the shim otherwise:", command),
        )
        return
    yield Finding("RuntimeClass", "ok", f"{RUNTIME_CLASS}, handler {runtime.get('handler')}")
    yield from _nodes(cluster, kubectl, runtime)


def _nodes(cluster: Cluster, kubectl: str, runtime: Resource) -> Iterator[Finding]:
    wanted = {str(k): str(v) for k, v in ((runtime.get("scheduling") or {}).get("nodeSelector") or {}).items()}
    try:
        nodes = cluster.list("v1", "Node")
    except Refused as error:
        if error.status == 403:
            yield Finding("nodes", "note", "this login must not see them")
            return
        raise
    fits = [one for one in nodes if wanted.items() <= (one["metadata"].get("labels") or {}).items()]
    labels = ",".join(f"{key}={value}" for key, value in wanted.items())
    if fits or (nodes and not wanted):
        yield Finding("nodes", "ok", f"{len(fits)} of {len(nodes)} take apps" + (f" ({labels})" if labels else ""))
    elif nodes:
        command = f"{kubectl} label node NODE {labels.replace(',', ' ')}"
        yield Finding("nodes", "missing", f"none of {len(nodes)} has {labels}", (command,))
    else:
        yield Finding(
            "nodes", "missing", "the cluster has none", ("# start one; k3d and kind make one with the cluster",)
        )


def _executor(cluster: Cluster, kubectl: str, name: str) -> Finding:
    found = executors_of(cluster)
    what = f"SpinAppExecutor {name} in namespace {cluster.namespace}"
    if name in found:
        told = "the operator makes Deployments" if found[name] else "others run the apps: createDeployment is false"
        return Finding(what, "ok", told)
    there = f"; there are: {', '.join(found)} (--executor)" if found else ""
    command = f"{kubectl} -n {cluster.namespace} apply -f {_OPERATOR_FILES}.shim-executor.yaml"
    return Finding(what, "missing", "it is not there" + there, (command,))


def _keda(cluster: Cluster, helm: str) -> list[Finding]:
    add = f"{helm} repo add kedacore https://kedacore.github.io/charts"
    keda = f"{helm} install keda kedacore/keda --namespace keda --create-namespace"
    http = f"{helm} install http-add-on kedacore/keda-add-ons-http --namespace keda"
    return [
        _simple("KEDA", cluster.serves("keda.sh/v1alpha1", "ScaledObject"), "ScaledObject", add, keda),
        _simple(
            "KEDA's HTTP add-on, to go down to no pod",
            cluster.serves("http.keda.sh/v1alpha1", "HTTPScaledObject"),
            "HTTPScaledObject",
            add,
            http,
        ),
    ]


def _runs(cluster: Cluster, what: str, labels: str, install: str, kubectl: str) -> Finding:
    """A Deployment anywhere in the cluster that has a pod which is ready."""
    try:
        found = cluster.list("apps/v1", "Deployment", labels=labels, namespace=ALL)
    except Refused as error:
        if error.status == 403:
            return Finding(what, "note", "this login must not see other namespaces")
        raise
    if not found:
        return Finding(what, "missing", "it is not installed", (install,))
    one = found[0]
    name, namespace = one["metadata"]["name"], one["metadata"]["namespace"]
    ready = int((one.get("status") or {}).get("readyReplicas") or 0)
    if ready:
        return Finding(what, "ok", f"{name} in namespace {namespace}")
    look = f"{kubectl} -n {namespace} describe deployment {name}"
    return Finding(what, "missing", f"{name} in namespace {namespace} has no pod that is ready", (look,))
