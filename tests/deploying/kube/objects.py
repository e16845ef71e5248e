"""Objects in a cluster, as other programs write them: SpinApps, and what the operator and nodes would make of them."""

from __future__ import annotations

import json
from typing import Any

from spinlab.deploying.kube.cluster import Cluster
from spinlab.export.kube.resources import API, EXECUTOR, Resource

IMAGE = "registry.example.com/team/calculator@sha256:" + "1" * 64


def executor(name: str = EXECUTOR, *, makes: bool = True) -> Resource:
    spec: Resource = {"createDeployment": makes}
    if makes:
        spec["deploymentConfig"] = {"runtimeClassName": "wasmtime-spin-v2"}
    return {"apiVersion": API, "kind": "SpinAppExecutor", "metadata": {"name": name}, "spec": spec}


def spin_app(name: str = "calculator", image: str = IMAGE, **spec: Any) -> Resource:
    about: Resource = {"image": image, "executor": EXECUTOR, "replicas": 2, **spec}
    return {"apiVersion": API, "kind": "SpinApp", "metadata": {"name": name}, "spec": about}


def create(cluster: Cluster, resource: Resource, manager: str = "somebody") -> Resource:
    """What another program would write: created, or merged into what is there; its status too."""
    api, kind, name = resource["apiVersion"], resource["kind"], resource["metadata"]["name"]
    path = cluster._path(api, kind, "", resource["metadata"].get("namespace", ""))
    made = _send(cluster, "POST", f"{path}?fieldManager={manager}", resource)
    if made is None:
        made = _send(cluster, "PATCH", f"{path}/{name}?fieldManager={manager}", resource)
    if "status" in resource:
        status = {"status": resource["status"]}
        made = _send(cluster, "PATCH", f"{path}/{name}/status?fieldManager={manager}", status)
    assert made is not None
    return made


def _send(cluster: Cluster, method: str, target: str, body: Resource) -> Resource | None:
    """What the API server answers; None when there is one of that name."""
    kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
    answer = cluster.raw(method, target, headers=[("content-type", kind)], body=json.dumps(body).encode())
    found: Resource = json.loads(cluster.whole(answer, 1 << 24))
    if answer.status == 409 and found.get("reason") == "AlreadyExists":
        return None
    assert answer.status < 300, found
    return found


def deployment(app: Resource, *, ready: int = 2, replicas: int = 2, **status: Any) -> Resource:
    """What the operator makes of a SpinApp, with the status that the test wants."""
    name = app["metadata"]["name"]
    labels = {"core.spinkube.dev/app-name": name}
    spec = app["spec"]
    env = [{**one, "name": f"SPIN_VARIABLE_{one['name'].upper()}"} for one in spec.get("variables", ())]
    container = {"name": name, "image": spec["image"], "command": ["/"], "env": env}
    about = {"labels": labels, "annotations": spec.get("podAnnotations", {})}
    template = {"metadata": about, "spec": {"containers": [container]}}
    told = {"replicas": replicas, "updatedReplicas": replicas, "readyReplicas": ready, "observedGeneration": 9}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template},
        "status": {**told, **status},
    }


def pod(app: Resource, name: str = "", *, limits: Resource | None = None, **status: Any) -> Resource:
    """A pod of a SpinApp as an object, in the state that the test wants; no node runs it."""
    app_name = app["metadata"]["name"]
    container: Resource = {"name": app_name, "image": app["spec"]["image"]}
    if limits:
        container["resources"] = {"limits": limits, "requests": limits}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name or f"{app_name}-1", "labels": {"core.spinkube.dev/app-name": app_name}},
        "spec": {"containers": [container], "automountServiceAccountToken": False},
        "status": {"phase": "Pending", **status},
    }


def waiting(app: Resource, reason: str, message: str = "", **more: Any) -> Resource:
    """The status of a pod whose container waits."""
    one = {
        "name": app["metadata"]["name"],
        "image": app["spec"]["image"],
        "imageID": "",
        "ready": False,
        "restartCount": 0,
        "state": {"waiting": {"reason": reason, "message": message}},
        **more,
    }
    return {"containerStatuses": [one]}
