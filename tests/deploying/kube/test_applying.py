"""Plan and apply, against a real API server."""

from __future__ import annotations

from base64 import b64encode

import pytest

from spinlab.deploying.kube.applying import INSTANCE, OWN, Change, apply, is_ours, ours, owned, plan
from spinlab.deploying.kube.cluster import MANAGER, Cluster
from spinlab.errors import DeployError
from spinlab.export.kube.resources import API, Resource
from tests.deploying.kube.objects import create, executor, spin_app

NAME = "calculator"


def secret(**values: str) -> Resource:
    data = {name: b64encode(value.encode()).decode() for name, value in values.items()}
    about = {"name": f"{NAME}-variables"}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": about, "type": "Opaque", "data": data}


def put(cluster: Cluster, *resources: Resource, force: bool = False) -> dict[str, Change]:
    wanted = owned(resources, NAME)
    changes = plan(cluster, wanted, NAME, force=force)
    apply(cluster, changes, force=force)
    return {change.title: change for change in changes}


def kept(cluster: Cluster, kind: str = "SpinApp", name: str = NAME, api: str = API) -> Resource:
    found = cluster.get(api, kind, name)
    assert found is not None
    return found


def test_a_new_app_is_accepted_and_its_fields_are_ours(cluster: Cluster) -> None:
    changes = put(cluster, spin_app(), secret(token="hunter2"))
    assert {change.what for change in changes.values()} == {"new"}
    app = kept(cluster)
    assert app["spec"]["image"] == spin_app()["spec"]["image"]
    assert app["metadata"]["labels"] == {OWN: MANAGER, INSTANCE: NAME}
    assert [(one["manager"], one["operation"]) for one in app["metadata"]["managedFields"]] == [(MANAGER, "Apply")]


def test_what_a_spin_app_refers_to_is_applied_before_it() -> None:
    listed = owned([spin_app(), secret(a="1"), executor("spintainer")], NAME)
    assert [one["kind"] for one in listed] == ["Secret", "SpinAppExecutor", "SpinApp"]


def test_a_plan_changes_nothing(cluster: Cluster) -> None:
    changes = plan(cluster, owned([spin_app(), secret(token="hunter2")], NAME), NAME)
    assert [change.what for change in changes] == ["new", "new"]
    assert cluster.get(API, "SpinApp", NAME) is None
    assert cluster.get("v1", "Secret", f"{NAME}-variables") is None


def test_the_diff_shows_what_is_new_and_no_secret(cluster: Cluster) -> None:
    app, hidden = plan(cluster, owned([spin_app(), secret(token="hunter2")], NAME), NAME)[::-1]
    assert "+  image: registry.example.com/team/calculator@sha256:" in app.diff.replace('"', "")
    assert "token: hidden" in hidden.diff
    assert "hunter2" not in hidden.diff + repr(hidden)
    assert b64encode(b"hunter2").decode() not in hidden.diff + repr(hidden)


def test_the_same_again_is_no_change(cluster: Cluster) -> None:
    put(cluster, spin_app(), secret(token="hunter2"))
    before = kept(cluster)
    changes = put(cluster, spin_app(), secret(token="hunter2"))
    assert {change.what for change in changes.values()} == {"same"}
    assert not any(change.diff for change in changes.values())
    assert kept(cluster)["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]


def test_a_change_is_shown_line_by_line(cluster: Cluster) -> None:
    put(cluster, spin_app(), secret(token="hunter2", other="same"))
    changes = put(cluster, spin_app(replicas=3), secret(token="tr0ub4dor", other="same"))
    app, hidden = changes[f"SpinApp {NAME}"], changes[f"Secret {NAME}-variables"]
    assert app.what == "changed"
    assert [line for line in app.diff.splitlines()[3:] if line[0] in "+-"] == ["-  replicas: 2", "+  replicas: 3"]
    assert [line.strip() for line in hidden.diff.splitlines()[3:] if line[0] in "+-"] == [
        "-  token: hidden",
        '+  token: "hidden (another value)"',
    ]
    assert kept(cluster)["spec"]["replicas"] == 3


def test_a_field_that_is_left_out_is_taken_back(cluster: Cluster) -> None:
    put(cluster, spin_app(serviceAccountName="robot"))
    assert kept(cluster)["spec"]["serviceAccountName"] == "robot"
    put(cluster, spin_app())
    assert "serviceAccountName" not in kept(cluster)["spec"]


def test_what_somebody_else_changed_is_named_with_its_owner_and_stays(cluster: Cluster) -> None:
    put(cluster, spin_app())
    create(cluster, spin_app(replicas=5), manager="kubectl-edit")
    with pytest.raises(DeployError) as caught:
        put(cluster, spin_app(replicas=3), secret(token="hunter2"))
    error = caught.value
    assert (
        error.message == "somebody else changed what would be changed: "
        "SpinApp calculator: .spec.replicas belongs to 'kubectl-edit'"
    )
    assert "--force-conflicts" in error.hint
    assert kept(cluster)["spec"]["replicas"] == 5
    assert cluster.get("v1", "Secret", f"{NAME}-variables") is None, "nothing is applied when something can't be"


def test_all_conflicts_are_named_at_once(cluster: Cluster) -> None:
    put(cluster, spin_app())
    create(cluster, spin_app(replicas=5, image="registry.example.com/other:1"), manager="argocd")
    with pytest.raises(DeployError) as caught:
        put(cluster, spin_app(replicas=3))
    said = caught.value.message + caught.value.details
    assert ".spec.replicas belongs to 'argocd'" in said
    assert ".spec.image belongs to 'argocd'" in said


def test_forced_it_takes_them_over(cluster: Cluster) -> None:
    put(cluster, spin_app())
    create(cluster, spin_app(replicas=5), manager="kubectl-edit")
    put(cluster, spin_app(replicas=3), force=True)
    assert kept(cluster)["spec"]["replicas"] == 3
    assert put(cluster, spin_app(replicas=4))[f"SpinApp {NAME}"].what == "changed"


def test_what_others_set_beside_ours_stays(cluster: Cluster) -> None:
    put(cluster, spin_app())
    more = spin_app(serviceAccountName="robot")
    create(cluster, more, manager="kubectl-edit")
    put(cluster, spin_app(replicas=3))
    assert kept(cluster)["spec"]["serviceAccountName"] == "robot"


def test_what_is_no_longer_wanted_goes_when_it_is_ours(cluster: Cluster) -> None:
    put(cluster, spin_app(), secret(token="hunter2"))
    changes = put(cluster, spin_app())
    assert changes[f"Secret {NAME}-variables"].what == "gone"
    assert "-  token: hidden" in changes[f"Secret {NAME}-variables"].diff
    assert cluster.get("v1", "Secret", f"{NAME}-variables") is None


def test_nobody_else_s_resources_go(cluster: Cluster) -> None:
    labels = {OWN: MANAGER, INSTANCE: NAME}
    theirs = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "copied", "labels": labels}, "data": {}}
    create(cluster, theirs)
    create(cluster, {**secret(token="x"), "metadata": {"name": "unlabelled"}})
    other = owned([spin_app("other"), {**secret(a="b"), "metadata": {"name": "other-variables"}}], "other")
    apply(cluster, plan(cluster, other, "other"))
    put(cluster, spin_app())
    assert [(one["kind"], one["metadata"]["name"]) for one in ours(cluster, NAME)] == [("SpinApp", NAME)]
    put(cluster, spin_app(replicas=3))
    for kind, name in (("ConfigMap", "copied"), ("Secret", "unlabelled"), ("Secret", "other-variables")):
        assert cluster.get("v1", kind, name) is not None, name
    assert not is_ours(theirs)


def test_an_executor_that_came_along_stays_for_others(cluster: Cluster) -> None:
    put(cluster, executor("spintainer"), spin_app(executor="spintainer"))
    changes = put(cluster, spin_app())
    assert [change.title for change in changes.values() if change.what == "gone"] == []
    assert kept(cluster, "SpinAppExecutor", "spintainer")


def test_what_the_server_refuses_says_which_resource(cluster: Cluster) -> None:
    wrong = spin_app()
    del wrong["spec"]["executor"]
    with pytest.raises(DeployError) as caught:
        put(cluster, wrong)
    assert caught.value.message.startswith("SpinApp calculator: the cluster refuses")
    assert "spec.executor: Required value" in caught.value.message


def test_a_kind_that_the_cluster_does_not_know_says_what_is_not_installed(cluster: Cluster) -> None:
    scaled = {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": {"name": "x"}, "spec": {}}
    with pytest.raises(DeployError) as caught:
        put(cluster, spin_app(), scaled)
    assert caught.value.message == "the cluster knows no ScaledObject: KEDA is not installed there"
    assert cluster.get(API, "SpinApp", NAME) is None


def test_a_resource_that_was_made_again_by_others_is_not_deleted(cluster: Cluster) -> None:
    put(cluster, spin_app())
    found = kept(cluster)
    stale = {**found, "metadata": {**found["metadata"], "uid": "00000000-0000-0000-0000-000000000000"}}
    with pytest.raises(DeployError):
        cluster.delete(stale)
    assert kept(cluster)
    assert cluster.delete(found)
    assert not cluster.delete(found)
