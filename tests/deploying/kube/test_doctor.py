"""What a cluster lacks: a bare one, and one where things were added, each a real API server."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from spinlab.cli import main
from spinlab.deploying.destination import Asked
from spinlab.deploying.kube.cluster import Cluster
from spinlab.deploying.kube.contexts import connect
from spinlab.deploying.kube.doctor import Finding, examine
from spinlab.deploying.kube.place import Kube
from spinlab.deploying.kube.standing import shim_of
from spinlab.errors import DeployError
from spinlab.export.kube.resources import Resource
from tests.deploying.kube.objects import create, deployment, spin_app
from tests.servers import PATIENCE
from tests.servers.kube import VISITOR, ApiServer, api_server

SHIMS = "runtime.spinkube.dev/v1alpha1"


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """A cluster with nothing on it."""
    with api_server(tmp_path_factory.mktemp("bare")) as server:
        yield server


@pytest.fixture
def at_bare(bare: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(bare.kubeconfig(tmp_path / "bare")))


def by_name(found: tuple[Finding, ...]) -> dict[str, Finding]:
    return {one.what: one for one in found}


def runtime_class(**more: object) -> Resource:
    return {
        "apiVersion": "node.k8s.io/v1",
        "kind": "RuntimeClass",
        "metadata": {"name": "wasmtime-spin-v2"},
        "handler": "spin",
        **more,
    }


def test_a_bare_cluster_is_told_all_that_is_missing_and_the_commands(at_bare: None) -> None:
    done = CliRunner().invoke(main, ["kube", "doctor", "--keda", "--gateway-api"])
    assert done.exit_code == 1, done.output
    missing = [line for line in done.output.splitlines() if line.startswith("missing")]
    for what in (
        *("cert-manager", "SpinKube's resources", "spin-operator", "shim for containerd", "RuntimeClass"),
        *("SpinAppExecutor containerd-shim-spin in namespace default", "KEDA:", "KEDA's HTTP add-on", "Gateway API"),
    ):
        assert any(what in line for line in missing), what
    for command in (
        "kubectl --context test apply -f https://github.com/cert-manager/",
        "spin-operator.crds.yaml",
        "helm --kube-context test install spin-operator",
        "runtime-class-manager-shim-v1alpha1",
        "spin-operator.runtime-class.yaml",
        "kubectl --context test -n default apply -f https://github.com/spinframework/spin-operator/",
    ):
        assert command in done.output, command


def test_each_command_can_be_given_to_a_shell(at_bare: None) -> None:
    with connect() as cluster:
        commands = [line for one in examine(cluster, keda=True, gateway=True) for line in one.commands]
    assert commands
    for command in commands:
        words = shlex.split(command, comments=True)
        assert not words or words[0] in ("kubectl", "helm"), command


def test_the_doctor_installs_nothing(at_bare: None) -> None:
    with connect() as cluster:
        examine(cluster, keda=True, gateway=True)
        cluster.forget()
        assert cluster.list("v1", "Namespace")
        assert not cluster.list("node.k8s.io/v1", "RuntimeClass")
        assert not cluster.serves("core.spinkube.dev/v1alpha1", "SpinApp")


def test_a_deployment_to_a_bare_cluster_leads_to_the_doctor(at_bare: None, tmp_path: Path) -> None:
    with pytest.raises(DeployError) as caught:
        Kube(Asked("calculator", tmp_path)).status()
    assert caught.value.message == "the cluster knows no SpinApp: SpinKube is not installed there"
    assert "spinlab kube doctor" in caught.value.hint


def test_what_is_there_is_found(cluster: Cluster) -> None:
    found = by_name(examine(cluster))
    assert found["SpinKube's resources"].state == "ok"
    assert found[f"SpinAppExecutor containerd-shim-spin in namespace {cluster.namespace}"].state == "ok"
    assert found["namespace"].found == cluster.namespace
    wanted = by_name(examine(cluster, executor="spintainer"))[
        f"SpinAppExecutor spintainer in namespace {cluster.namespace}"
    ]
    assert wanted.state == "missing"
    assert "there are: containerd-shim-spin (--executor)" in wanted.found


def test_an_operator_without_a_pod_is_not_one_that_runs(cluster: Cluster) -> None:
    made = deployment(spin_app("spin-operator"), ready=0)
    made["metadata"]["labels"] = {"app.kubernetes.io/name": "spin-operator"}
    create(cluster, made)
    try:
        one = by_name(examine(cluster))["spin-operator"]
        assert one.state == "missing"
        assert "has no pod that is ready" in one.found
        create(cluster, {**made, "status": {**made["status"], "readyReplicas": 1}})
        assert by_name(examine(cluster))["spin-operator"].state == "ok"
    finally:
        assert cluster.delete(made)  # it is looked for in all namespaces


def test_a_runtime_class_needs_a_node_with_its_label(cluster: Cluster) -> None:
    made = runtime_class(scheduling={"nodeSelector": {"spin": "true"}})
    create(cluster, made)
    try:
        found = by_name(examine(cluster))
        assert found["RuntimeClass"].found == "wasmtime-spin-v2, handler spin"
        assert found["nodes"].state == "missing", "there is no node here, and none is pretended"
        assert found["shim"].state == "note"
    finally:
        assert cluster.delete(made)


def test_a_shim_of_runtime_class_manager_is_found_with_its_release(cluster: Cluster, tmp_path: Path) -> None:
    install_shims(cluster)
    place = "https://example.com/containerd-shim-spin/releases/download/v0.26.0/shim.tar.gz"
    strategy = {"platforms": [{"os": "linux", "arch": "amd64", "location": place}]}
    shim = {"apiVersion": SHIMS, "kind": "Shim", "metadata": {"name": "spin"}, "spec": {"fetchStrategy": strategy}}
    create(cluster, shim)
    try:
        found = by_name(examine(cluster))["shim, by runtime-class-manager"]
        assert (found.state, found.found) == ("ok", "spin v0.26.0")
        assert shim_of(cluster) == "0.26.0"
    finally:
        assert cluster.delete(shim)
    assert shim_of(cluster) == ""


def install_shims(cluster: Cluster) -> None:
    """A kind called Shim with any fields: that of runtime-class-manager is not at hand."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1alpha1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"kind": "Shim", "plural": "shims", "singular": "shim", "listKind": "ShimList"}
    create(
        cluster,
        {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": "shims.runtime.spinkube.dev"},
            "spec": {"group": "runtime.spinkube.dev", "names": names, "scope": "Cluster", "versions": [version]},
        },
    )
    until = time.monotonic() + PATIENCE
    while not cluster.serves(SHIMS, "Shim"):
        assert time.monotonic() < until
        time.sleep(0.1)


def test_a_login_that_sees_little_is_told_what_it_can_t_see(
    api: ApiServer, namespace: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = api.kubeconfig(tmp_path / "visitor", token=VISITOR, namespace=namespace)
    monkeypatch.setenv("KUBECONFIG", str(path))
    done = CliRunner().invoke(main, ["kube", "doctor"])
    assert done.exit_code == 1
    assert "must not" in done.output
    assert "Traceback" not in done.output


def test_the_terminal_tells_an_unknown_context_plainly(at_bare: None) -> None:
    done = CliRunner().invoke(main, ["kube", "doctor", "--context", "tset"])
    assert done.exit_code == 1
    assert "there is no context 'tset'\ndid you mean test?" in done.output
