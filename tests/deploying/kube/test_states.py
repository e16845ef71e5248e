"""Why a pod does not start, in plain words: from states that the test writes into a real API server.

No node runs anything here: what is tried is that each state, as the API server keeps it, is understood.
"""

from __future__ import annotations

from typing import Any

import pytest

from spinlab.deploying.kube.cluster import Cluster
from spinlab.deploying.kube.standing import Standing, standing
from spinlab.deploying.kube.states import Cause, of_pod
from spinlab.export.kube.resources import Resource
from tests.deploying.kube.objects import create, deployment, executor, pod, spin_app, waiting

APP = spin_app()


def written(cluster: Cluster, *resources: Resource) -> Standing:
    for one in (APP, deployment(APP, ready=0), *resources):
        create(cluster, one)
    return standing(cluster, "calculator")


def cause(cluster: Cluster, **status: Any) -> Cause:
    limits = {"memory": "64Mi", "cpu": "250m"}
    (found,) = written(cluster, pod(APP, limits=limits, **status)).causes
    return found


@pytest.mark.parametrize(
    ("message", "told", "remedy"),
    [
        ("registry.example.com/team/calculator@sha256:1: not found", "no such image", "was it pushed"),
        ("failed to authorize: 401 Unauthorized", "wants a login", "--image-pull-secret"),
        ("dial tcp: lookup registry.example.com: no such host", "does not reach the registry", "localhost is the node"),
        ("http: server gave HTTP response to HTTPS client", "speaks plain HTTP", "TLS"),
        ("x509: certificate signed by unknown authority", "does not trust the certificate", "authority"),
        ("mismatched image rootfs and manifest layers", "for an ordinary image", "kube doctor"),
        ("something else entirely", "something else entirely", ""),
    ],
)
def test_an_image_that_can_t_be_pulled_says_why(cluster: Cluster, message: str, told: str, remedy: str) -> None:
    found = cause(cluster, **waiting(APP, "ImagePullBackOff", message))
    assert "can't be pulled" in found.text
    assert told in found.text
    assert remedy in found.remedy
    assert found.final


def test_the_first_failed_pull_may_be_followed_by_a_better_one(cluster: Cluster) -> None:
    assert not cause(cluster, **waiting(APP, "ErrImagePull", "i/o timeout")).final


def test_a_runtime_class_that_is_not_there_is_named(cluster: Cluster) -> None:
    message = 'pods "calculator-1" is forbidden: pod rejected: RuntimeClass "wasmtime-spin-v2" not found'
    condition = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": message}
    create(cluster, APP)
    create(cluster, deployment(APP, ready=0, conditions=[condition]))
    (found,) = standing(cluster, "calculator").causes
    assert found.text == "the cluster has no RuntimeClass 'wasmtime-spin-v2', so no pod is made"
    assert "kube doctor" in found.remedy


def test_a_node_without_the_shim_is_named(cluster: Cluster) -> None:
    message = 'Failed to create pod sandbox: rpc error: code = Unknown desc = no runtime for "spin" is configured'
    event = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "calculator-1.1"},
        "involvedObject": {"kind": "Pod", "name": "calculator-1", "namespace": cluster.namespace},
        "reason": "FailedCreatePodSandBox",
        "type": "Warning",
        "message": message,
    }
    found = written(cluster, pod(APP), event).causes
    assert [one.text for one in found] == [
        "the node's containerd has no runtime handler 'spin': the shim for Spin is not there"
    ]
    assert "--spin-image" in found[0].remedy


def test_too_little_memory_says_the_limit(cluster: Cluster) -> None:
    ended = {"terminated": {"reason": "OOMKilled", "exitCode": 137}}
    found = cause(cluster, **waiting(APP, "CrashLoopBackOff", lastState=ended))
    assert found.text == "it was ended because it used more memory than its limit of 64Mi (OOMKilled)"
    assert "--memory-limit" in found.remedy


@pytest.mark.parametrize(
    ("message", "told", "remedy"),
    [
        ("0/3 nodes are available: 3 Insufficient memory.", "no node has 64Mi of memory free", "--memory-request"),
        ("0/1 nodes are available: 1 Insufficient cpu.", "no node has 250m of CPU free", "--cpu-request"),
        (
            "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.",
            "no node has the label",
            "kubectl label node",
        ),
        ("no nodes available to schedule pods", "no node that takes pods", "start one"),
    ],
)
def test_a_pod_that_no_node_takes_says_what_is_missing(cluster: Cluster, message: str, told: str, remedy: str) -> None:
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
    found = cause(cluster, conditions=[condition])
    assert told in found.text
    assert remedy in found.remedy
    assert not found.final, "a node may come"


def test_a_secret_that_is_missing_is_named(cluster: Cluster) -> None:
    found = cause(cluster, **waiting(APP, "CreateContainerConfigError", 'secret "calculator-variables" not found'))
    assert found.text == "there is no secret 'calculator-variables' in the namespace"


def test_a_shim_that_is_too_old_is_told_from_its_last_words(cluster: Cluster) -> None:
    said = "component imports instance `wasi:http/types@0.3.0`, but a matching implementation was not found"
    ended = {"terminated": {"reason": "Error", "exitCode": 137, "message": said}}
    found = cause(cluster, **waiting(APP, "CrashLoopBackOff", lastState=ended))
    assert found.text == "the node's shim is too old for the app (it asks for wasi:http/types@0.3.0)"
    assert "%spin targets" in found.remedy


def test_an_app_that_ends_again_and_again_shows_its_last_lines() -> None:
    ended = {"terminated": {"reason": "Error", "exitCode": 1}}
    one = pod(APP, **waiting(APP, "CrashLoopBackOff", lastState=ended))
    (found,) = of_pod(one, log=["starting", "no such table: users"])
    assert found.text == "it starts and ends again with status 1"
    assert found.log == ("starting", "no such table: users")
    assert "  | no such table: users" in str(found)


def test_a_namespace_without_the_executor_is_told_with_those_that_are_there(cluster: Cluster) -> None:
    create(cluster, spin_app(executor="spintainer"))
    (found,) = standing(cluster, "calculator").causes
    assert found.text == f"namespace '{cluster.namespace}' has no SpinAppExecutor 'spintainer'"
    assert "there are: containerd-shim-spin" in found.remedy


def test_an_operator_that_does_not_run_is_told(cluster: Cluster) -> None:
    create(cluster, APP)
    (found,) = standing(cluster, "calculator").causes
    assert "spin-operator does not run" in found.text


def test_an_executor_that_makes_no_deployment_leaves_nothing_to_wait_for(cluster: Cluster) -> None:
    create(cluster, executor("outside", makes=False))
    create(cluster, spin_app(executor="outside"))
    now = standing(cluster, "calculator")
    assert not now.makes
    assert now.causes == ()


def test_a_pod_that_is_ready_has_no_cause(cluster: Cluster) -> None:
    ready = {"type": "Ready", "status": "True"}
    assert written(cluster, pod(APP, phase="Running", conditions=[ready])).causes == ()


def test_pods_of_the_version_before_do_not_count(cluster: Cluster) -> None:
    old = spin_app(image="registry.example.com/team/calculator@sha256:" + "0" * 64)
    failing = pod(old, "calculator-old", **waiting(old, "ImagePullBackOff", "not found"))
    fresh = pod(APP, "calculator-new", phase="Running", conditions=[{"type": "Ready", "status": "True"}])
    assert written(cluster, failing, fresh).causes == ()
