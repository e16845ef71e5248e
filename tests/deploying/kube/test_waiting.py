"""Waiting until an app answers: what the operator and nodes would write is written by the test."""

from __future__ import annotations

import pytest

from spinlab.deploying.kube.cluster import Cluster
from spinlab.deploying.kube.waiting import wait
from spinlab.errors import DeployError
from spinlab.export.kube.resources import Resource
from tests.deploying.kube.objects import create, deployment, pod, spin_app, waiting

APP = spin_app()
LONG = 120.0


def test_it_ends_when_all_pods_answer_and_tells_how_far_it_is(cluster: Cluster) -> None:
    create(cluster, APP)
    told: list[str] = []

    def operator(what: str, _done: float | None = None) -> None:
        told.append(what)
        if len(told) < 4:
            create(cluster, deployment(APP, ready=len(told) - 1))

    now = wait(cluster, "calculator", LONG, operator)
    assert (now.ready, now.wanted) == (2, 2)
    assert "the operator has not taken it up yet" in told[0]
    assert "2 of 2 pods are new, 0 answer" in told[1]
    assert "2 of 2 pods are new, 1 answer" in told[2]


def test_pods_of_the_version_before_are_not_enough(cluster: Cluster) -> None:
    create(cluster, APP)
    create(cluster, deployment(spin_app(image="registry.example.com/team/calculator:old")))
    with pytest.raises(DeployError) as caught:
        wait(cluster, "calculator", 0)
    assert "does not answer after 0 s: the operator has not taken it up yet" in caught.value.message
    assert "what ran before goes on" in caught.value.details


@pytest.mark.parametrize(
    "change",
    [
        {"replicas": 3},
        {"podAnnotations": {"dev.spinlab.values": "2"}},
        {"variables": [{"name": "greeting", "value": "hello"}]},
    ],
)
def test_a_change_that_the_operator_has_not_taken_up_is_waited_for(cluster: Cluster, change: Resource) -> None:
    create(cluster, {**APP, "spec": {**APP["spec"], **change}})
    create(cluster, deployment(APP))
    with pytest.raises(DeployError, match="the operator has not taken it up yet"):
        wait(cluster, "calculator", 0)


def test_what_never_starts_is_told_at_once(cluster: Cluster) -> None:
    create(cluster, APP)
    create(cluster, deployment(APP, ready=0))
    create(cluster, pod(APP, **waiting(APP, "ImagePullBackOff", "not found")))
    with pytest.raises(DeployError) as caught:
        wait(cluster, "calculator", LONG)
    assert "calculator does not start" in caught.value.message
    assert "the registry has no such image" in caught.value.message
    assert "was it pushed there?" in caught.value.hint


def test_what_may_still_start_is_told_when_the_time_is_over(cluster: Cluster) -> None:
    message = "0/1 nodes are available: 1 Insufficient memory."
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
    create(cluster, APP)
    create(cluster, deployment(APP, ready=0))
    create(cluster, pod(APP, limits={"memory": "64Gi"}, conditions=[condition]))
    told: list[str] = []
    with pytest.raises(DeployError) as caught:
        wait(cluster, "calculator", 0.6, lambda what, _done=None: told.append(what))
    assert "no node has 64Gi of memory free" in caught.value.message
    assert "no node has 64Gi of memory free" in told[0]


def test_no_pod_is_enough_where_none_is_wanted(cluster: Cluster) -> None:
    app = spin_app(enableAutoscaling=True)
    del app["spec"]["replicas"]
    create(cluster, app)
    create(cluster, deployment(app, ready=0, replicas=0))
    assert wait(cluster, "calculator", 0).wanted == 0
