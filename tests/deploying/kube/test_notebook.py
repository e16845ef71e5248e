"""A cluster from a notebook: a real kernel, a real registry, a real API server without nodes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from spinlab.deploying.kube.cluster import Cluster
from spinlab.export.kube.resources import API
from tests.deploying.kube.objects import create, deployment
from tests.magics.conftest import Kernel
from tests.magics.teapots import register
from tests.servers.registry import registry


@pytest.fixture
def notebook(cluster: Cluster, tmp_path: Path) -> Iterator[Kernel]:
    """A kernel whose kubeconfig leads to the namespace of the test."""
    kernel = Kernel(
        {
            "JPY_SESSION_NAME": str(tmp_path / "page.ipynb"),
            "XDG_CONFIG_HOME": str(tmp_path / "config"),
            "DOCKER_CONFIG": str(tmp_path / "docker"),
        }
    )
    try:
        kernel.run(f"%load_ext spinlab\n%cd {tmp_path}\n%spin app calculator").ok()
        yield kernel
    finally:
        kernel.close()


def test_an_app_goes_from_the_notebook_to_a_cluster_and_away_again(
    notebook: Kernel, cluster: Cluster, tmp_path: Path
) -> None:
    register(notebook)
    with registry(tmp_path / "registry") as port:
        line = f"%spin deploy --to kube --registry 127.0.0.1:{port}/team/calculator:1.0 --insecure-registry"
        assert "nothing was changed or sent" in notebook.run(f"{line} --dry-run").ok().text
        assert cluster.get(API, "SpinApp", "calculator") is None
        assert "sent to namespace" in notebook.run(f"{line} --no-wait").ok().text
        app = cluster.get(API, "SpinApp", "calculator")
        assert app is not None
        create(cluster, deployment(app))
        ran = notebook.run(f"{line} --replicas 2").ok()
        assert "calculator runs on the cluster" in ran.text
        assert "no change: SpinApp calculator" in ran.text
        changed = notebook.run(f"{line} --replicas 3 --no-wait").ok()
        assert "-  replicas: 2" in changed.text
        assert "+  replicas: 3" in changed.text
    assert "2 of 2 answer" in notebook.run("%spin deploy status --to kube").ok().text
    assert "deleted from" in notebook.run("%spin deploy delete --to kube --yes").ok().text
    assert cluster.get(API, "SpinApp", "calculator") is None


def test_the_notebook_s_requests_go_to_the_cluster(notebook: Kernel, cluster: Cluster, behind: None) -> None:
    register(notebook)
    assert "/add/1/2?x=1" in notebook.run("%spin get --at kube /add/1/2?x=1").ok().text
    ran = notebook.run("%spin get --at kube:other /add/1/2").error("CallError")
    assert "has no Service 'other'" in ran.traceback


def test_the_doctor_says_in_the_notebook_what_is_missing(notebook: Kernel, cluster: Cluster) -> None:
    ran = notebook.run("%spin kube doctor --keda").ok()
    assert "missing  cert-manager" in ran.text
    assert "helm --kube-context test install spin-operator" in ran.text
    assert "kedacore" in ran.html
    assert "takes no --replicas" in notebook.run("%spin kube doctor --replicas 2").error("OptionError").traceback
    ran = notebook.run("%spin kube scaffold -f a.example/b:1 --keda").error("OptionError")
    assert "%spin kube scaffold takes no --keda" in ran.traceback
    ran = notebook.run("%spin kube doctor --context tset").error("DeployError")
    assert "did you mean test?" in ran.traceback
