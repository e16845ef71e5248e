"""One API server for the tests of a process, and for each test a namespace and a kubeconfig of its own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
import yaml

from spinlab.deploying.kube.cluster import Cluster
from spinlab.deploying.kube.contexts import connect
from spinlab.export.kube.resources import API
from tests.deploying.kube.objects import create, executor
from tests.deploying.kube.service import served
from tests.servers import PATIENCE
from tests.servers.kube import CRDS, ApiServer, api_server

_NUMBERS = count(1)


@pytest.fixture(scope="session")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """A cluster without nodes, with the resources of SpinKube."""
    with api_server(tmp_path_factory.mktemp("kube")) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("KUBECONFIG", str(server.kubeconfig(server.authority.with_name("kubeconfig"))))
        with connect() as cluster:
            for file in CRDS.glob("*.yaml"):
                cluster.apply(yaml.safe_load(file.read_text()))
            until = time.monotonic() + PATIENCE
            while not (cluster.serves(API, "SpinApp") and cluster.serves(API, "SpinAppExecutor")):
                assert time.monotonic() < until
                time.sleep(0.1)
                cluster.forget()
        yield server


@pytest.fixture
def namespace(api: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A namespace that is the context's, with an executor."""
    name = f"test-{next(_NUMBERS)}"
    monkeypatch.setenv("KUBECONFIG", str(api.kubeconfig(tmp_path / "kubeconfig", namespace=name)))
    with connect() as cluster:
        create(cluster, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        create(cluster, {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}})
        create(cluster, executor())
    return name


@pytest.fixture
def cluster(namespace: str) -> Iterator[Cluster]:
    with connect() as made:
        yield made


@pytest.fixture
def behind(cluster: Cluster) -> Iterator[None]:
    """A Service whose pod's address is a server of this test."""
    with served(cluster):
        yield
