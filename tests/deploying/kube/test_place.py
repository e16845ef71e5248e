"""A cluster as a destination: a real registry and a real API server.

What the operator and nodes would write is written by the test; nothing here is run by a node.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from spinlab import App
from spinlab.cli import main
from spinlab.deploying import deploying, release, telling
from spinlab.deploying.destination import Asked, Deployed
from spinlab.deploying.kube.cluster import Cluster
from spinlab.deploying.kube.place import Kube
from spinlab.errors import DeployError, ExportError, RegistryError
from spinlab.export import project
from spinlab.export.kube.resources import API, Resource
from spinlab.oci import digest_of, opened
from tests.conftest import wat
from tests.deploying.kube.objects import create, deployment, pod, spin_app, waiting
from tests.servers.kube import VISITOR, ApiServer
from tests.servers.registry import registry


@pytest.fixture(scope="module")
def registry_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with registry(tmp_path_factory.mktemp("registry")) as port:
        yield port


@pytest.fixture
def reference(registry_port: int, namespace: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where the app of this test goes: a repository of its own."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    return f"127.0.0.1:{registry_port}/{namespace}/calculator:1.0"


@pytest.fixture
def calculator(app: App) -> App:
    app.add(wat())
    return app


def place(folder: Path, name: str = "calculator", **options: Any) -> Kube:
    found = deploying.destination("kube", name, folder, options=options)
    assert isinstance(found, Kube)
    return found


def operator(cluster: Cluster, told: list[str] | None = None) -> Callable[..., None]:
    """Writes the Deployment of a SpinApp as soon as somebody waits for it, as the operator and nodes would."""

    def progress(what: str, _done: float | None = None) -> None:
        if told is not None:
            told.append(what)
        if "the operator has not taken it up yet" in what:
            app = kept(cluster, what.partition(":")[0])
            create(cluster, deployment(app, ready=int(app["spec"]["replicas"]), replicas=int(app["spec"]["replicas"])))

    return progress


def put(app: App, where: Kube, cluster: Cluster, values: dict[str, str] | None = None, **options: Any) -> Deployed:
    with release.of_app(app, values) as made:
        return deploying.deploy(made, where, progress=operator(cluster), **options)


def kept(cluster: Cluster, name: str = "calculator", kind: str = "SpinApp", api: str = API) -> Resource:
    found = cluster.get(api, kind, name)
    assert found is not None
    return found


def pushed(reference: str) -> bool:
    store = opened(reference, insecure=True)
    try:
        return bool(store.manifest())
    except RegistryError:
        return False
    finally:
        store.close()


def test_an_app_is_pushed_and_the_cluster_gets_its_digest(
    calculator: App, cluster: Cluster, reference: str, tmp_path: Path
) -> None:
    where = place(tmp_path, registry=reference, insecure_registry=True, replicas=1)
    made = put(calculator, where, cluster)
    spec = kept(cluster)["spec"]
    store = opened(reference, insecure=True)
    digest = digest_of(store.manifest())
    store.close()
    assert spec["image"] == f"{reference.rpartition(':')[0]}@{digest}"
    assert spec["replicas"] == 1
    said = "\n".join(telling.deployed("calculator", where.title, made))
    assert said.startswith("calculator runs on the cluster")
    assert "layers" in said
    assert "made SpinApp calculator" in said
    assert "1 of 1 pods answer" in said
    assert f"kubectl --context test -n {cluster.namespace} port-forward svc/calculator 8080:80" in said


def test_the_same_again_moves_and_changes_nothing(
    calculator: App, cluster: Cluster, reference: str, tmp_path: Path
) -> None:
    where = place(tmp_path, registry=reference, insecure_registry=True)
    put(calculator, where, cluster)
    before = kept(cluster)["metadata"]["resourceVersion"]
    made = put(calculator, where, cluster)
    assert "no change: SpinApp calculator" in made.lines
    assert "nothing changed" in made.lines
    assert any("layers were there" in line for line in made.lines)
    assert kept(cluster)["metadata"]["resourceVersion"] == before


def test_a_dry_run_shows_the_diff_and_neither_pushes_nor_changes(
    calculator: App, cluster: Cluster, reference: str, tmp_path: Path
) -> None:
    where = place(tmp_path, registry=reference, insecure_registry=True, dry_run=True)
    made = put(calculator, where, cluster)
    first, *lines = telling.deployed("calculator", where.title, made)
    assert first.startswith("calculator: nothing was changed or sent (--dry-run)")
    assert "runs on" not in first
    assert any(line.strip().startswith("+") and "executor: containerd-shim-spin" in line for line in lines)
    assert cluster.get(API, "SpinApp", "calculator") is None
    assert not pushed(reference)


def test_the_diff_is_told_before_anything_is_sent(
    calculator: App, cluster: Cluster, reference: str, tmp_path: Path
) -> None:
    where = place(tmp_path, registry=reference, insecure_registry=True)
    told: list[tuple[str, bool]] = []
    where.tell = lambda line: told.append((line, pushed(reference)))
    made = put(calculator, where, cluster)
    assert ("+kind: SpinApp", False) in told
    assert not any(sent for _, sent in told)
    assert "+kind: SpinApp" not in made.lines


def test_status_tells_what_runs(calculator: App, cluster: Cluster, reference: str, tmp_path: Path) -> None:
    where = place(tmp_path, registry=reference, insecure_registry=True)
    assert where.status().state == "absent"
    put(calculator, where, cluster)
    found = where.status()
    assert (found.state, found.version) == ("running", "0.1.0")
    assert found.digest.startswith("sha256:")
    assert found.since is not None
    assert dict(found.more)["pods"] == "2 of 2 answer"
    assert dict(found.more)["namespace"] == cluster.namespace


def test_status_tells_why_it_does_not_run(cluster: Cluster, tmp_path: Path) -> None:
    app = spin_app()
    create(cluster, app)
    create(cluster, deployment(app, ready=0))
    create(cluster, pod(app, **waiting(app, "ImagePullBackOff", "401 Unauthorized")))
    found = place(tmp_path).status()
    assert found.state == "failing"
    assert "the registry wants a login" in found.reasons[0]
    assert "--image-pull-secret" in found.reasons[0]


def test_secret_variables_go_into_a_secret_before_the_spin_app(
    calculator: App, cluster: Cluster, reference: str, tmp_path: Path
) -> None:
    calculator.add(wat("other", "/other", variables={"token": "{{ token }}", "greeting": "{{ greeting }}"}))
    calculator.services.variables.secrets.learn("token", "hunter2-and-more")
    where = place(tmp_path, registry=reference, insecure_registry=True)
    with release.of_app(calculator, {"token": "hunter2-and-more", "greeting": "true"}) as made:
        done = deploying.deploy(replace(made, secret=frozenset({"token"})), where, progress=operator(cluster))
    variables = {one["name"]: one for one in kept(cluster)["spec"]["variables"]}
    assert variables["greeting"]["value"] == "true"
    assert variables["token"]["valueFrom"] == {"secretKeyRef": {"name": "calculator-variables", "key": "token"}}
    assert kept(cluster, "calculator-variables", "Secret", "v1")["data"]
    assert "hunter2-and-more" not in "\n".join(done.lines) + str(kept(cluster))


def test_a_secret_with_another_value_makes_new_pods(
    calculator: App, cluster: Cluster, reference: str, tmp_path: Path
) -> None:
    calculator.add(wat("other", "/other", variables={"token": "{{ token }}"}))
    where = place(tmp_path, registry=reference, insecure_registry=True, config_map=True)

    def stamp(value: str) -> str:
        put(calculator, where, cluster, {"token": value})
        return str(kept(cluster)["spec"]["podAnnotations"]["dev.spinlab.values"])

    first = stamp("one")
    assert stamp("one") == first
    assert stamp("two") != first


def test_without_a_registry_it_asks_for_one(calculator: App, cluster: Cluster, tmp_path: Path) -> None:
    with pytest.raises(DeployError) as caught:
        put(calculator, place(tmp_path), cluster)
    assert "which one?" in caught.value.message
    assert "--registry" in caught.value.hint
    with pytest.raises(DeployError, match="exclude each other"):
        put(calculator, place(tmp_path, **{"registry": "a.example/b:1", "from": "a.example/b:1"}), cluster)
    with pytest.raises(DeployError, match="a cluster can't take an app from oci:here"):
        put(calculator, place(tmp_path, registry="oci:here"), cluster)


def test_what_is_in_a_registry_is_taken_as_it_is(
    calculator: App, cluster: Cluster, reference: str, tmp_path: Path
) -> None:
    put(calculator, place(tmp_path, registry=reference, insecure_registry=True), cluster)
    image = kept(cluster)["spec"]["image"]
    made = put(calculator, place(tmp_path, "again", **{"from": reference, "insecure_registry": True}), cluster)
    assert kept(cluster, "again")["spec"]["image"] == image
    assert f"taken from {reference}" in made.lines
    put(calculator, place(tmp_path, "pinned", **{"from": image}), cluster)
    assert kept(cluster, "pinned")["spec"]["image"] == image


def test_what_can_t_run_on_the_shim_is_refused_unless_forced(
    calculator: App, cluster: Cluster, reference: str, tmp_path: Path
) -> None:
    where = place(tmp_path, registry=reference, insecure_registry=True)
    with release.of_app(calculator) as made:
        timed = replace(made, asks=replace(made.asks, triggers=frozenset({"http", "cron"})))
        with pytest.raises(DeployError) as caught:
            deploying.deploy(timed, where, progress=operator(cluster))
        assert "does not run on the cluster: nothing there starts components by the trigger cron" in str(caught.value)
        assert not pushed(reference)
        done = deploying.deploy(timed, where, force=True, progress=operator(cluster))
    assert any(remark.startswith("forced:") for remark in done.remarks)


def test_the_shim_of_the_nodes_can_be_named(calculator: App, tmp_path: Path) -> None:
    with release.of_app(calculator) as made:
        newer = replace(made, asks=replace(made.asks, least=((4, 1), "the test says so")))
        assert place(tmp_path).reasons(newer)
        assert not place(tmp_path, shim="v0.26.0").reasons(newer)
        assert not place(tmp_path, spin_image="registry.example.com/spin:4.1").reasons(newer)


def test_a_namespace_without_the_executor_is_told_before_anything_is_pushed(
    calculator: App, cluster: Cluster, reference: str, tmp_path: Path
) -> None:
    where = place(tmp_path, registry=reference, insecure_registry=True, executor="other")
    with pytest.raises(ExportError) as caught:
        put(calculator, where, cluster)
    assert "there is no SpinAppExecutor 'other'" in caught.value.message
    assert "there are: containerd-shim-spin" in caught.value.hint
    assert not pushed(reference)


def test_an_app_changed_by_someone_else_is_left_alone(
    calculator: App, cluster: Cluster, reference: str, tmp_path: Path
) -> None:
    where = place(tmp_path, registry=reference, insecure_registry=True)
    put(calculator, where, cluster)
    image = kept(cluster)["spec"]["image"]
    create(cluster, spin_app(image=image, replicas=7), manager="kubectl-edit")
    with pytest.raises(DeployError) as caught:
        put(calculator, where, cluster)
    assert ".spec.replicas belongs to 'kubectl-edit'" in caught.value.message
    assert kept(cluster)["spec"]["replicas"] == 7
    put(calculator, place(tmp_path, registry=reference, insecure_registry=True, force_conflicts=True), cluster)
    assert kept(cluster)["spec"]["replicas"] == 2


@pytest.mark.parametrize("name", ["1calculator", "Calculator", "my.app", "a" * 64])
def test_a_name_that_is_no_dns_label_is_refused_with_one_that_is(
    calculator: App, cluster: Cluster, reference: str, tmp_path: Path, name: str
) -> None:
    with pytest.raises(ExportError) as caught:
        put(calculator, Kube(Asked(name, tmp_path, options={"registry": reference})), cluster)
    assert f"{name!r} can't be the name of the app in a cluster" in caught.value.message
    assert caught.value.hint.startswith("--name ")
    assert not pushed(reference)


def test_a_domain_is_its_address(calculator: App, cluster: Cluster, reference: str, tmp_path: Path) -> None:
    options: dict[str, Any] = {"registry": reference, "insecure_registry": True, "host": ["calc.example.com"]}
    made = put(calculator, place(tmp_path, **options), cluster)
    assert made.url == "https://calc.example.com"
    assert place(tmp_path).url() == "https://calc.example.com"
    made = put(calculator, place(tmp_path, **options, no_tls=True), cluster)
    assert made.url == "http://calc.example.com"
    put(calculator, place(tmp_path, registry=reference, insecure_registry=True), cluster)
    assert cluster.get("networking.k8s.io/v1", "Ingress", "calculator") is None
    with pytest.raises(DeployError) as caught:
        place(tmp_path).url()
    assert "has no domain" in caught.value.message
    assert "%spin get --at kube" in caught.value.hint


def test_delete_takes_away_what_is_ours_and_nothing_else(
    calculator: App, cluster: Cluster, reference: str, tmp_path: Path
) -> None:
    options: dict[str, Any] = {"registry": reference, "insecure_registry": True, "host": ["calc.example.com"]}
    put(calculator, place(tmp_path, **options), cluster)
    put(calculator, place(tmp_path, "other", registry=reference, insecure_registry=True), cluster)
    done = place(tmp_path).delete()
    assert "SpinApp calculator, Ingress calculator" in done
    assert place(tmp_path).status().state == "absent"
    assert place(tmp_path, "other").status().state == "running"
    with pytest.raises(DeployError) as caught:
        place(tmp_path).delete()
    assert "has no deployment 'calculator'" in caught.value.message
    assert caught.value.hint == "there are: other"


def test_a_login_that_may_only_what_is_needed_is_enough(
    api: ApiServer, calculator: App, cluster: Cluster, reference: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    all_of_it = ["get", "list", "create", "patch", "delete"]
    rules = [
        {"apiGroups": ["core.spinkube.dev"], "resources": ["spinapps"], "verbs": all_of_it},
        {"apiGroups": ["core.spinkube.dev"], "resources": ["spinappexecutors"], "verbs": ["list"]},
        {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get"]},
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
    ]
    group, about = "rbac.authorization.k8s.io", {"name": "deployer"}
    create(cluster, {"apiVersion": f"{group}/v1", "kind": "Role", "metadata": about, "rules": rules})
    binding = {
        "roleRef": {"apiGroup": group, "kind": "Role", "name": "deployer"},
        "subjects": [{"apiGroup": group, "kind": "User", "name": "visitor"}],
    }
    create(cluster, {"apiVersion": f"{group}/v1", "kind": "RoleBinding", "metadata": about, **binding})
    path = api.kubeconfig(tmp_path / "visitor", token=VISITOR, namespace=cluster.namespace)
    monkeypatch.setenv("KUBECONFIG", str(path))
    where = place(tmp_path, registry=reference, insecure_registry=True)
    assert put(calculator, where, cluster).running
    assert where.status().state == "running"
    assert "SpinApp calculator" in where.delete()


def test_an_app_of_somebody_else_is_not_deleted(cluster: Cluster, tmp_path: Path) -> None:
    create(cluster, spin_app(), manager="argocd")
    with pytest.raises(DeployError) as caught:
        place(tmp_path).delete()
    assert "was not made by spinlab, but by argocd" in caught.value.message
    assert "delete spinapp calculator" in caught.value.hint
    assert kept(cluster)


def test_logs_of_what_has_no_pod_say_so(calculator: App, cluster: Cluster, reference: str, tmp_path: Path) -> None:
    with pytest.raises(DeployError, match="has no deployment"):
        list(place(tmp_path).logs())
    put(calculator, place(tmp_path, registry=reference, insecure_registry=True), cluster)
    with pytest.raises(DeployError, match="calculator has no pod, and so wrote nothing"):
        list(place(tmp_path).logs())


def test_logs_of_a_pod_whose_node_is_gone_say_so(cluster: Cluster, tmp_path: Path) -> None:
    made = pod(spin_app())
    made["spec"]["nodeName"] = "ghost"
    create(cluster, spin_app())
    create(cluster, made)
    with pytest.raises(DeployError, match="ghost"):
        list(place(tmp_path).logs(last=10))
    with pytest.raises(DeployError, match="ghost"):
        list(place(tmp_path).logs(follow=True))


def test_nobody_waits_when_nobody_is_to(calculator: App, cluster: Cluster, reference: str, tmp_path: Path) -> None:
    made = put(calculator, place(tmp_path, registry=reference, insecure_registry=True, no_wait=True), cluster)
    assert not made.running
    assert place(tmp_path).status().state == "starting"


def test_a_version_that_does_not_start_is_told_and_stays_visible(
    calculator: App, cluster: Cluster, reference: str, tmp_path: Path
) -> None:
    def nodes(what: str, _done: float | None = None) -> None:
        if "taken it up" in what:
            app = kept(cluster)
            create(cluster, deployment(app, ready=0))
            create(cluster, pod(app, **waiting(app, "ImagePullBackOff", "dial tcp: connection refused")))

    where = place(tmp_path, registry=reference, insecure_registry=True)
    with pytest.raises(DeployError) as caught, release.of_app(calculator) as made:
        deploying.deploy(made, where, progress=nodes)
    assert "the node does not reach the registry" in caught.value.message
    assert "localhost is the node itself" in caught.value.hint
    assert where.status().state == "failing"


def test_the_whole_life_of_a_deployment_from_a_terminal(
    calculator: App, cluster: Cluster, reference: str, tmp_path: Path
) -> None:
    project(calculator, tmp_path / "app", name="calculator")
    where = [str(tmp_path / "app"), "--to", "kube"]

    def run(*words: str) -> str:
        done = CliRunner().invoke(main, ["deploy", *words])
        assert done.exit_code == 0, done.output
        return str(done.output)

    sent = ["--registry", reference, "--insecure-registry"]
    assert "(--dry-run)" in run(*where, *sent, "--dry-run")
    assert "(--no-wait)" in run(*where, *sent, "--no-wait")
    done = CliRunner().invoke(main, ["deploy", "status", *where])
    assert done.exit_code == 1
    assert "starting" in done.output
    create(cluster, deployment(kept(cluster)))
    assert "2 of 2 pods answer" in run(*where, *sent)
    assert "running" in run("status", *where)
    assert "deleted from namespace" in run("delete", *where, "--yes")
    assert "is not deployed" in CliRunner().invoke(main, ["deploy", "status", *where]).output
