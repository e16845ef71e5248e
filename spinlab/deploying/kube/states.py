"""Why a pod does not start, in plain words with what helps: from what the cluster says of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

Resource = Mapping[str, Any]

_PULLS: Final = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "RegistryUnavailable")
_IMAGE: Final[tuple[tuple[str, str, str], ...]] = (
    (
        r"unauthorized|authentication required|\b401\b|\b403\b|denied|authorization failed|no basic auth",
        "the registry wants a login that the cluster does not have",
        "kubectl create secret docker-registry NAME --docker-server=HOST ..., then --image-pull-secret NAME",
    ),
    (
        r"not found|manifest unknown|name unknown|\b404\b",
        "the registry has no such image",
        "was it pushed there? --registry REF pushes it; a node sees the registry by that very name",
    ),
    (
        r"gave HTTP response to HTTPS client",
        "the registry speaks plain HTTP, which nodes refuse",
        "give it TLS, or name it in the containerd configuration of the nodes",
    ),
    (
        r"x509|certificate",
        "the node does not trust the certificate of the registry",
        "put its authority on the nodes, or use a registry with a public certificate",
    ),
    (
        r"no such host|connection refused|i/o timeout|dial tcp|network is unreachable",
        "the node does not reach the registry",
        "localhost is the node itself there: use a name that nodes know (k3d: the name of its registry)",
    ),
    (
        r"no match for platform|mismatched image rootfs|wrong diff id|unsupported media type|failed to unpack|unpack",
        "the node takes the artifact for an ordinary image: its containerd has no shim for Spin",
        "`spinlab kube doctor` says how a shim comes there",
    ),
)
"""What a message of a pull holds, what it means, what helps."""

_TOO_OLD: Final = re.compile(
    r"(imports? instance|matching implementation was not found|unknown import|has wrong type|no exported instance"
    r"|not found in the linker|unsupported (?:spin )?(?:manifest|lock)|is not supported in this version)",
    re.IGNORECASE,
)
_TRIGGER: Final = re.compile(r"[^\n]*(?:triggers are currently supported|no triggers? .*support)[^\n]*", re.IGNORECASE)
_SANDBOX: Final = re.compile(r'no runtime for "([^"]+)"|RuntimeHandler "([^"]+)" not supported|unknown runtime handler')


@dataclass(frozen=True)
class Cause:
    """Why something does not start.

    Attributes:
        text: In plain words.
        remedy: What helps.
        final: Whether waiting is of no use.
        log: The last lines that it wrote.
    """

    text: str
    remedy: str = ""
    final: bool = True
    log: tuple[str, ...] = ()

    def __str__(self) -> str:
        text = self.text + (f" -> {self.remedy}" if self.remedy else "")
        return "\n".join([text, *(f"  | {line}" for line in self.log)])


def of_pod(pod: Resource, events: Iterable[Resource] = (), log: Sequence[str] = ()) -> list[Cause]:
    """Why a pod is not ready; empty when it is, or nothing is known yet.

    Parameters:
        pod: As the API server has it.
        events: Those about it.
        log: The last lines of a container that ended.
    """
    status = pod.get("status") or {}
    found = [
        *_scheduled(status, pod),
        *_sandbox(events),
        *(cause for one in status.get("containerStatuses") or () for cause in _container(one, pod, log)),
    ]
    if not found and status.get("reason") == "Evicted":
        found.append(Cause(f"the node put it out: {status.get('message', '')}", "--memory-limit asks for less", False))
    return list(dict.fromkeys(found))


def of_deployment(deployment: Resource) -> list[Cause]:
    """Why a Deployment makes no pods."""
    conditions = (deployment.get("status") or {}).get("conditions") or ()
    failed = [one for one in conditions if one.get("type") == "ReplicaFailure" and one.get("status") == "True"]
    return [_refused_pod(str(one.get("message", ""))) for one in failed]


def of_app(app: Resource, executors: Mapping[str, bool], deployment: Resource | None, operator: bool) -> list[Cause]:
    """Why a SpinApp has no Deployment.

    Parameters:
        app: The SpinApp.
        executors: Those of its namespace, each with whether it makes Deployments.
        deployment: What the operator made of it.
        operator: Whether spin-operator runs, as far as can be seen.
    """
    name = app["spec"]["executor"]
    namespace = app["metadata"].get("namespace", "")
    if deployment is not None:
        return []
    if name not in executors:
        there = ", ".join(executors)
        return [
            Cause(
                f"namespace {namespace!r} has no SpinAppExecutor {name!r}",
                f"there are: {there}; --executor chooses one" if there else "`spinlab kube doctor` says how to add it",
            )
        ]
    if not operator:
        return [
            Cause(
                "nobody makes a Deployment of the SpinApp: spin-operator does not run",
                "`spinlab kube doctor` says how it is installed",
                final=False,
            )
        ]
    return []


def _scheduled(status: Resource, pod: Resource) -> Iterator[Cause]:
    for one in status.get("conditions") or ():
        if one.get("type") != "PodScheduled" or one.get("status") != "False":
            continue
        message = str(one.get("message", ""))
        requests = _amounts(pod, "requests")
        if "Insufficient memory" in message:
            yield Cause(
                f"no node has {requests.get('memory', 'enough')} of memory free",
                "--memory-request asks for less",
                False,
            )
        if "Insufficient cpu" in message:
            yield Cause(
                f"no node has {requests.get('cpu', 'enough')} of CPU free", "--cpu-request asks for less", False
            )
        if "node affinity/selector" in message or "node selector" in message:
            wanted = ", ".join(f"{key}={value}" for key, value in (pod["spec"].get("nodeSelector") or {}).items())
            yield Cause(
                f"no node has the label {wanted or 'that the pod asks for'}",
                f"kubectl label node NODE {wanted or 'spin=true'}, on nodes with the shim",
                False,
            )
        if "untolerated taint" in message:
            yield Cause(f"all nodes are kept for others: {_brief(message)}", "add a node without a taint", False)
        if "no nodes available" in message:
            yield Cause("the cluster has no node that takes pods", "start one", False)
        if not re.search(r"Insufficient|affinity/selector|node selector|untolerated|no nodes available", message):
            yield Cause(f"no node takes the pod: {_brief(message)}", "", False)


def _amounts(pod: Resource, group: str) -> Mapping[str, str]:
    """What a pod requests, or its limits."""
    for container in pod.get("spec", {}).get("containers") or ():
        found: Mapping[str, str] = (container.get("resources") or {}).get(group) or {}
        return found
    return {}


def _sandbox(events: Iterable[Resource]) -> Iterator[Cause]:
    for event in events:
        message = str(event.get("message", ""))
        found = _SANDBOX.search(message)
        if found is not None:
            handler = found[1] or found[2] or "spin"
            yield Cause(
                f"the node's containerd has no runtime handler {handler!r}: the shim for Spin is not there",
                "`spinlab kube doctor` says how it is installed; or --spin-image IMAGE needs none",
            )
        elif event.get("reason") == "FailedMount":
            yield Cause(f"a volume can't be mounted: {_brief(message)}", "is that Secret or ConfigMap there?", False)


def _container(status: Resource, pod: Resource, log: Sequence[str]) -> Iterator[Cause]:
    waiting = (status.get("state") or {}).get("waiting") or {}
    ended = (status.get("state") or {}).get("terminated") or (status.get("lastState") or {}).get("terminated") or {}
    reason, message = str(waiting.get("reason", "")), str(waiting.get("message", ""))
    if reason in _PULLS:
        yield _pull(str(status.get("image") or ""), reason, message)
    elif reason in ("CreateContainerConfigError", "CreateContainerError", "RunContainerError", "StartError"):
        yield _created(message, reason)
    elif ended.get("reason") == "OOMKilled" and not status.get("ready"):
        yield _killed(pod)
    elif reason == "CrashLoopBackOff" or (ended and ended.get("exitCode") and not status.get("ready")):
        yield _crashed(ended, log, final=reason == "CrashLoopBackOff")


def _pull(image: str, reason: str, message: str) -> Cause:
    final = reason not in ("ErrImagePull", "RegistryUnavailable")
    name, sign, digest = image.partition("@sha256:")
    image = f"{name}{sign}{digest[:12]}"
    if reason == "InvalidImageName":
        return Cause(f"{image} is no name of an image", "--registry registry.example.com/team/app:1.0")
    for pattern, told, remedy in _IMAGE:
        if re.search(pattern, message, re.IGNORECASE):
            return Cause(f"the image {image} can't be pulled: {told}", remedy, final)
    return Cause(f"the image {image} can't be pulled: {_brief(message) or reason}", "", final)


def _created(message: str, reason: str) -> Cause:
    missing = re.search(r'(secret|configmap) "([^"]+)" not found', message)
    key = re.search(r"couldn't find key (\S+) in (Secret|ConfigMap) (\S+)", message)
    if missing:
        return Cause(f"there is no {missing[1]} {missing[2]!r} in the namespace", "deploy again, or make it", False)
    if key:
        return Cause(
            f"the {key[2]} {key[3]} has no key {key[1]}", "deploy again: it is written with the variables", False
        )
    if _TOO_OLD.search(message):
        return _too_old(message, ())
    return Cause(f"the container can't be made ({reason}): {_brief(message)}", "", False)


def _killed(pod: Resource) -> Cause:
    limit = _amounts(pod, "limits").get("memory", "")
    return Cause(
        f"it was ended because it used more memory than its limit{f' of {limit}' if limit else ''} (OOMKilled)",
        "--memory-limit with more; --measured proposes one from requests that are measured here",
    )


def _crashed(ended: Resource, log: Sequence[str], *, final: bool) -> Cause:
    said = "\n".join([str(ended.get("message") or ""), *log])
    last = tuple(line[:300] for line in log[-10:])
    trigger = _TRIGGER.search(said)
    if trigger:
        return Cause(
            f"the shim does not know the app's trigger: {_brief(trigger[0])}",
            "`%spin targets` says where it runs",
            final,
        )
    if _TOO_OLD.search(said):
        return _too_old(said, last)
    code = f" with status {ended['exitCode']}" if ended.get("exitCode") is not None else ""
    return Cause(f"it starts and ends again{code}", "its last lines say why" if last else "", final, last)


def _too_old(said: str, last: tuple[str, ...]) -> Cause:
    name = re.search(r"[a-z]+:[a-z0-9-]+/[a-z0-9-]+@[0-9][0-9A-Za-z.-]*", said)
    what = f" (it asks for {name[0]})" if name else ""
    return Cause(
        f"the node's shim is too old for the app{what}",
        "a newer containerd-shim-spin; `%spin targets` says which, and the option that makes it run on this one",
        log=last,
    )


def _refused_pod(message: str) -> Cause:
    runtime = re.search(r'RuntimeClass(?:\.node\.k8s\.io)? "([^"]+)" not found', message)
    if runtime:
        return Cause(
            f"the cluster has no RuntimeClass {runtime[1]!r}, so no pod is made",
            "`spinlab kube doctor` says how it is added",
        )
    if "exceeded quota" in message:
        return Cause(f"the namespace has no room for the pod: {_brief(message)}", "ask for less, or raise the quota")
    account = re.search(r'serviceaccount "([^"]+)" not found', message)
    if account:
        return Cause(f"there is no service account {account[1]!r}", f"kubectl create serviceaccount {account[1]}")
    return Cause(f"no pod is made: {_brief(message)}", "", final=False)


def _brief(message: str) -> str:
    line = " ".join(message.split())
    return line if len(line) <= 240 else line[:237] + "..."
